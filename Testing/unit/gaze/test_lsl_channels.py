"""Which channels of a stream are gaze."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_channels import Eye, Unit, looks_like_gaze, map_channels
from GazeSAMLib.gaze.lsl_description import Channel, StreamDescription
from Testing.devices.outlets import WILD, pupil_capture


def stream(rows, name="tracker", kind="Gaze") -> StreamDescription:
    return StreamDescription(name, kind, "id", "host", 60.0, tuple(Channel(*row) for row in rows))


def positions(channel_map) -> dict[Eye, tuple[int, int]]:
    return {eye: (at.x, at.y) for eye, at in channel_map.eyes.items()}


@pytest.mark.parametrize("wild", WILD, ids=lambda wild: wild.name)
def test_streams_in_the_wild_are_understood(wild) -> None:
    found = map_channels(stream(wild.channels, wild.name, wild.type))
    assert positions(found) == wild.expected
    assert found.unit is wild.unit
    assert {e: at.valid for e, at in found.eyes.items() if at.valid is not None} == wild.valid
    assert {e: at.pupil for e, at in found.eyes.items() if at.pupil is not None} == wild.pupil
    assert not found.y_up
    assert looks_like_gaze(wild.name, wild.type)


@pytest.mark.parametrize("wild", WILD, ids=lambda wild: wild.name)
def test_spelling_types_and_eyes_otherwise_changes_nothing(wild) -> None:
    rows = [(row[0], row[1].upper(), row[2].lower(), row[3].upper(), "") for row in wild.channels]
    assert positions(map_channels(stream(rows, wild.name, wild.type))) == wild.expected


@given(st.integers(0, len(WILD) - 1), st.randoms(use_true_random=False))
def test_the_order_of_described_channels_does_not_matter(which: int, rng: random.Random) -> None:
    wild = WILD[which]
    order = list(range(len(wild.channels)))
    if wild.channels[0][2]:  # channels that say nothing have no other order
        rng.shuffle(order)
    found = map_channels(stream([wild.channels[i] for i in order], wild.name, wild.type))
    back = {eye: (order[x], order[y]) for eye, (x, y) in positions(found).items()}
    assert back == wild.expected


def test_gaze_in_a_head_worn_camera_is_refused() -> None:
    with pytest.raises(TrackerError, match="head-worn camera"):
        map_channels(stream(pupil_capture(), "pupil_capture"))


def test_an_unknown_unit_is_named() -> None:
    rows = [("x", "both", "ScreenX", "furlong", ""), ("y", "both", "ScreenY", "furlong", "")]
    with pytest.raises(TrackerError, match="'furlong'"):
        map_channels(stream(rows))


def test_units_that_differ_are_refused() -> None:
    rows = [("x", "both", "ScreenX", "pixels", ""), ("y", "both", "ScreenY", "deg", "")]
    with pytest.raises(TrackerError, match="'deg', 'pixels'"):
        map_channels(stream(rows))


def test_degrees_are_known() -> None:
    rows = [("x", "both", "ScreenX", "degrees", ""), ("y", "both", "ScreenY", "degrees", "")]
    assert map_channels(stream(rows)).unit is Unit.DEGREES


def test_a_stream_without_gaze_is_refused_with_what_it_has() -> None:
    with pytest.raises(TrackerError, match="Fz, Cz"):
        map_channels(stream([("Fz", "", "EEG", "microvolts", ""), ("Cz", "", "EEG", "", "")]))


def test_one_eye_is_enough() -> None:
    rows = [("x", "right", "ScreenX", "px", ""), ("y", "right", "ScreenY", "px", "")]
    assert positions(map_channels(stream(rows))) == {Eye.RIGHT: (0, 1)}


TEXTS = st.sampled_from(
    ["", "left", "RIGHT", "both", "ScreenX", "screeny", "Diameter", "Confidence", "ValidFlag",
     "normalized", "pixels", "mm", "percent", "leftEyeX", "right_gaze_y", "FPOGX", "LPOGY", "BPOGV",
     "device_time_stamp", "us", "world", "bottom-left", "x", "y"]
) | st.text(max_size=12)  # fmt: skip


@given(st.lists(st.tuples(*(TEXTS,) * 5), max_size=12), TEXTS, TEXTS)
def test_whatever_is_said_is_mapped_within_the_sample_or_refused(rows, name, kind) -> None:
    description = stream(rows, name, kind)
    try:
        found = map_channels(description)
    except TrackerError:
        return
    assert found.eyes
    assert Eye.BOTH not in found.eyes or len(found.eyes) == 1
    indices = [
        index
        for at in found.eyes.values()
        for index in (at.x, at.y, at.valid, at.pupil)
        if index is not None
    ]
    assert all(0 <= index < len(rows) for index in [*indices, found.device_time or 0])
    assert all(at.x != at.y for at in found.eyes.values())
