"""`LslSource` and streams of all kinds, over real LSL."""

import time

import pytest

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze import lsl_source
from GazeSAMLib.gaze.lsl_channel_file import NamedChannels, write_channel_file
from GazeSAMLib.gaze.lsl_channels import Eye, Unit
from GazeSAMLib.gaze.lsl_decoder import TrackedDisplay
from GazeSAMLib.gaze.lsl_source import LslSource
from Testing.devices.live import read_until, wait_for
from Testing.devices.outlets import WILD

TRACKED = TrackedDisplay((1920.0, 1080.0), (531.0, 299.0), 650.0)


class Outlet:
    """A stream that describes itself as told and sends the same values again and again."""

    def __init__(self, name, channels, *, kind="Gaze", source_id="", channel_format="double64"):
        import pylsl

        info = pylsl.StreamInfo(name, kind, len(channels), 250, channel_format, source_id or name)
        described = info.desc().append_child("channels")
        for row in channels:
            if any(row):
                channel = described.append_child("channel")
                for key, text in zip(
                    ("label", "eye", "type", "unit", "coordinate_system"), row, strict=True
                ):
                    if text:
                        channel.append_child_value(key, text)
        self.outlet = pylsl.StreamOutlet(info)

    def send(self, values) -> None:
        self.outlet.push_sample(values)


def screen(unit="normalized", eye="both"):
    return [(f"gaze_{axis}", eye, f"Screen{axis.upper()}", unit, "") for axis in "xy"]


@pytest.fixture
def started():
    """Make sources that are stopped in the end."""
    sources = []

    def start(*arguments, **options) -> LslSource:
        source = LslSource(*arguments, **options)
        source.start()
        sources.append(source)
        return source

    yield start
    for source in sources:
        source.stop()


def receive(source, outlet, values, count=5):
    def enough(samples):
        outlet.send(values)
        return len(samples) >= count

    return read_until(source, enough)


def trouble(source, outlet=None, values=()) -> str:
    def told():
        if outlet is not None:
            outlet.send(values)
        return not source.read() and bool(source.trouble)

    wait_for(told)
    return source.trouble


@pytest.mark.parametrize("wild", WILD, ids=lambda wild: wild.name)
def test_streams_in_the_wild_are_found_and_read(wild, started) -> None:
    outlet = Outlet(wild.name, wild.channels, kind=wild.type)
    source = started(display=TRACKED)
    values = [1.0] * len(wild.channels)
    for x, y in wild.expected.values():
        scale = (1920.0, 1080.0) if wild.unit is Unit.PIXELS else (1.0, 1.0)
        values[x], values[y] = 0.25 * scale[0], 0.75 * scale[1]
    for sample in receive(source, outlet, values):
        eyes = [eye for eye in (sample.left, sample.right) if eye is not None]
        assert [(e.point_display.x, e.point_display.y) for e in eyes] == [(0.25, 0.75)] * len(eyes)
        assert len(eyes) == 2


def test_no_call_of_read_waits(started) -> None:
    outlet, source, longest_s = Outlet("quick", screen()), started(), 0.0
    begun_s = time.perf_counter()
    while time.perf_counter() - begun_s < 2.0:  # finding, opening, comparing clocks, reading
        outlet.send([0.5, 0.5])
        before_s = time.perf_counter()
        source.read()
        longest_s = max(longest_s, time.perf_counter() - before_s)
        time.sleep(0.004)
    assert longest_s < 0.1  # a clock comparison takes 0.6 s, a search 0.5 s


def test_times_are_those_of_our_clock(started) -> None:
    outlet, source = Outlet("timely", screen()), started()
    before_ns = time.monotonic_ns()
    samples = receive(source, outlet, [0.5, 0.5])
    assert all(before_ns <= s.t_ns <= time.monotonic_ns() for s in samples)


def test_without_a_stream_it_says_what_to_do(started, monkeypatch) -> None:
    monkeypatch.setattr(lsl_source, "PATIENCE_NS", 200_000_000)
    assert "gazesam bridge tobii" in trouble(started("nobody"))


def test_a_tracker_that_is_silent_is_named(started, monkeypatch) -> None:
    monkeypatch.setattr(lsl_source, "PATIENCE_NS", 500_000_000)
    outlet, source = Outlet("asleep", screen()), started()
    wait_for(lambda: not source.read() and source.tracker is not None)
    assert "'asleep' is silent" in trouble(source)
    receive(source, outlet, [0.5, 0.5])
    assert source.trouble == ""


def test_an_unknown_unit_is_told_and_another_stream_is_taken(started) -> None:
    strange, source = Outlet("a strange gaze", screen("furlong")), started()
    assert "'furlong'" in trouble(source, strange, [1.0, 1.0])
    receive(source, Outlet("b known gaze", screen()), [0.5, 0.5])
    assert source.trouble == ""


def test_a_stream_of_texts_is_left_alone(started) -> None:
    outlet = Outlet("gaze notes", screen(), channel_format="string")
    assert "carries texts" in trouble(started(), outlet, ["a", "b"])


def test_a_stream_that_changes_its_channels_is_read_on(started) -> None:
    outlet, source = Outlet("changing", screen()), started()
    receive(source, outlet, [0.5, 0.5])
    del outlet
    assert "'changing' was lost" in trouble(source)
    more = Outlet("changing", [("extra", "", "", "", ""), *screen()])
    samples = receive(source, more, [9.0, 0.25, 0.75])
    assert samples[-1].left.point_display.x == 0.25
    assert source.trouble == ""


def test_it_stays_with_its_tracker(started) -> None:
    outlet, source = Outlet("mine", screen()), started("mine")
    receive(source, outlet, [0.5, 0.5])
    other = Outlet("another gaze", screen())
    del outlet
    assert "'mine' was lost" in trouble(source, other, [0.1, 0.1])
    assert source.read() == []


def test_the_users_word_comes_before_the_streams(started, tmp_path) -> None:
    path = tmp_path / "channels.json"
    named = NamedChannels({Eye.RIGHT: {"x": "b", "y": 0}}, Unit.FRACTION, y_up=True)
    write_channel_file(path, {"odd": named})
    outlet = Outlet("odd", [("a", "", "", "", ""), ("b", "", "", "", "")], kind="EEG")
    sample = receive(started(channel_file=path), outlet, [0.25, 0.5])[0]
    assert sample.left is None
    assert (sample.right.point_display.x, sample.right.point_display.y) == (0.5, 0.75)


def test_a_channel_file_that_is_broken_is_told_at_the_start(tmp_path) -> None:
    path = tmp_path / "channels.json"
    path.write_text("{")
    with pytest.raises(TrackerError, match=r"channels\.json"):
        LslSource(channel_file=path).start()


def test_what_is_not_read_does_not_pile_up(started) -> None:
    outlet, source = Outlet("fast", screen()), started()
    receive(source, outlet, [0.5, 0.5])
    for _ in range(20_000):  # eighty seconds of this tracker
        outlet.send([0.5, 0.5])
    time.sleep(0.5)
    assert len(source.read()) <= 10 * 250 + 512


def test_stopping_twice_is_harmless_and_starting_again_works(started) -> None:
    outlet, source = Outlet("again", screen()), started()
    receive(source, outlet, [0.5, 0.5])
    source.stop()
    source.stop()
    assert source.read() == []
    source.start()
    receive(source, outlet, [0.5, 0.5])
