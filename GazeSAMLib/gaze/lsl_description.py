"""What a Lab Streaming Layer stream says of itself, as data; knows no liblsl.

The layout is that of XDF's gaze meta-data (https://github.com/sccn/xdf/wiki/Gaze-Meta-Data).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.recording_header import Tracker

LONGEST_DESCRIPTION = 1_000_000
"""Characters; the most talkative tracker needs 20,000."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel; a text is empty where the stream does not say.

    Attributes
    ----------
    label, eye, type, unit, coordinate_system : str
        As the stream spells them.
    """

    label: str = ""
    eye: str = ""
    type: str = ""
    unit: str = ""
    coordinate_system: str = ""


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """One stream.

    Attributes
    ----------
    name, type, source_id, hostname : str
        As in the stream's header.
    rate_hz : float or None
        None where the rate is irregular.
    channels : tuple of Channel
        As many as a sample has values.
    manufacturer, model, serial : str
        Of the tracker.
    display_px, display_mm : tuple of float or None
        Width and height of the tracked display, where the stream tells them.
    """

    name: str
    type: str
    source_id: str
    hostname: str
    rate_hz: float | None
    channels: tuple[Channel, ...]
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    display_px: tuple[float, float] | None = None
    display_mm: tuple[float, float] | None = None

    @property
    def tracker(self) -> Tracker:
        """The tracker behind it, for a recording's header."""
        return Tracker(self.name or "LSL", self.model, self.serial, self.rate_hz)


def parse_description(xml: str) -> StreamDescription:
    """Read the XML of a stream's full description (``StreamInfo.as_xml``).

    Raises
    ------
    TrackerError
        If it is no such description.
    """
    if len(xml) > LONGEST_DESCRIPTION:
        raise TrackerError(
            f"a stream describes itself with {len(xml)} characters, more than any tracker needs; "
            "it is left alone"
        )
    try:
        root = ElementTree.fromstring(xml)  # expat itself bounds what entities grow to
    except (ElementTree.ParseError, ValueError) as error:
        raise TrackerError(f"a stream's description is not XML: {error}") from error
    count = _whole_number(_text(root, "channel_count"))
    if root.tag != "info" or count is None:
        raise TrackerError("a stream's description does not say how many channels it has")
    described = list(_channels(root))
    name = _text(root, "name")
    if _text(root, "channel_format") == "string":
        raise TrackerError(f"the stream '{name}' carries texts, not gaze")
    if described and len(described) != count:
        raise TrackerError(
            f"the stream '{name}' has {count} channels and describes {len(described)}: restart "
            "the program that sends it"
        )
    desc = root.find("desc")
    acquisition = _first(desc, "acquisition")
    return StreamDescription(
        name,
        _text(root, "type"),
        _text(root, "source_id"),
        _text(root, "hostname"),
        _positive(_text(root, "nominal_srate")),
        tuple(described or (Channel() for _ in range(count))),
        _text(acquisition, "manufacturer") or _text(desc, "manufacturer"),
        _text(acquisition, "model"),
        _text(acquisition, "serial_number"),
        _pair(_first(desc, "display"), "width_px", "height_px"),
        _pair(_first(desc, "display"), "width_mm", "height_mm"),
    )


def _channels(root: ElementTree.Element) -> Iterator[Channel]:
    for channel in root.iterfind("desc/channels/channel"):
        yield Channel(
            *(_text(channel, key) for key in ("label", "eye", "type", "unit", "coordinate_system"))
        )


def _first(parent: ElementTree.Element | None, tag: str) -> ElementTree.Element | None:
    return None if parent is None else parent.find(tag)


def _text(parent: ElementTree.Element | None, tag: str) -> str:
    return "" if parent is None else (parent.findtext(tag) or "").strip()


def _pair(
    parent: ElementTree.Element | None, first: str, second: str
) -> tuple[float, float] | None:
    width, height = _positive(_text(parent, first)), _positive(_text(parent, second))
    return None if width is None or height is None else (width, height)


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0.0 else None


def _whole_number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 6 and int(text) > 0 else None
