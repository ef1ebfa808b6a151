"""Pupil Core's messages and its connection, on loopback."""

import math
import select
import socket
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.pupil_messages import LONGEST_MESSAGE, PupilParser
from GazeSAMLib.gaze.pupil_source import PATIENCE_NS, RETRY_NS, PupilSource
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

msgpack = pytest.importorskip("msgpack", reason="msgpack is not installed")
pytest.importorskip("zmq", reason="pyzmq is not installed")

from Testing.devices.lockstep import Clock  # noqa: E402
from Testing.devices.pupil_server import PupilServer, gaze_of, surface_message  # noqa: E402

TOPIC = b"surfaces.display"


def gaze(time_s: float = 12.5, topic: str = "gaze.3d.01._on_surface", **other: object) -> dict:
    return {
        "topic": topic,
        "norm_pos": [0.25, 0.75],
        "confidence": 0.9,
        "timestamp": time_s,
    } | other


def fed(*gazes: object, parser: PupilParser | None = None) -> list[GazeSample]:
    payload = msgpack.packb(surface_message([]) | {"gaze_on_surfaces": list(gazes)})
    return (parser or PupilParser()).feed([(TOPIC, payload)], 10**9)


def test_a_gaze_point_is_turned_upright() -> None:
    (sample,) = fed(gaze())
    assert sample.left == sample.right == EyeSample(DisplayPoint(0.25, 0.25), True)
    assert (sample.t_ns, sample.device_t_ns) == (10**9, 12_500_000_000)


@pytest.mark.parametrize(("eye", "seen"), [("0", "right"), ("1", "left")])
def test_a_point_of_one_eye_is_that_eyes(eye: str, seen: str) -> None:
    (sample,) = fed(gaze(topic=f"gaze.3d.{eye}._on_surface"))
    for side in ("left", "right"):
        assert getattr(sample, side).valid == (side == seen)


@pytest.mark.parametrize(
    "bad",
    [
        {"confidence": 0.5},
        {"confidence": "1"},
        {"norm_pos": [math.nan, 0.5]},
        {"norm_pos": ["", 0]},
    ],
)
def test_what_is_uncertain_is_no_gaze(bad: dict) -> None:
    (sample,) = fed(gaze(**bad))
    assert not sample.left.valid
    assert not sample.right.valid


def test_points_of_one_frame_come_in_the_order_of_time() -> None:
    samples = fed(gaze(12.52), gaze(12.50), gaze(12.51), gaze(12.51))
    assert [sample.device_t_ns for sample in samples] == [
        12_500_000_000,
        12_510_000_000,
        12_520_000_000,
    ]


def test_other_surfaces_and_topics_are_left_aside() -> None:
    parser = PupilParser("monitor")
    assert fed(gaze(), parser=parser) == []
    assert parser.surfaces == {"display"}
    assert parser.feed([(b"pupil.0.3d", b"")], 0) == []
    assert parser.rejected_count == 0


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\xc1", b"\x93\x01", msgpack.packb([1, 2]), msgpack.packb({"name": 3}),
        msgpack.packb({"name": "display", "gaze_on_surfaces": 5}), b"\x91" * 100_000,
        b"\xc6\xff\xff\xff\xff", b"\x00" * (LONGEST_MESSAGE + 1),
        msgpack.packb(surface_message([]))[:-1],
    ],
    ids=lambda payload: f"{len(payload)} bytes",
)  # fmt: skip
def test_garbage_is_left_out_and_counted(payload: bytes) -> None:
    parser = PupilParser()
    assert parser.feed([(TOPIC, payload)], 0) == []
    assert parser.rejected_count == 1
    assert len(fed(gaze(), parser=parser)) == 1


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["norm_pos", "confidence", "timestamp", "topic", "x"]), inner
        )
    ),
    max_leaves=12,
)


def check(samples: list[GazeSample]) -> None:
    times = [sample.t_ns for sample in samples]
    assert times == sorted(set(times))
    for sample in samples:
        for eye in (sample.left, sample.right):
            assert eye.valid == all(map(math.isfinite, eye.point_display))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=80), max_size=8))
def test_any_bytes_are_survived(payloads: list[bytes]) -> None:
    parser = PupilParser()
    for payload in payloads:
        check(parser.feed([(TOPIC, payload)], 0))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(VALUES, st.builds(gaze, st.floats(), st.text(max_size=20))), max_size=8))
