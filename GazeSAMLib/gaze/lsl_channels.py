"""Which channels of a stream are gaze, of which eye, in which unit; knows no liblsl.

Streams in the wild differ from XDF's meta-data: types in lower case or all alike, labels of
many kinds, units left out or wrong. What is known of them:

=====================  ========  ===========================================  ================
sender                 type      channels told apart by                       unit
=====================  ========  ===========================================  ================
``gazesam bridge``     Gaze      type and eye                                 normalized
Tobii Pro connector    Eyetracker  type and eye                               "screencoords": 0..1
Tobii stream engine    gaze      nothing: two channels                        not told: 0..1
Titta                  Gaze      type and eye, flags by label                 normalized
EyeLink                Gaze      label (``leftEyeX``)                         not told: pixels
SMI iViewX, iViewNG    Gaze      type and eye (iViewNG: also both)            pixels
Pupil Capture relay    Gaze      type; eye is both                            of the scene camera
Gazepoint              gaze      label (``FPOGX``)                            "percent": 0..1
=====================  ========  ===========================================  ================
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_description import Channel, StreamDescription


class Unit(StrEnum):
    """What a gaze position is counted in.

    ``FRACTION`` of the display from its top-left corner; ``PIXELS`` of the display from
    there; ``DEGREES`` of visual angle from the display's centre.
    """

    FRACTION = "fraction"
    PIXELS = "pixels"
    DEGREES = "degrees"


class Eye(StrEnum):
    """Whose gaze; ``BOTH`` is one point for both eyes together."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class EyeChannels:
    """Where in a sample one eye stands, by channel number.

    Attributes
    ----------
    x, y : int
        Gaze position.
    valid : int or None
        Flag or confidence; the eye counts from 0.6 on, the usual limit for Pupil's confidence.
    pupil : int or None
        Size of the pupil.
    pupil_mm_per_unit : float
        Turns it into the diameter in mm.
    """

    x: int
    y: int
    valid: int | None = None
    pupil: int | None = None
    pupil_mm_per_unit: float = 1.0


@dataclass(frozen=True, slots=True)
class ChannelMap:
    """How to read a stream's samples.

    Attributes
    ----------
    eyes : dict of Eye to EyeChannels
        At least one; ``BOTH`` stands alone.
    unit : Unit
        Of the positions.
    y_up : bool
        Whether y grows upwards, from the display's bottom.
    device_time : int or None
        Channel of the tracker's own clock.
    device_time_ns_per_unit : float
        Its unit.
    """

    eyes: dict[Eye, EyeChannels]
    unit: Unit
    y_up: bool = False
    device_time: int | None = None
    device_time_ns_per_unit: float = 1.0


_STREAM_TYPES: Final = {"gaze", "eyetracker", "eyetracking", "eye tracker", "eyegaze", "eye"}
_UNITS: Final = {
    Unit.FRACTION: {"normalized", "normalised", "norm", "fraction", "screencoords", "adcs", "0..1"},
    Unit.PIXELS: {"pixels", "pixel", "px"},
    Unit.DEGREES: {"degrees", "degree", "deg", "°"},
}
_PUPIL_MM_PER_UNIT: Final = {"mm": 1.0, "millimeters": 1.0, "millimetres": 1.0, "m": 1000.0}
_NS_PER_TIME_UNIT: Final = {
    "s": 1e9, "seconds": 1e9, "ms": 1e6, "us": 1e3, "microseconds": 1e3, "ns": 1.0
}  # fmt: skip
_GAZEPOINT: Final = re.compile(r"([LRBF])POG([XYV])", re.IGNORECASE)
_GAZEPOINT_EYES: Final = {"L": Eye.LEFT, "R": Eye.RIGHT, "B": Eye.BOTH, "F": Eye.BOTH}
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_EYE_WORDS: Final = {
    "left": Eye.LEFT, "l": Eye.LEFT, "right": Eye.RIGHT, "r": Eye.RIGHT,
    "both": Eye.BOTH, "binocular": Eye.BOTH, "average": Eye.BOTH, "combined": Eye.BOTH,
    "cyclopean": Eye.BOTH,
}  # fmt: skip
# Words of labels that speak of something else than where on the display the gaze is.
_NOT_GAZE: Final = {
    "per", "pupil", "origin", "user", "track", "box", "trackbox", "head", "direction",
    "velocity", "camera", "world", "openness", "diameter", "area", "fixation", "target", "z",
    "center", "centre", "normal", "raw", "time", "timestamp", "valid", "validity",
}  # fmt: skip


