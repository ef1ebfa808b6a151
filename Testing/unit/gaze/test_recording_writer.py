import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import GazeSAMLib
from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording import EVENTS_NAME, HEADER_NAME, SAMPLES_NAME
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

SETUP = """
import os, sys
from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

def sample(i):
    eye = EyeSample(DisplayPoint(i / 7, 1 / 3), True, 3.0)
    return GazeSample(i, eye, eye)

header = RecordingHeader(0.0, 0.0, 1920.0, 1080.0, 531.0, 299.0, 650.0, Tracker("pointer"))
writer = RecordingWriter(sys.argv[1], header)
"""


def started(script: str, folder: Path) -> "subprocess.Popen[str]":
    root = str(Path(GazeSAMLib.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", SETUP + script, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    )


def test_a_recording_is_told_apart_by_its_files(tmp_path: Path, a_header: RecordingHeader):
    with RecordingWriter(tmp_path / "study" / "gaze", a_header):
        pass
    names = sorted(path.name for path in (tmp_path / "study" / "gaze").iterdir())
    assert names == [EVENTS_NAME, HEADER_NAME, SAMPLES_NAME]
    assert read_recording(tmp_path / "study" / "gaze").header == a_header


@pytest.mark.parametrize("name", [HEADER_NAME, SAMPLES_NAME, EVENTS_NAME])
def test_an_existing_recording_is_never_touched(
    tmp_path: Path, a_header: RecordingHeader, name: str
):
    (tmp_path / name).write_text("precious")
    with pytest.raises(RecordingError, match="already holds a recording"):
        RecordingWriter(tmp_path, a_header)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, a_header: RecordingHeader):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordingError, match=r"file.gaze: no recording can be made here"):
        RecordingWriter(tmp_path / "file" / "gaze", a_header)


def test_what_was_added_is_in_the_file_before_it_is_closed(
    tmp_path: Path, a_header: RecordingHeader, some_samples: list[GazeSample]
):
    with RecordingWriter(tmp_path, a_header) as writer:
        for count, sample in enumerate(some_samples, start=1):
            writer.add_samples([sample])
            assert len(read_recording(tmp_path).samples) == count
        writer.add_event(Event(10**15, EventKind.PAUSE))
        assert len(read_recording(tmp_path).events) == 1


def test_numbers_of_numpy_are_written_as_numbers(tmp_path: Path, a_header: RecordingHeader):
    eye = EyeSample(DisplayPoint(np.float64(0.1), np.float32(0.5)), np.bool_(True), np.float64(3.5))
    with RecordingWriter(tmp_path, a_header) as writer:
        writer.add_samples([GazeSample(np.int64(7), eye, None)])
    plain = EyeSample(DisplayPoint(0.1, 0.5), True, 3.5)
    assert list(read_recording(tmp_path).samples) == [GazeSample(7, plain, None)]


@pytest.mark.parametrize(
    "event",
    [
        Event(1, "two\nlines"),
        Event(1, "two\tcells"),
        Event(1, ""),
        Event(1, "\ud800"),
        Event(1, "view", {"window": math.nan}),
        Event(1, "view", {"plane": object()}),
    ],
    ids=["line feed", "tab", "empty", "surrogate", "nan", "object"],
)
def test_an_event_that_would_spoil_the_file_is_refused(
    tmp_path: Path, a_header: RecordingHeader, event: Event
):
    with RecordingWriter(tmp_path, a_header) as writer:
        with pytest.raises(RecordingError, match=r"events\.tsv"):
            writer.add_event(event)
        writer.add_event(Event(2, "undo"))
    assert list(read_recording(tmp_path).events) == [Event(2, "undo")]


def test_a_closed_writer_takes_nothing_more(tmp_path: Path, a_header: RecordingHeader):
    writer = RecordingWriter(tmp_path, a_header)
    writer.close()
    writer.close()
    with pytest.raises(RecordingError, match="closed"):
        writer.add_event(Event(1, "undo"))


def test_a_process_that_dies_loses_nothing_it_has_added(tmp_path: Path):
    script = """
writer.add_samples(sample(i) for i in range(500))
writer.add_event(Event(3, "accept"))
os._exit(9)
"""
    with started(script, tmp_path / "gaze") as process:
        process.communicate(timeout=60)
    assert process.returncode == 9
    recording = read_recording(tmp_path / "gaze")
    assert (len(recording.samples), len(recording.events), recording.notes) == (500, 1, ())


def test_a_process_killed_while_it_writes_loses_at_most_a_line(tmp_path: Path):
    script = """
i = 0
while True:
    writer.add_samples([sample(i + j) for j in range(50)])
    i += 50
    print(i, flush=True)
"""
    with started(script, tmp_path / "gaze") as process:
        assert process.stdout is not None
        acknowledged = 0
        while acknowledged < 2000:
            acknowledged = int(process.stdout.readline())
        process.kill()
    recording = read_recording(tmp_path / "gaze")
    assert [sample.t_ns for sample in recording.samples] == list(range(len(recording.samples)))
    assert len(recording.samples) >= 2000
    assert len(recording.notes) <= 1


def test_a_full_disk_leaves_whole_lines_and_recording_may_go_on(tmp_path: Path):
    pytest.importorskip("resource", reason="this system cannot limit the size of a file")
    script = """
import json, resource
size = os.path.getsize(sys.argv[1] + "/samples.tsv")
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, hard))
try:
    writer.add_samples(sample(i) for i in range(100))
    error = None
except RecordingError as caught:
    error = str(caught)
full = open(sys.argv[1] + "/samples.tsv", "rb").read()
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
writer.add_samples([sample(1000)])
writer.close()
print(json.dumps([error, full.decode()]))
"""
    with started(script, tmp_path / "gaze") as process:
        output, _ = process.communicate(timeout=60)
    error, full = json.loads(output)
    assert "samples.tsv: the recording cannot go on" in error
    assert full.endswith("\n")
    recording = read_recording(tmp_path / "gaze")
    kept = full.count("\n") - 1
    assert 10 < kept < 100
    assert [sample.t_ns for sample in recording.samples] == [*range(kept), 1000]
    assert recording.notes == ()


@pytest.mark.parametrize("details", [{}, {"segment": "Niere"}, {"deep": [1, {"a": None}]}])
def test_details_are_one_json_cell(
    tmp_path: Path, a_header: RecordingHeader, details: dict[str, Any]
):
    with RecordingWriter(tmp_path, a_header) as writer:
        writer.add_event(Event(5, "next_segment", details))
    line = (tmp_path / EVENTS_NAME).read_text().splitlines()[1].split("\t")
    assert line[:2] == ["5", "next_segment"]
    assert json.loads(line[2]) == details
