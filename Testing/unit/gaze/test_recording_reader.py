import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording import EVENTS_NAME, HEADER_NAME, SAMPLES_NAME, Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.recording_table import EVENT_COLUMNS, SAMPLE_COLUMNS
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.gaze.sample import GazeSample

SAMPLE_NAMES = "\t".join(SAMPLE_COLUMNS)
EVENT_NAMES = "\t".join(EVENT_COLUMNS)
GOOD = "0.5\t0.5\t1\t3.0\t0.5\t0.5\t1\t3.0"


@pytest.fixture
def folder(tmp_path: Path, a_header: RecordingHeader) -> Path:
    """An empty recording, to be filled by hand."""
    with RecordingWriter(tmp_path / "gaze", a_header):
        return tmp_path / "gaze"


def with_samples(folder: Path, *lines: str) -> Recording:
    text = "".join(f"{line}\n" for line in (SAMPLE_NAMES, *lines))
    (folder / SAMPLES_NAME).write_text(text, encoding="utf-8", newline="")
    return read_recording(folder)


def with_events(folder: Path, *lines: str) -> Recording:
    text = "".join(f"{line}\n" for line in (EVENT_NAMES, *lines))
    (folder / EVENTS_NAME).write_text(text, encoding="utf-8", newline="")
    return read_recording(folder)


def test_a_clean_recording_has_no_notes(folder: Path):
    recording = with_samples(folder, f"1\t\t{GOOD}", f"2\t\t{GOOD}")
    assert recording.notes == ()
    assert [sample.t_ns for sample in recording.samples] == [1, 2]


def test_samples_whose_time_does_not_rise_are_left_out_and_counted(folder: Path):
    times = ["5", "7", "7", "6", "7", "8", "", "n/a", "NaN"]
    recording = with_samples(folder, *[f"{t}\t\t{GOOD}" for t in times])
    assert [sample.t_ns for sample in recording.samples] == [5, 7, 8]
    assert sorted(recording.notes) == [
        "samples.tsv: 1 samples go back in time: left out",
        "samples.tsv: 2 samples repeat the time of the one before: left out",
        "samples.tsv: 3 samples have no time: left out",
    ]


@pytest.mark.parametrize("missing", ["", "n/a", "nan", "NaN"])
def test_missing_cells_are_missing(folder: Path, missing: str):
    left, right = "\t".join([missing] * 4), f"{missing}\t{missing}\t0\t{missing}"
    (sample,) = with_samples(folder, f"1\t{missing}\t{left}\t{right}").samples
    assert sample.device_t_ns is None
    assert sample.left is None
    assert sample.right is not None
    assert not sample.right.valid
    assert sample.right.pupil_mm is None


def test_a_valid_eye_without_a_position_is_told(folder: Path):
    recording = with_samples(folder, "1\t\t\t0.5\t1\t\t0.5\t0.5\t1\t", "2\t\tinf\t0.5\t1\t\t\t\t\t")
    assert len(recording.samples) == 2
    assert len(recording.notes) == 1
    assert recording.notes[0].startswith("samples.tsv: 2 samples have an eye")


def test_a_position_without_a_verdict_counts(folder: Path):
    (sample,) = with_samples(folder, "1\t\t0.25\t0.5\t\t\t\t\t\t").samples
    assert sample.left is not None
    assert sample.left.valid


def test_events_out_of_order_are_sorted_and_keep_their_order_at_one_time(folder: Path):
    recording = with_events(folder, "5\tundo\t", "3\tclear\t{}", "5\tredo\t", "\tpause\t")
    assert [(event.t_ns, event.kind) for event in recording.events] == [
        (3, "clear"), (5, "undo"), (5, "redo")
    ]  # fmt: skip
    assert recording.notes == (
        "events.tsv: 1 events have no time: left out",
        "events.tsv: events are not in the order of time: sorted",
    )


def test_unknown_events_are_kept_and_told(folder: Path):
    recording = with_events(folder, '1\tblow_nose\t{"loud":true}', "2\tblow_nose\t", "3\tundo\t")
    assert recording.events[0] == Event(1, "blow_nose", {"loud": True})
    assert recording.notes == (
        "events.tsv: unknown events are kept and have no effect: 'blow_nose' (2)",
    )


def test_columns_are_found_by_name_and_further_ones_ignored(folder: Path):
    names = "event\tmood\tdetails\tt_ns"
    (folder / EVENTS_NAME).write_text(f"{names}\nundo\tgood\t\t7\n")
    recording = read_recording(folder)
    assert list(recording.events) == [Event(7, "undo")]
    assert recording.notes == ("events.tsv: 1 further columns are ignored",)