def looks_like_gaze(name: str, stream_type: str) -> bool:
    """Whether a stream may carry gaze, from its header alone."""
    return stream_type.strip().lower() in _STREAM_TYPES or "gaze" in name.lower()


def map_channels(stream: StreamDescription) -> ChannelMap:
    """Find gaze in a stream from what it says of itself.

    Raises
    ------
    TrackerError
        If there is no gaze in it, its unit is unknown, or it is gaze in a camera's picture.
    """
    eyes = _by_type(stream.channels) or _by_gazepoint_label(stream.channels)
    eyes = eyes or _by_words(stream.channels) or _by_position(stream)
    if not eyes:
        raise TrackerError(
            f"the stream '{stream.name}' has no channels that look like gaze "
            f"({_labels(stream.channels)}): name them in a channel file"
        )
    if Eye.LEFT in eyes or Eye.RIGHT in eyes:
        eyes.pop(Eye.BOTH, None)
    positions = [stream.channels[i] for eye in eyes.values() for i in (eye.x, eye.y)]
    _refuse_scene_camera(stream, positions)
    device_time, ns_per_unit = _device_time(stream.channels)
    return ChannelMap(
        eyes,
        _unit(stream, positions),
        any("bottom" in channel.coordinate_system.lower() for channel in positions),
        device_time,
        ns_per_unit,
    )


def _by_type(channels: Sequence[Channel]) -> dict[Eye, EyeChannels]:
    found: dict[tuple[Eye, str], int] = {}
    for index, channel in enumerate(channels):
        eye, kind = _eye_of(channel), channel.type.strip().lower()
        if eye is not None and kind in ("screenx", "screeny"):
            found.setdefault((eye, kind), index)
    return {
        eye: _with_extras(channels, eye, found[eye, "screenx"], found[eye, "screeny"])
        for eye in Eye
        if (eye, "screenx") in found and (eye, "screeny") in found
    }


def _by_gazepoint_label(channels: Sequence[Channel]) -> dict[Eye, EyeChannels]:
    found: dict[tuple[str, str], int] = {}
    for index, channel in enumerate(channels):
        match = _GAZEPOINT.fullmatch(channel.label.strip())
        if match:
            found.setdefault((match[1].upper(), match[2].upper()), index)
    eyes: dict[Eye, EyeChannels] = {}
    for letter, eye in _GAZEPOINT_EYES.items():  # the best point of gaze before the fixation's
        if eye not in eyes and (letter, "X") in found and (letter, "Y") in found:
            x, y, valid = found[letter, "X"], found[letter, "Y"], found.get((letter, "V"))
            eyes[eye] = EyeChannels(x, y, valid)
    return eyes


def _by_words(channels: Sequence[Channel]) -> dict[Eye, EyeChannels]:
    found: dict[tuple[Eye, str], int] = {}
    for index, channel in enumerate(channels):
        words = words_of(channel.label)
        axes = {"x", "y"} & set(words)
        eye = _eye_of(channel)
        if len(axes) == 1 and eye is not None and not _NOT_GAZE & set(words):
            found.setdefault((eye, axes.pop()), index)
    return {
        eye: _with_extras(channels, eye, found[eye, "x"], found[eye, "y"])
        for eye in Eye
        if (eye, "x") in found and (eye, "y") in found
    }


