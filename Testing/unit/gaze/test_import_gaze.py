"""Recordings of other programs, in the variety in which they come."""

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.gaze.import_samples import DisplaySize, number
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from Testing.foreign_gaze import START_NS, write_eyelink, write_tobii

SIZE_MM = DisplaySize(width_mm=531.0, height_mm=299.0)
SIZE_AND_DISTANCE = DisplaySize(width_mm=531.0, height_mm=299.0, distance_mm=650.0)

TOBII = (
    "Recording timestamp [μs]\tSensor\tRecording resolution height\tRecording resolution width\t"
    "Gaze point left X [DACS px]\tGaze point left Y [DACS px]\tValidity left\n"
    "1000\tEye Tracker\t1080\t1920\t960\t540\tValid\n"
    "2667\tEye Tracker\t1080\t1920\t480\t270\tInvalid\n"
)
# As edf2asc prints it, binocular, with a blink of the left eye.
EYELINK = """\
** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED
MSG\t1408659 RECCFG CR 1000 2 1 LR
MSG\t1408659 GAZE_COORDS 0.00 0.00 1919.00 1079.00
PUPIL\tAREA
EVENTS\tGAZE\tLEFT\tRIGHT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2
SAMPLES\tGAZE\tLEFT\tRIGHT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2
START\t1408660 \tLEFT\tRIGHT\tSAMPLES\tEVENTS
1408660\t 964.3\t 541.5\t 288.0\t 960.5\t 538.8\t 305.0\t.....
SFIX L   1408667
1408661\t 964.5\t 542.2\t 288.0\t 960.4\t 539.5\t 306.0\t.....
SBLINK L 1408787
1408787\t  .\t  .\t   0.0\t 933.4\t 568.2\t 298.0\t.C...
EFIX L   1408667\t1408782\t116\t  964.1\t  543.2\t    284
END\t1408788 \tSAMPLES\tEVENTS\tRES\t  47.75\t  45.92
"""


@pytest.fixture
def a_recording(a_header, some_samples) -> Recording:
    """Two eyes at 600 Hz, some of them lost, and three events."""
    events = [
        Event(some_samples[0].t_ns, "view", {"name": "Red", "visible": False}),
        Event(some_samples[3].t_ns, "accept"),
        Event(some_samples[3].t_ns, "next_segment", {"segment": "Leber\tü"}),
    ]
    return Recording(a_header, some_samples, tuple(events))


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def same_eyes(read: Recording, written: Recording, decimals: float, *, pupils: bool) -> None:
    first_ns = written.samples[0].t_ns
    assert len(read.samples) == len(written.samples)
    for got, had in zip(read.samples, written.samples, strict=True):
        assert got.t_ns == pytest.approx(had.t_ns - first_ns + START_NS, abs=5e5)
        for one, other in ((got.left, had.left), (got.right, had.right)):
            assert one is not None
            assert one.valid == (other is not None and other.valid)
            if one.valid:
                assert tuple(one.point_display) == pytest.approx(
                    tuple(other.point_display), abs=decimals
                )
                assert one.pupil_mm == (pytest.approx(other.pupil_mm, abs=1e-3) if pupils else None)


@pytest.mark.parametrize(
    "dialect",
    [
        {},
        {"time": ("Recording timestamp [μs]", 1e3)},
        {"time": ("Recording timestamp", 1e6), "unit": ("", "")},
        {"time": ("Recording timestamp", 1e3), "unit": (" (ADCSpx)", "")},
        {"comma": True},
    ],
    ids=lambda dialect: str(dialect or "newest"),
)
def test_tobii_exports_of_all_ages_give_the_same_recording(tmp_path, a_recording, dialect) -> None:
    read = read_gaze(write_tobii(tmp_path / "export.tsv", a_recording, **dialect), SIZE_MM)
    same_eyes(read, a_recording, 1e-6, pupils=True)
    assert read.header.distance_mm == 650.0
    assert (read.header.display_width_px, read.header.display_height_px) == (1920.0, 1080.0)
    assert [(e.kind, dict(e.details)) for e in read.events] == [
        (e.kind, dict(e.details)) for e in a_recording.events
    ]


