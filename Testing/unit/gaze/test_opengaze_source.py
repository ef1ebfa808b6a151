"""Gazepoint over a real socket on loopback."""

import itertools
import select
import socket

import pytest

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.opengaze_source import PATIENCE_NS, RETRY_NS, OpenGazeSource
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from Testing.devices.opengaze_server import OpenGazeServer


class Clock:
    def __init__(self) -> None:
        self.now_ns = 10**12

    def __call__(self) -> int:
        return self.now_ns


def sample(number: int) -> GazeSample:
    eye = EyeSample(DisplayPoint(0.25 + number / 1000, 0.5), True, 3.0)
    return GazeSample(0, eye, eye, device_t_ns=10**9 + number * 6_666_670)


def connect(source: OpenGazeSource, server: OpenGazeServer) -> None:
    for _ in range(100):
        source.read()
        if server.poll(0.01):
            return
    pytest.fail(f"no connection: {source.trouble}")


def read_one(source: OpenGazeSource) -> list[GazeSample]:
    """Read until a sample has come over loopback."""
    for _ in range(500):
        samples = source.read()
        if samples or source.trouble:
            return samples
        select.select([], [], [], 0.002)
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_samples_arrive_with_both_eyes_and_the_trackers_name(clock: Clock) -> None:
    with OpenGazeServer() as server:
        source = OpenGazeSource(port=server.port, clock_ns=clock)
        source.start()
        connect(source, server)
        assert {"TIME", "POG_LEFT", "POG_RIGHT", "PUPILMM", "DATA"} <= server.enabled
        for number in range(3):
            server.send(sample(number))
            (got,) = read_one(source)
            assert got.left == sample(number).left
            assert got.device_t_ns == pytest.approx(sample(number).device_t_ns, abs=10_000)
        assert source.trouble == ""
        assert source.tracker.model == "GP3HD"
        source.stop()
        assert source.read() == []


def test_no_server_is_told_in_a_sentence_and_connected_to_once_there(clock: Clock) -> None:
    with OpenGazeServer() as server:
        port = server.port
    source = OpenGazeSource(port=port, clock_ns=clock)
    source.start()
    for _ in range(100):
        source.read()
        if source.trouble:
            break
        select.select([], [], [], 0.005)
    assert f"127.0.0.1:{port}" in source.trouble
    assert "start it" in source.trouble
    with OpenGazeServer(port) as server:
        clock.now_ns += RETRY_NS
        connect(source, server)
        server.send(sample(0))
        source.trouble = ""
        assert len(read_one(source)) == 1
        source.stop()


def test_a_connection_that_breaks_is_made_again(clock: Clock) -> None:
    with OpenGazeServer() as server:
        source = OpenGazeSource(port=server.port, clock_ns=clock)
        source.start()
        connect(source, server)
        server.send(sample(0))
        assert len(read_one(source)) == 1
        server.disconnect()
        assert read_one(source) == []
        assert "closed the connection" in source.trouble or "broke" in source.trouble
        assert source.read() == []  # not before its time
        clock.now_ns += RETRY_NS
        connect(source, server)
        server.send(sample(1))
        while not (samples := source.read()):
            select.select([], [], [], 0.002)
        assert source.trouble == ""
        assert len(samples) == 1
        source.stop()


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50])
def test_another_program_at_the_port_is_told(clock: Clock, words: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        source = OpenGazeSource(port=listener.getsockname()[1], clock_ns=clock)
        source.start()
        stranger, _ = listener.accept()
        with stranger:
            stranger.sendall(words)
            for _ in range(20):
                source.read()
                select.select([], [], [], 0.002)
            assert source.trouble == ""
            clock.now_ns += PATIENCE_NS + 1
            source.read()
            assert "is not Gazepoint Control" in source.trouble
        source.stop()


def test_a_silent_tracker_is_told(clock: Clock) -> None:
    with OpenGazeServer() as server:
        source = OpenGazeSource(port=server.port, clock_ns=clock)
        source.start()
        connect(source, server)
        server.send(sample(0))
        read_one(source)
        clock.now_ns += PATIENCE_NS + 1
        assert source.read() == []
        assert "sends nothing" in source.trouble
        server.send(sample(1))
        while not source.read():
            select.select([], [], [], 0.002)
        assert source.trouble == ""
        source.stop()


@pytest.mark.parametrize(("host", "port"), [("tracker.local", 4242), ("127.0.0.1", 0)])
def test_what_is_no_address_is_refused(host: str, port: int) -> None:
    with pytest.raises(TrackerError):
        OpenGazeSource(host, port)


@pytest.mark.parametrize("rate_hz", [60, 250, 1200])
def test_no_sample_is_lost_while_nobody_reads(clock: Clock, rate_hz: int) -> None:
    """Two seconds that wait in the socket's buffer keep their distances in time."""
    with OpenGazeServer() as server:
        source = OpenGazeSource(port=server.port, clock_ns=clock)
        source.start()
        connect(source, server)
        eye = EyeSample(DisplayPoint(0.5, 0.5), True)
        sent = [GazeSample(0, eye, eye, 10**9 * i // rate_hz) for i in range(2 * rate_hz)]
        for one in sent:
            server.send(one)
        got: list[GazeSample] = []
        while len(got) < len(sent):
            more = source.read()
            assert source.trouble == ""
            got += more
            if not more:
                select.select([], [], [], 0.002)
        steps = [after.t_ns - before.t_ns for before, after in itertools.pairwise(got)]
        assert min(steps) >= 10**9 / rate_hz - 20_000  # five decimals of a second
        assert max(steps) <= 10**9 / rate_hz + 20_000
        source.stop()
