import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker, header_from_json

POSITIVE = st.floats(1e-3, 1e6)


@given(
    st.builds(
        RecordingHeader,
        display_left_px=st.floats(-1e5, 1e5),
        display_top_px=st.floats(-1e5, 1e5),
        display_width_px=POSITIVE,
        display_height_px=POSITIVE,
        display_width_mm=POSITIVE,
        display_height_mm=POSITIVE,
        distance_mm=POSITIVE,
        tracker=st.builds(Tracker, st.text(), st.text(), st.text(), st.none() | POSITIVE),
        scan_digest=st.none() | st.text(),
        offset_deg=st.none() | st.tuples(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0)),
        precision_rms_deg=st.none() | st.floats(0.0, 9.0),
        created=st.none() | st.text(),
        software_version=st.text(),
    )
)
def test_a_header_comes_back_as_it_was(header: RecordingHeader):
    assert header_from_json(header.to_json()) == header


def test_keys_of_a_later_release_are_ignored(a_header: RecordingHeader):
    values = json.loads(a_header.to_json()) | {"room_light_lux": 40}
    values["tracker"]["firmware"] = "2.1"
    assert header_from_json(json.dumps(values)) == a_header


def test_what_is_optional_may_be_absent(a_header: RecordingHeader):
    values = json.loads(a_header.to_json())
    for key in ("scan_digest", "offset_deg", "precision_rms_deg", "created", "software_version"):
        del values[key]
    values["tracker"] = {"name": "pointer"}
    header = header_from_json(json.dumps(values))
    assert header.tracker == Tracker("pointer")
    assert (header.scan_digest, header.offset_deg, header.precision_rms_deg) == (None, None, None)


WRONG: list[tuple[str, Any]] = [
    ("display_width_mm", 0),
    ("display_height_px", -1080.0),
    ("display_left_px", "left"),
    ("display_top_px", None),
    ("distance_mm", math.nan),
    ("distance_mm", math.inf),
    ("distance_mm", True),
    ("distance_mm", 10**400),
    ("tracker", "Tobii"),
    ("tracker", {"model": "Spectrum"}),
    ("scan_digest", 7),
    ("offset_deg", [1.0]),
    ("offset_deg", [1.0, "2"]),
    ("offset_deg", 3),
    ("precision_rms_deg", -0.1),
    ("created", 2026),
    ("software_version", None),
    ("schema_version", 0),
    ("schema_version", "1"),
    ("schema_version", True),
    ("schema_version", None),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_is_refused_by_its_name(a_header: RecordingHeader, key: str, value: Any):
    values = json.loads(a_header.to_json()) | {key: value}
    with pytest.raises(RecordingError, match=key):
        header_from_json(json.dumps(values))


@pytest.mark.parametrize("key", ["display_left_px", "distance_mm", "tracker"])
def test_a_missing_key_is_named(a_header: RecordingHeader, key: str):
    values = json.loads(a_header.to_json())
    del values[key]
    with pytest.raises(RecordingError, match=f'"{key}" is missing'):
        header_from_json(json.dumps(values))


def test_a_newer_schema_asks_for_an_update():
    text = json.dumps({"schema_version": 2, "layout": "unknown"})
    with pytest.raises(RecordingError, match=r"schema version 2, newer than 1.*update GazeSAM"):
        header_from_json(text)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"text"', "[" * 100_000, "\0"])
def test_what_is_no_json_object_is_refused(text: str):
    with pytest.raises(RecordingError, match="JSON"):
        header_from_json(text)


def test_a_header_cannot_be_made_wrong_either(a_header: RecordingHeader):
    with pytest.raises(RecordingError, match="distance_mm"):
        dataclasses.replace(a_header, distance_mm=0.0)
    with pytest.raises(RecordingError, match="rate_hz"):
        Tracker("pointer", rate_hz=-60.0)