def test_a_tobii_export_is_read_as_printed(tmp_path) -> None:
    read = read_gaze(write(tmp_path / "a.tsv", TOBII), SIZE_AND_DISTANCE)
    assert list(read.samples) == [
        GazeSample(1_000_000, EyeSample(DisplayPoint(0.5, 0.5), True), None, device_t_ns=1_000_000),
        GazeSample(
            2_667_000, EyeSample(DisplayPoint(0.25, 0.25), False), None, device_t_ns=2_667_000
        ),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8-sig"])
def test_encodings_of_windows_are_read(tmp_path, encoding) -> None:
    text = TOBII.replace("[μs]", "[µs]").replace("Sensor", "Prüfer\tSensor")
    text = text.replace("\tEye", "\tMüller\tEye").replace("\n", "\r\n")
    read = read_gaze(write(tmp_path / "a.tsv", text, encoding), SIZE_AND_DISTANCE)
    assert len(read.samples) == 2


def test_the_users_word_goes_before_the_files(tmp_path) -> None:
    told = DisplaySize(960.0, 540.0, 500.0, 300.0, 700.0)
    read = read_gaze(write(tmp_path / "a.tsv", TOBII), told)
    assert read.header.display_width_px == 960.0
    assert tuple(read.samples[0].left.point_display) == (1.0, 1.0)


@pytest.mark.parametrize("eyes", [("L", "R"), ("R",)])
def test_eyelink_recordings_give_the_same_recording(tmp_path, a_recording, eyes) -> None:
    """Whole milliseconds, so that every second sample of 600 Hz has a time of its own."""
    slow = Recording(a_recording.header, a_recording.samples[::2], a_recording.events)
    read = read_gaze(write_eyelink(tmp_path / "a.asc", slow, eyes), SIZE_AND_DISTANCE)
    if eyes == ("L", "R"):
        same_eyes(read, slow, 1e-4, pupils=False)
    assert all((sample.left is None) == (eyes == ("R",)) for sample in read.samples)
    assert read.header.tracker.rate_hz == 1000.0
    assert "Portable Duo" in read.header.tracker.model
    assert [e.kind for e in read.events] == [e.kind for e in a_recording.events]
    assert any("1 messages" in note for note in read.notes)


def test_an_eyelink_recording_is_read_as_printed(tmp_path) -> None:
    read = read_gaze(write(tmp_path / "a.asc", EYELINK), SIZE_AND_DISTANCE)
    assert [sample.t_ns // 10**6 for sample in read.samples] == [1408660, 1408661, 1408787]
    first, _, blink = read.samples
    # The middle of pixel 964 is 964.5 pixels from the display's edge.
    assert tuple(first.left.point_display) == pytest.approx((964.8 / 1920, 542.0 / 1080))
    assert not blink.left.valid
    assert blink.right.valid
    assert blink.right.pupil_mm is None


@pytest.mark.parametrize(
    ("name", "text", "told", "sentence"),
    [
        (
            "a.tsv",
            TOBII,
            DisplaySize(),
            "does not say the display's size in mm (--display-mm), nor",
        ),
        ("a.tsv", TOBII, SIZE_MM, "--distance-mm"),
        ("a.asc", EYELINK, SIZE_MM, "--distance-mm"),
        ("a.tsv", "x\ty\n1\t2\n", SIZE_AND_DISTANCE, "no Tobii Pro Lab export"),
        ("a.tsv", "", SIZE_AND_DISTANCE, "no Tobii Pro Lab export"),
        ("a.tsv", TOBII.splitlines()[0], SIZE_AND_DISTANCE, "holds no gaze samples"),
        ("a.asc", "MSG 1 hello\n", SIZE_AND_DISTANCE, "no EyeLink recording"),
        ("a.asc", EYELINK.replace("SAMPLES\tGAZE", "SAMPLES\tHREF"), SIZE_AND_DISTANCE, "line 6"),
        ("a.edf", "SREB", SIZE_AND_DISTANCE, "no recording of gaze; give"),
        ("a.asc", EYELINK + "MSG\t1408790 gazesam accept {oops}\n", SIZE_AND_DISTANCE, "line 15"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(tmp_path, name, text, told, sentence) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(RecordingError) as told_error:
        read_gaze(path, told)
    assert sentence in str(told_error.value)
    assert str(path) in str(told_error.value)


def test_times_that_do_not_rise_are_left_out_and_told(tmp_path) -> None:
    lines = TOBII.splitlines()
    text = "\n".join([*lines, lines[1], lines[2].replace("2667", "")]) + "\n"
    read = read_gaze(write(tmp_path / "a.tsv", text), SIZE_AND_DISTANCE)
    assert len(read.samples) == 2
    assert sorted(read.notes) == [
        "a.tsv: 1 samples go back in time: left out",
        "a.tsv: 1 samples have no time: left out",
    ]


@pytest.mark.parametrize(
    ("cell", "value"), [("1.5", 1.5), ("1,5", 1.5), (" -3 ", -3.0), (",5", 0.5), ("1e3", 1000.0)]
)
def test_numbers_of_all_countries(cell, value) -> None:
    assert number(cell) == value


@given(st.text(max_size=20))
def test_any_cell_is_a_number_or_none(cell) -> None:
    assert isinstance(number(cell), float)


@pytest.mark.parametrize(("name", "text"), [("a.tsv", TOBII), ("a.asc", EYELINK)])
@settings(
    deadline=None, max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_gives_a_recording_or_an_error_of_ours(tmp_path, name, text, data) -> None:
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw) - 1))
        piece = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\t", b"\n", b"nan", b"9" * 30])
        )
        raw[place : place + data.draw(st.integers(0, 20))] = piece
    path = tmp_path / name
    path.write_bytes(bytes(raw))
    try:
        read = read_gaze(path, SIZE_AND_DISTANCE)
    except RecordingError:
        return
    times = [sample.t_ns for sample in read.samples]
    assert times == sorted(set(times))
    for sample in read.samples:
        for eye in (sample.left, sample.right):
            assert eye is None or not eye.valid or all(map(math.isfinite, eye.point_display))
