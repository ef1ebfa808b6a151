"""What docs/recording.md says is what the reader and the writer do."""

import re
from pathlib import Path

import pytest

import GazeSAMLib
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.recording_table import EVENT_COLUMNS, SAMPLE_COLUMNS, sample_line

DOCUMENT = Path(GazeSAMLib.__file__).parents[1] / "docs" / "recording.md"


@pytest.fixture(scope="module")
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def example(text: str, name: str) -> str:
    match = re.search(
        rf"^## {re.escape(name)}\n\n```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    )
    assert match is not None
    return match[1]


@pytest.fixture
def recording(text: str, tmp_path: Path) -> Recording:
    for name in ("recording.json", "samples.tsv", "events.tsv"):
        (tmp_path / name).write_text(example(text, name), encoding="utf-8", newline="\n")
    return read_recording(tmp_path)


def test_the_example_is_read_without_notes(recording: Recording):
    assert recording.notes == ()
    assert recording.header.tracker.name == "Tobii Pro Spectrum"
    assert [event.kind for event in recording.events] == ["view", "accept", "next_segment"]


def test_the_example_shows_a_lost_eye_and_one_not_delivered(recording: Recording):
    seen, lost, absent = (sample.right for sample in recording.samples)
    assert seen is not None
    assert seen.valid
    assert lost is not None
    assert not lost.valid
    assert absent is None


def test_the_writer_writes_the_lines_of_the_example(text: str, recording: Recording):
    lines = example(text, "samples.tsv").splitlines(keepends=True)
    assert [sample_line(sample) for sample in recording.samples] == lines[1:]


def test_the_columns_are_the_documented_ones(text: str):
    assert example(text, "samples.tsv").splitlines()[0].split("\t") == list(SAMPLE_COLUMNS)
    assert example(text, "events.tsv").splitlines()[0].split("\t") == list(EVENT_COLUMNS)


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_is_documented(text: str, kind: EventKind):
    assert re.search(rf"^\|[^|]*`{kind}`", text, re.MULTILINE)
