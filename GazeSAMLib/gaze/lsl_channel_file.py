"""The user's own word on how streams are to be read, kept as a JSON file.

::

    {"version": 1,
     "streams": {"My tracker": {"unit": "pixels", "y_up": false,
                                "left": {"x": "L gaze x", "y": 1, "valid": 2, "pupil": null}}}}

A stream is found by its name, a channel by its label or its number from 0.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_channels import ChannelMap, Eye, EyeChannels, Unit
from GazeSAMLib.gaze.lsl_description import StreamDescription

VERSION: Final = 1
_EYE_KEYS: Final = ("x", "y", "valid", "pupil")


@dataclass(frozen=True, slots=True)
class NamedChannels:
    """How one stream is to be read, whatever it says of itself.

    Attributes
    ----------
    eyes : dict of Eye to (dict of str to (str or int))
        For each eye the label or number of ``x`` and ``y``, and of ``valid`` and ``pupil``
        (diameter in mm) where there is one.
    unit : Unit
        Of the positions.
    y_up : bool
        Whether y grows upwards.
    """

    eyes: Mapping[Eye, Mapping[str, str | int]]
    unit: Unit
    y_up: bool = False

    def channel_map(self, stream: StreamDescription) -> ChannelMap:
        """Return where the channels stand in `stream`.

        Raises
        ------
        TrackerError
            If the stream has no such channel.
        """
        eyes = {}
        for eye, named in self.eyes.items():
            at = {key: _index_of(stream, channel) for key, channel in named.items()}
            eyes[eye] = EyeChannels(at["x"], at["y"], at.get("valid"), at.get("pupil"))
        return ChannelMap(eyes, self.unit, self.y_up)

    def to_json(self) -> dict[str, Any]:
        """Return what stands in the file for this stream."""
        eyes = {eye.value: dict(named) for eye, named in self.eyes.items()}
        return {"unit": self.unit.value, "y_up": self.y_up, **eyes}


def read_channel_file(path: Path) -> dict[str, NamedChannels]:
    """Read how streams are to be read, by their names; empty where there is no such file.

    Raises
    ------
    TrackerError
        If the file cannot be read or says something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return channels_from_json(values)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TrackerError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise TrackerError(f"{path} is not valid JSON: {error}") from error
    except TrackerError as error:
        raise TrackerError(f"{path}: {error}; correct the file or delete it") from error


def write_channel_file(path: Path, streams: Mapping[str, NamedChannels]) -> None:
    """Write the file anew, whole or not at all.

    Raises
    ------
    TrackerError
        If it cannot be written; what was there before is kept.
    """
    values = {
        "version": VERSION,
        "streams": {name: named.to_json() for name, named in streams.items()},
    }
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(values, indent=2, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TrackerError(f"{path} cannot be written: {error.strerror or error}") from error


def channels_from_json(values: object) -> dict[str, NamedChannels]:
    """Read the file's content, already parsed.

    Raises
    ------
    TrackerError
        If it says something else.
    """
    if not isinstance(values, Mapping) or values.get("version") != VERSION:
        raise TrackerError(f'"version" must be {VERSION}')
    streams = values.get("streams")
    if not isinstance(streams, Mapping):
        raise TrackerError('"streams" must be a JSON object, by name of the stream')
    return {str(name): _named_channels(str(name), value) for name, value in streams.items()}


def _named_channels(name: str, values: object) -> NamedChannels:
    if not isinstance(values, Mapping):
        raise TrackerError(f'"{name}" must be a JSON object')
    try:
        unit = Unit(str(values.get("unit")))
    except ValueError as error:
        raise TrackerError(f'"{name}": "unit" must be one of {", ".join(Unit)}') from error
    y_up = values.get("y_up", False)
    if not isinstance(y_up, bool):
        raise TrackerError(f'"{name}": "y_up" must be true or false')
    eyes = {eye: _eye(name, eye, values[eye]) for eye in Eye if eye in values}
    if not eyes or (Eye.BOTH in eyes and len(eyes) > 1):
        raise TrackerError(f'"{name}" must have "left", "right" or both of them, or else "both"')
    return NamedChannels(eyes, unit, y_up)


def _eye(name: str, eye: Eye, values: object) -> dict[str, str | int]:
    given = dict(values) if isinstance(values, Mapping) else {}
    named = {key: channel for key, channel in given.items() if channel is not None}
    fits = {"x", "y"} <= set(named) <= set(_EYE_KEYS) and all(
        isinstance(channel, str | int) and not isinstance(channel, bool)
        for channel in named.values()
    )
    if not fits:
        raise TrackerError(
            f'"{name}": "{eye}" must name "x" and "y", and may name "valid" and "pupil", each by '
            "the channel's label or its number from 0"
        )
    return named


def _index_of(stream: StreamDescription, named: str | int) -> int:
    count = len(stream.channels)
    if isinstance(named, int):
        if 0 <= named < count:
            return named
    else:
        wanted = named.strip().lower()
        for index, channel in enumerate(stream.channels):
            if channel.label.strip().lower() == wanted:
                return index
    raise TrackerError(
        f"the channel file names the channel '{named}', which the stream '{stream.name}' with its "
        f"{count} channels does not have"
    )