def test_any_values_give_samples_whose_times_rise_and_valid_eyes_a_place(gazes: list) -> None:
    parser = PupilParser()
    check(fed(*gazes, parser=parser))
    assert len(fed(gaze(99999.0), parser=parser)) <= 1


def connect(source: PupilSource, server: PupilServer) -> None:
    for _ in range(300):
        source.read()
        if server.poll(0.01):
            return
    pytest.fail(f"no connection: {source.trouble}")


def until_trouble(source: PupilSource, clock: Clock) -> str:
    for _ in range(1000):
        source.read()
        if source.trouble:
            return source.trouble
        clock.now_ns += 10_000_000
        select.select([], [], [], 0.001)
    return ""


def read(source: PupilSource) -> list[GazeSample]:
    for _ in range(500):
        samples = source.read()
        if samples:
            return samples
        select.select([], [], [], 0.002)
    return []


EYE = EyeSample(DisplayPoint(0.3, 0.6), True)
SAMPLE = GazeSample(0, EYE, EYE, device_t_ns=5 * 10**9)


def test_gaze_comes_over_loopback() -> None:
    with PupilServer() as server:
        source = PupilSource(port=server.port, clock_ns=Clock(7))
        source.start()
        connect(source, server)
        server.send(SAMPLE)
        (sample,) = read(source)
        assert sample.t_ns == 7
        assert tuple(sample.left.point_display) == pytest.approx((0.3, 0.6))
        source.stop()
        assert source.read() == []


@pytest.mark.parametrize("rate_hz", [60, 250, 1200])
def test_no_sample_is_lost_while_nobody_reads(rate_hz: int) -> None:
    """Half a second that waits in the queue; a frame of the scene camera brings several."""
    with PupilServer() as server:
        source = PupilSource(port=server.port, clock_ns=Clock(7))
        source.start()
        connect(source, server)
        sent = [replace(SAMPLE, device_t_ns=10**9 * i // rate_hz) for i in range(rate_hz // 2)]
        for first in range(0, len(sent), 4):
            server.send_message(surface_message([gaze_of(s) for s in sent[first : first + 4]]))
        got = read(source)
        while len(got) < len(sent):
            more = read(source)
            assert more
            got += more
        assert [one.device_t_ns for one in got] == pytest.approx(
            [one.device_t_ns for one in sent], abs=1000
        )
        source.stop()


def test_no_pupil_capture_is_told_and_found_once_there() -> None:
    with PupilServer() as server:
        port = server.port
    clock = Clock()
    source = PupilSource(port=port, clock_ns=clock)
    source.start()
    assert "does not answer" in until_trouble(source, clock)
    with PupilServer(port) as server:
        clock.now_ns += RETRY_NS
        connect(source, server)
        server.send(SAMPLE)
        assert len(read(source)) == 1
        assert source.trouble == ""
        source.stop()


def test_another_program_at_the_port_is_told() -> None:
    clock = Clock()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        source = PupilSource(port=listener.getsockname()[1], clock_ns=clock)
        source.start()
        stranger, _ = listener.accept()
        with stranger:
            stranger.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            assert "does not answer" in until_trouble(source, clock)
        source.stop()


@pytest.mark.parametrize(
    ("surface", "message", "sentence"),
    [
        ("monitor", surface_message([gaze_of(SAMPLE)]), "it knows: display"),
        ("", surface_message([]), "draw a surface"),
    ],
)
def test_no_gaze_on_the_display_is_told(surface: str, message: dict, sentence: str) -> None:
    clock = Clock()
    with PupilServer() as server:
        source = PupilSource(port=server.port, surface=surface, clock_ns=clock)
        source.start()
        connect(source, server)
        for _ in range(20):
            server.send_message(message)
            source.read()
            select.select([], [], [], 0.002)
        clock.now_ns += PATIENCE_NS
        assert sentence in until_trouble(source, clock)
        source.stop()


def test_what_is_no_address_is_refused() -> None:
    source = PupilSource(host="not an address", clock_ns=Clock())
    with pytest.raises(TrackerError, match="no address"):
        source.start()
    assert source.read() == []
