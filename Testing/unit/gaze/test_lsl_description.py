"""What a stream says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_description import LONGEST_DESCRIPTION, parse_description

HEAD = (
    "<name>Tobii Spectrum</name><type>Gaze</type><channel_count>2</channel_count>"
    "<channel_format>double64</channel_format><source_id>s</source_id>"
    "<nominal_srate>600.0</nominal_srate><hostname>desk</hostname>"
)
CHANNELS = (
    "<channels><channel><label>a</label><unit>px</unit></channel>"
    "<channel><label>b</label><eye>left</eye></channel></channels>"
)


def test_a_full_description_is_read() -> None:
    desc = (
        f"<desc>{CHANNELS}<acquisition><manufacturer>Tobii</manufacturer><model>Spectrum</model>"
        "<serial_number>42</serial_number></acquisition><display><width_px>1920</width_px>"
        "<height_px>1080</height_px><width_mm>531</width_mm><height_mm>299</height_mm></display></desc>"
    )
    stream = parse_description(f"<?xml version='1.0'?><info>{HEAD}{desc}</info>")
    assert (stream.name, stream.type, stream.rate_hz) == ("Tobii Spectrum", "Gaze", 600.0)
    assert [channel.label for channel in stream.channels] == ["a", "b"]
    assert (stream.channels[0].unit, stream.channels[1].eye) == ("px", "left")
    assert (stream.display_px, stream.display_mm) == ((1920.0, 1080.0), (531.0, 299.0))
    tracker = stream.tracker
    assert (tracker.name, tracker.model, tracker.serial) == ("Tobii Spectrum", "Spectrum", "42")


def test_a_stream_without_channel_descriptions_has_channels_that_say_nothing() -> None:
    stream = parse_description(f"<info>{HEAD}<desc/></info>")
    assert [channel.label for channel in stream.channels] == ["", ""]


@pytest.mark.parametrize(
    ("xml", "says"),
    [
        ("", "not XML"),
        ("<info>", "not XML"),
        ("<info><name>n</name></info>", "how many channels"),
        (f"<other>{HEAD}</other>", "how many channels"),
        (f"<info>{HEAD.replace('>2<', '>-2<')}</info>", "how many channels"),
        (f"<info>{HEAD.replace('>2<', '>3<')}<desc>{CHANNELS}</desc></info>", "describes 2"),
        (f"<info>{HEAD.replace('double64', 'string')}</info>", "carries texts"),
        (f"<info>{HEAD}<desc>{' ' * LONGEST_DESCRIPTION}</desc></info>", "left alone"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(xml: str, says: str) -> None:
    with pytest.raises(TrackerError, match=says):
        parse_description(xml)


def test_entities_that_grow_without_end_are_refused() -> None:
    doubling = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    xml = f'<!DOCTYPE info [<!ENTITY e0 "haha">{doubling}]><info><name>&e11;</name></info>'
    with pytest.raises(TrackerError):
        parse_description(xml)


@given(st.text(max_size=200) | st.text('<>/infochael_ut120&;#!" ', max_size=200))
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(TrackerError):
        parse_description(text)