def _by_position(stream: StreamDescription) -> dict[Eye, EyeChannels]:
    """Two channels of a gaze stream that says nothing of them (Tobii stream engine)."""
    silent = all(not channel.label and not channel.type for channel in stream.channels)
    if silent and len(stream.channels) == 2 and stream.type.strip().lower() == "gaze":
        return {Eye.BOTH: EyeChannels(0, 1)}
    return {}


def _with_extras(channels: Sequence[Channel], eye: Eye, x: int, y: int) -> EyeChannels:
    valid, pupil, mm_per_unit = None, None, 1.0
    for index, channel in enumerate(channels):
        if _eye_of(channel) is not eye:
            continue
        words = set(words_of(channel.label))
        kind = channel.type.strip().lower()
        if valid is None and kind == "confidence":
            valid = index
        elif valid is None and kind in ("validflag", "valid"):
            # Titta flags each of an eye's measurements; only that of the gaze point counts.
            valid = None if words & {"pupil", "origin", "openness"} else index
        elif pupil is None and kind in ("diameter", "pupilsize", "radius"):
            # Tobii's connector gives "pupilsize" in mm and does not say so.
            unit = channel.unit.strip().lower() or ("mm" if kind == "pupilsize" else "")
            if unit in _PUPIL_MM_PER_UNIT:
                pupil = index
                mm_per_unit = _PUPIL_MM_PER_UNIT[unit] * (2.0 if kind == "radius" else 1.0)
    return EyeChannels(x, y, valid, pupil, mm_per_unit)


def _eye_of(channel: Channel) -> Eye | None:
    """Whose channel it is; one that does not say stands for both eyes."""
    told = channel.eye.strip().lower()
    if told:
        return _EYE_WORDS.get(told)
    named = {_EYE_WORDS[word] for word in words_of(channel.label) if word in _EYE_WORDS}
    return named.pop() if len(named) == 1 else None if named else Eye.BOTH


def words_of(label: str) -> list[str]:
    """Return the words of a label in lower case, whether ``leftEyeX`` or ``x.left_eye``."""
    return [word.lower() for word in _WORD.findall(label)]


def _unit(stream: StreamDescription, positions: Iterable[Channel]) -> Unit:
    spelled = {channel.unit.strip().lower() for channel in positions}
    units = {unit for unit, names in _UNITS.items() if spelled & names}
    if len(spelled) == 1 and len(units) == 1:
        return units.pop()
    if spelled == {"percent"} and all(_GAZEPOINT.fullmatch(c.label.strip()) for c in positions):
        return Unit.FRACTION
    if spelled == {""}:
        name = stream.name.lower()
        if "eyelink" in name:
            return Unit.PIXELS
        if "tobii" in name or not any(channel.label for channel in stream.channels):
            return Unit.FRACTION
    told = ", ".join(f"'{unit}'" for unit in sorted(spelled))
    raise TrackerError(
        f"the stream '{stream.name}' gives gaze in the unit {told}, which is not known: name "
        "the unit in a channel file"
    )


def _refuse_scene_camera(stream: StreamDescription, positions: Iterable[Channel]) -> None:
    if any(channel.coordinate_system.strip().lower() == "world" for channel in positions):
        raise TrackerError(
            f"the stream '{stream.name}' gives gaze in the picture of the head-worn camera, not "
            "on the display: define the display as a surface in Pupil Capture and use the source "
            "'pupil'"
        )


def _device_time(channels: Sequence[Channel]) -> tuple[int | None, float]:
    for index, channel in enumerate(channels):
        words, unit = words_of(channel.label), channel.unit.strip().lower()
        if "device" in words and {"time", "timestamp"} & set(words) and unit in _NS_PER_TIME_UNIT:
            return index, _NS_PER_TIME_UNIT[unit]
        if channel.label.strip().lower() == "eyelink_timestamp":
            return index, _NS_PER_TIME_UNIT["ms"]
    return None, 1.0


def _labels(channels: Sequence[Channel]) -> str:
    named = [channel.label or channel.type or "unnamed" for channel in channels]
    return ", ".join(named[:6]) + (", ..." if len(named) > 6 else "")