def test_files_saved_by_a_windows_editor_are_read(folder: Path):
    text = f"\ufeff{EVENT_NAMES}\r\n7\tundo\t\r\n\r\n"
    (folder / EVENTS_NAME).write_bytes(text.encode())
    header = folder / HEADER_NAME
    header.write_bytes(b"\xef\xbb\xbf" + header.read_bytes())
    assert list(read_recording(folder).events) == [Event(7, "undo")]


WRONG_SAMPLES = {
    "few cells": ("1\t\t0.5", "it has 3 cells"),
    "many cells": (f"1\t\t{GOOD}\t", "it has 11 cells"),
    "word for a number": (f"1\t\tabc{GOOD[3:]}", "left_x_display must be a number"),
    "underscore": (f"1\t\t0_1{GOOD[3:]}", "left_x_display must be a number"),
    "other digits": (f"\u0661\t\t{GOOD}", "t_ns must be whole nanoseconds"),
    "fraction of a nanosecond": (f"1.5\t\t{GOOD}", "t_ns must be whole nanoseconds"),
    "time beyond 64 bits": (f"{2**63}\t\t{GOOD}", "beyond 64 bits"),
    "endless time": (f"{'9' * 5000}\t\t{GOOD}", "t_ns must be whole nanoseconds"),
    "device time": (f"1\tx\t{GOOD}", "device_t_ns must be whole nanoseconds"),
    "validity": (f"1\t\t0.5\t0.5\t2{GOOD[9:]}", "left_valid must be 0 or 1"),
}


@pytest.mark.parametrize(("line", "cause"), WRONG_SAMPLES.values(), ids=WRONG_SAMPLES)
def test_a_wrong_sample_is_refused_with_file_line_and_cause(folder: Path, line: str, cause: str):
    with pytest.raises(RecordingError) as error:
        with_samples(folder, f"0\t\t{GOOD}", line, f"9\t\t{GOOD}")
    assert f"{folder / SAMPLES_NAME}, line 3: " in str(error.value)
    assert cause in str(error.value)


WRONG_EVENTS = {
    "no JSON": ("1\tview\t{", "not valid JSON"),
    "no object": ("1\tview\t[1]", "must be a JSON object"),
    "NaN": ('1\tview\t{"window":NaN}', "not valid JSON"),
    "deep": (f"1\tview\t{'[' * 100_000}", "nested too deeply"),
    "no name": ("1\t\t{}", "the event has no name"),
    "few cells": ("1\tview", "it has 2 cells"),
    "time": ("soon\tview\t", "t_ns must be whole nanoseconds"),
}


@pytest.mark.parametrize(("line", "cause"), WRONG_EVENTS.values(), ids=WRONG_EVENTS)
def test_a_wrong_event_is_refused_with_file_line_and_cause(folder: Path, line: str, cause: str):
    with pytest.raises(RecordingError) as error:
        with_events(folder, line)
    assert f"{folder / EVENTS_NAME}, line 2: " in str(error.value)
    assert cause in str(error.value)


def test_text_that_is_not_utf8_is_refused_by_its_line(folder: Path):
    (folder / EVENTS_NAME).write_bytes(EVENT_NAMES.encode() + b"\n1\tundo\t\n2\tl\xe4rm\t\n")
    with pytest.raises(RecordingError, match=r"events\.tsv, line 3: .*UTF-8"):
        read_recording(folder)


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (EVENT_NAMES.replace("event", "kind"), "the column event is missing"),
        (f"{EVENT_NAMES}\tt_ns", "the column t_ns appears twice"),
        ("", "the column t_ns is missing"),
    ],
)
def test_a_missing_column_is_named(folder: Path, names: str, cause: str):
    (folder / EVENTS_NAME).write_text(names)
    with pytest.raises(RecordingError, match=re.escape(f"{EVENTS_NAME}, line 1: {cause}")):
        read_recording(folder)


@pytest.mark.parametrize("name", [HEADER_NAME, SAMPLES_NAME, EVENTS_NAME])
def test_a_missing_file_is_named(folder: Path, name: str):
    (folder / name).unlink()
    with pytest.raises(RecordingError, match=rf"{re.escape(name)}: .*missing"):
        read_recording(folder)


@pytest.mark.parametrize("name", [HEADER_NAME, SAMPLES_NAME, EVENTS_NAME])
def test_a_folder_in_place_of_a_file_is_refused(folder: Path, name: str):
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(RecordingError, match=rf"{re.escape(name)}: it cannot be read"):
        read_recording(folder)


def test_what_is_no_folder_is_refused(tmp_path: Path):
    with pytest.raises(RecordingError, match="nowhere: there is no such folder"):
        read_recording(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordingError, match="file: there is no such folder"):
        read_recording(tmp_path / "file")


