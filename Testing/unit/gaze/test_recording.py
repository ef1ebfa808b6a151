import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

HEADER = RecordingHeader(0.0, 0.0, 1920.0, 1080.0, 531.0, 299.0, 650.0, Tracker("pointer"))
TIMES = st.integers(-(2**63) + 1, 2**63 - 1)
EYES = st.builds(
    EyeSample,
    st.builds(DisplayPoint, st.floats(), st.floats()),
    st.booleans(),
    st.none() | st.floats(allow_nan=False),
)
SAMPLES = st.builds(GazeSample, TIMES, st.none() | EYES, st.none() | EYES, st.none() | TIMES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = st.sampled_from(EventKind) | st.text(min_size=1).filter(
    lambda name: name.isprintable() and name not in ("n/a", "nan", "NaN")
)
EVENTS = st.builds(Event, TIMES, NAMES, st.dictionaries(st.text(), JSON, max_size=3))


def written_and_read(samples: list[GazeSample], events: list[Event]) -> Recording:
    with tempfile.TemporaryDirectory() as folder:
        with RecordingWriter(Path(folder) / "gaze", HEADER) as writer:
            writer.add_samples(samples)
            for event in events:
                writer.add_event(event)
        return read_recording(Path(folder) / "gaze")


@settings(max_examples=60)
@given(st.lists(SAMPLES, max_size=6, unique_by=lambda sample: sample.t_ns))
def test_samples_come_back_exactly(samples: list[GazeSample]):
    samples.sort(key=lambda sample: sample.t_ns)
    recording = written_and_read(samples, [])
    assert repr(list(recording.samples)) == repr(samples)
    assert recording.header == HEADER


@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=6))
def test_events_come_back_exactly(events: list[Event]):
    events.sort(key=lambda event: event.t_ns)
    assert list(written_and_read([], events).events) == events


def sample(t_ns: int) -> GazeSample:
    eye = EyeSample(DisplayPoint(0.5, 0.5), True)
    return GazeSample(t_ns, eye, eye)


def test_samples_and_events_are_merged_by_time_events_first():
    samples = [sample(10), sample(20), sample(30)]
    events = [Event(5, "view"), Event(20, "accept"), Event(20, "undo"), Event(99, "pause")]
    merged = list(Recording(HEADER, samples, events).merged())
    assert merged == [
        events[0], samples[0], events[1], events[2], samples[1], samples[2], events[3]
    ]  # fmt: skip


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20)))
def test_merging_keeps_everything_in_order(sample_times: list[int], event_times: list[int]):
    samples = [sample(t_ns) for t_ns in sorted(sample_times)]
    events = [Event(t_ns, f"event {i}") for i, t_ns in enumerate(sorted(event_times))]
    merged = list(Recording(HEADER, samples, events).merged())
    assert [item for item in merged if isinstance(item, GazeSample)] == samples
    assert [item for item in merged if isinstance(item, Event)] == events
    times = [item.t_ns for item in merged]
    assert times == sorted(times)


def test_a_pupil_that_is_nan_is_read_as_missing():
    eye = EyeSample(DisplayPoint(0.5, 0.5), True, math.nan)
    (read,) = written_and_read([GazeSample(1, eye, eye)], []).samples
    assert read.left is not None
    assert read.left.pupil_mm is None
