"""What holds for a whole recording: ``recording.json``."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from GazeSAMLib.errors import RecordingError

SCHEMA_VERSION = 1
"""Newest layout of a recording that this version writes and reads."""


@dataclass(frozen=True, slots=True)
class Tracker:
    """The device that the samples come from.

    Attributes
    ----------
    name : str
        What it is called, such as ``"Tobii Pro Spectrum"`` or ``"pointer"``.
    model, serial : str
        Empty where unknown.
    rate_hz : float or None
        Nominal sampling rate, None where unknown or irregular.
    """

    name: str
    model: str = ""
    serial: str = ""
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        for key in ("name", "model", "serial"):
            _check_text(f"tracker.{key}", getattr(self, key))
        if self.rate_hz is not None:
            _check_positive("tracker.rate_hz", self.rate_hz)


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """The circumstances of a recording.

    Attributes
    ----------
    display_left_px, display_top_px, display_width_px, display_height_px : float
        The tracked display on Qt's virtual desktop, logical pixels.
    display_width_mm, display_height_mm : float
        Size of its lit area.
    distance_mm : float
        From the eye to the display's centre.
    tracker : Tracker
        Where the samples come from.
    scan_digest : str or None
        The scan that was looked at; None where no one scan was.
    offset_deg : tuple of float or None
        Systematic gaze error, measured minus true (x, y), y down; None where unknown.
    precision_rms_deg : float or None
        Root mean square of the step from sample to sample; None where unknown.
    created : str or None
        Date and time of the start, ISO 8601 with its offset from UTC.
    software_version : str
        What wrote it.
    schema_version : int
        Layout of the folder.

    Raises
    ------
    RecordingError
        If a value has the wrong type or describes no display.
    """

    display_left_px: float
    display_top_px: float
    display_width_px: float
    display_height_px: float
    display_width_mm: float
    display_height_mm: float
    distance_mm: float
    tracker: Tracker
    scan_digest: str | None = None
    offset_deg: tuple[float, float] | None = None
    precision_rms_deg: float | None = None
    created: str | None = None
    software_version: str = ""
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        _check_schema_version(self.schema_version)
        for key in ("display_left_px", "display_top_px"):
            _check_number(key, getattr(self, key))
        for key in _POSITIVE:
            _check_positive(key, getattr(self, key))
        for key in ("scan_digest", "created"):
            if getattr(self, key) is not None:
                _check_text(key, getattr(self, key))
        _check_text("software_version", self.software_version)
        if self.precision_rms_deg is not None:
            _check_number("precision_rms_deg", self.precision_rms_deg)
            if self.precision_rms_deg < 0.0:
                raise RecordingError('"precision_rms_deg" must not be negative')
        if self.offset_deg is not None:
            if not isinstance(self.offset_deg, tuple) or len(self.offset_deg) != 2:
                raise RecordingError('"offset_deg" must be two numbers, x and y')
            for value in self.offset_deg:
                _check_number("offset_deg", value)

    def to_json(self) -> str:
        """Return the text of ``recording.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"


_POSITIVE = (
    "display_width_px", "display_height_px", "display_width_mm", "display_height_mm", "distance_mm",
)  # fmt: skip
_REQUIRED = ("display_left_px", "display_top_px", *_POSITIVE, "tracker")
_OPTIONAL = ("scan_digest", "precision_rms_deg", "created", "software_version")


def header_from_json(text: str) -> RecordingHeader:
    """Read the text of ``recording.json``; keys that this version does not know are ignored.

    Raises
    ------
    RecordingError
        If it is no JSON object, lacks a key, holds a wrong value, or was written by a newer
        version.
    """
    values = _object_from_json(text)
    _check_schema_version(values.get("schema_version"))
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise RecordingError(f'"{missing[0]}" is missing')
    offset = values.get("offset_deg")
    return RecordingHeader(
        **{key: values[key] for key in (*_REQUIRED, *_OPTIONAL) if key in values}
        | {"tracker": _tracker_from_json(values["tracker"])},
        offset_deg=tuple(offset) if isinstance(offset, list) else offset,
        schema_version=values["schema_version"],
    )


def _object_from_json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise RecordingError("it is not valid JSON: nested too deeply") from error
    except ValueError as error:
        raise RecordingError(f"it is not valid JSON: {error}") from error
    if not isinstance(values, dict):
        raise RecordingError("it must hold a JSON object")
    return values


def _tracker_from_json(values: object) -> Tracker:
    if not isinstance(values, Mapping) or "name" not in values:
        raise RecordingError('"tracker" must be a JSON object with a "name"')
    return Tracker(
        **{key: values[key] for key in ("name", "model", "serial", "rate_hz") if key in values}
    )


def _check_schema_version(version: object) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RecordingError('"schema_version" must be a whole number from 1 on')
    if version > SCHEMA_VERSION:
        raise RecordingError(
            f"it has schema version {version}, newer than {SCHEMA_VERSION}, the newest that this "
            "version of GazeSAM can read; update GazeSAM"
        )


def _check_text(key: str, value: object) -> None:
    if not isinstance(value, str):
        raise RecordingError(f'"{key}" must be a text')


def _check_number(key: str, value: object) -> None:
    try:
        fits = not isinstance(value, bool) and isinstance(value, int | float)
        fits = fits and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number beyond the range of float
        fits = False
    if not fits:
        raise RecordingError(f'"{key}" must be a finite number')


def _check_positive(key: str, value: float) -> None:
    _check_number(key, value)
    if value <= 0:
        raise RecordingError(f'"{key}" must be above zero, got {value}')