def test_a_wrong_header_is_refused_with_its_file(folder: Path):
    (folder / HEADER_NAME).write_text('{"schema_version": 99}')
    with pytest.raises(RecordingError, match=r"recording\.json: .*schema version 99"):
        read_recording(folder)
    (folder / HEADER_NAME).write_bytes(b"\xff\xfe{}")
    with pytest.raises(RecordingError, match=r"recording\.json: .*UTF-8"):
        read_recording(folder)


@pytest.mark.parametrize("name", [SAMPLES_NAME, EVENTS_NAME])
def test_a_file_cut_anywhere_loses_at_most_a_line(
    folder: Path, name: str, some_samples: list[GazeSample], some_events: list[Event],
    a_header: RecordingHeader,
):  # fmt: skip
    for file in folder.iterdir():
        file.unlink()
    with RecordingWriter(folder, a_header) as writer:
        writer.add_samples(some_samples)
        for event in some_events:
            writer.add_event(event)
    whole = (folder / name).read_bytes()
    first_line = whole.index(b"\n") + 1
    last_lines = len(b"".join(whole.splitlines(keepends=True)[-3:]))
    for length in range(len(whole) - last_lines, len(whole) + 1):
        (folder / name).write_bytes(whole[:length])
        recording = read_recording(folder)
        lines = whole[first_line:length].count(b"\n")
        if name == SAMPLES_NAME:
            assert repr(list(recording.samples)) == repr(some_samples[:lines])
        else:
            assert list(recording.events) == some_events[:lines]
        assert len(recording.notes) == (whole[length - 1 : length] != b"\n")
        assert all("the last line" in note and name in note for note in recording.notes)


HEADER_TEXT = (
    b'{"schema_version": 1, "display_left_px": 0, "display_top_px": 0, "display_width_px": 1920,'
    b' "display_height_px": 1080, "display_width_mm": 531, "display_height_mm": 299,'
    b' "distance_mm": 650, "tracker": {"name": "pointer"}}'
)
SAMPLES_TEXT = f"{SAMPLE_NAMES}\n1\t\t{GOOD}\n2\t7\t{GOOD}\n".encode()
EVENTS_TEXT = f'{EVENT_NAMES}\n1\tview\t{{"name":"Red"}}\n2\tundo\t\n'.encode()


def read_bytes(header: bytes, samples: bytes, events: bytes) -> Recording | None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / HEADER_NAME).write_bytes(header)
        (folder / SAMPLES_NAME).write_bytes(samples)
        (folder / EVENTS_NAME).write_bytes(events)
        try:
            return read_recording(folder)
        except RecordingError:
            return None


def test_the_texts_that_the_next_tests_spoil_are_good_ones():
    recording = read_bytes(HEADER_TEXT, SAMPLES_TEXT, EVENTS_TEXT)
    assert recording is not None
    assert (len(recording.samples), len(recording.events), recording.notes) == (2, 2, ())


@given(st.binary(), st.binary(), st.binary())
def test_any_bytes_are_read_or_refused(header: bytes, samples: bytes, events: bytes):
    read_bytes(header, SAMPLES_TEXT, EVENTS_TEXT)
    read_bytes(HEADER_TEXT, samples, EVENTS_TEXT)
    read_bytes(HEADER_TEXT, SAMPLES_TEXT, events)


CELLS = st.text() | st.sampled_from(["", "n/a", "nan", "inf", "1e999", "-1", "0", "1", "{}", "[]"])
LINES = st.lists(CELLS, max_size=11).map("\t".join)


@settings(max_examples=200)
@given(st.lists(LINES, max_size=4).map("\n".join), st.lists(LINES, max_size=4).map("\n".join))
@example("1" + "\t1" * 9 + "\n", '1\tview\t{"a":"\\ud800"}\n')
def test_any_cells_are_read_or_refused(samples: str, events: str):
    read_bytes(HEADER_TEXT, SAMPLES_TEXT + samples.encode("utf-8", "replace"), EVENTS_TEXT)
    read_bytes(HEADER_TEXT, SAMPLES_TEXT, EVENTS_TEXT + events.encode("utf-8", "replace"))


@settings(max_examples=200)
@given(st.data())
def test_a_spoiled_byte_is_survived(data: st.DataObject):
    texts = [HEADER_TEXT, SAMPLES_TEXT, EVENTS_TEXT]
    which = data.draw(st.integers(0, 2))
    place = data.draw(st.integers(0, len(texts[which]) - 1))
    spoiled = bytearray(texts[which])
    spoiled[place] = data.draw(st.integers(0, 255))
    texts[which] = bytes(spoiled)
    read_bytes(*texts)
