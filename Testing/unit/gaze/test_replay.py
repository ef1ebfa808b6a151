import math

import pytest

from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.gaze.replay import ReplaySource
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.gaze.sample_table import SampleTable
from GazeSAMLib.gaze.source import GazeSource

MS = 10**6
FIRST_NS = 5 * 10**12


class Clock:
    def __init__(self) -> None:
        self.now_ns = 77

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recording(a_header: RecordingHeader) -> Recording:
    """Eleven samples, ten milliseconds apart."""
    samples = [GazeSample(FIRST_NS + i * 10 * MS, None, None) for i in range(11)]
    return Recording(a_header, SampleTable(samples), ())


def offsets_ms(samples: list[GazeSample]) -> list[int]:
    return [(sample.t_ns - FIRST_NS) // MS for sample in samples]


def test_samples_come_when_their_time_has_come(recording: Recording, clock: Clock):
    source: GazeSource = ReplaySource(recording, clock)
    source.start()
    assert offsets_ms(source.read()) == [0]
    assert source.read() == []
    clock.now_ns += 25 * MS
    assert offsets_ms(source.read()) == [10, 20]
    clock.now_ns += 5 * MS
    assert offsets_ms(source.read()) == [30]
    clock.now_ns += 10_000 * MS
    assert offsets_ms(source.read()) == [40, 50, 60, 70, 80, 90, 100]
    assert source.read() == []


def test_samples_keep_their_recorded_times_at_any_speed(recording: Recording, clock: Clock):
    source = ReplaySource(recording, clock, speed=4.0)
    source.start()
    clock.now_ns += 10 * MS
    assert offsets_ms(source.read()) == [0, 10, 20, 30, 40]
    assert not source.finished


def test_infinite_speed_gives_all_at_once(recording: Recording, clock: Clock):
    source = ReplaySource(recording, clock, speed=math.inf)
    source.start()
    assert source.read() == list(recording.samples)
    assert source.finished


def test_a_stopped_source_gives_nothing_and_starts_from_the_beginning(
    recording: Recording, clock: Clock
):
    source = ReplaySource(recording, clock)
    assert source.read() == []
    source.start()
    clock.now_ns += 50 * MS
    source.read()
    source.stop()
    source.stop()
    clock.now_ns += 50 * MS
    assert source.read() == []
    source.start()
    assert offsets_ms(source.read()) == [0]


def test_an_empty_recording_is_finished(a_header: RecordingHeader, clock: Clock):
    source = ReplaySource(Recording(a_header, (), ()), clock)
    source.start()
    assert source.read() == []
    assert source.finished


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_that_gets_nowhere_is_refused(recording: Recording, clock: Clock, speed: float):
    with pytest.raises(ValueError, match="speed"):
        ReplaySource(recording, clock, speed)
