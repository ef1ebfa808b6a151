"""The user's own word on channels."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_channel_file import (
    NamedChannels,
    channels_from_json,
    read_channel_file,
    write_channel_file,
)
from GazeSAMLib.gaze.lsl_channels import Eye, EyeChannels, Unit
from GazeSAMLib.gaze.lsl_description import Channel, StreamDescription

NAMED = NamedChannels({Eye.LEFT: {"x": "Gaze X", "y": 1, "valid": 2}}, Unit.PIXELS, y_up=True)
STREAM = StreamDescription(
    "mine", "EEG", "", "", None, (Channel("gaze x"), Channel("b"), Channel("c"))
)


def test_what_is_written_is_read_again(tmp_path) -> None:
    path = tmp_path / "channels.json"
    write_channel_file(path, {"mein Gerät": NAMED})
    assert read_channel_file(path) == {"mein Gerät": NAMED}
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_file_nothing_is_named(tmp_path) -> None:
    assert read_channel_file(tmp_path / "none.json") == {}


def test_labels_and_numbers_find_channels() -> None:
    found = NAMED.channel_map(STREAM)
    assert found.eyes == {Eye.LEFT: EyeChannels(0, 1, 2, None)}
    assert (found.unit, found.y_up) == (Unit.PIXELS, True)


@pytest.mark.parametrize("channel", ["other", 3, -1])
def test_a_channel_that_the_stream_lacks_is_named(channel) -> None:
    named = NamedChannels({Eye.BOTH: {"x": 0, "y": channel}}, Unit.PIXELS)
    with pytest.raises(TrackerError, match=f"'{channel}'"):
        named.channel_map(STREAM)


EYE = {"x": 0, "y": 1}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([], '"version"'),
        ({"version": 2}, '"version"'),
        ({"version": 1, "streams": []}, '"streams"'),
        ({"version": 1, "streams": {"a": 1}}, '"a" must be'),
        ({"version": 1, "streams": {"a": {"unit": "mm", "left": EYE}}}, '"unit" must be one of'),
        ({"version": 1, "streams": {"a": {"unit": "pixels"}}}, '"left"'),
        ({"version": 1, "streams": {"a": {"unit": "pixels", "left": EYE, "both": EYE}}}, '"both"'),
        ({"version": 1, "streams": {"a": {"unit": "pixels", "left": {"x": 0}}}}, '"x" and "y"'),
        ({"version": 1, "streams": {"a": {"unit": "pixels", "left": [1]}}}, '"x" and "y"'),
        (
            {"version": 1, "streams": {"a": {"unit": "pixels", "left": EYE | {"x": True}}}},
            '"x" and "y"',
        ),
        ({"version": 1, "streams": {"a": {"unit": "pixels", "y_up": 1, "left": EYE}}}, '"y_up"'),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, values, says: str) -> None:
    path = tmp_path / "channels.json"
    path.write_text(json.dumps(values))
    with pytest.raises(TrackerError, match=says) as told:
        read_channel_file(path)
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "\udcff".encode("utf-8", "surrogatepass")]
)
def test_a_file_that_is_not_json_is_refused(tmp_path, text) -> None:
    path = tmp_path / "channels.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TrackerError, match="not valid JSON"):
        read_channel_file(path)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path) -> None:
    with pytest.raises(TrackerError, match="cannot be written"):
        write_channel_file(tmp_path / "missing" / "channels.json", {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["version", "streams", "unit", "left", "both", "x", "y", "y_up"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_any_json_is_read_or_refused(whole, streams) -> None:
    for values in (
        whole,
        {"version": 1, "streams": streams},
        {"version": 1, "streams": {"a": whole}},
    ):
        try:
            named = channels_from_json(values)
        except TrackerError:
            continue
        assert (
            channels_from_json(
                {"version": 1, "streams": {name: each.to_json() for name, each in named.items()}}
            )
            == named
        )
