"""Gazepoint's Open Gaze API: bytes in, samples out.

The server sends one XML element a line, such as
``<REC TIME="5.01366" LPOGX="0.48" LPOGY="0.50" LPOGV="1" />``. The parser knows no socket:
Qt's and plain ones feed it alike.

References
----------
Gazepoint. Open Gaze API, version 2.0: sections 3 (commands) and 5 (data records).
"""

import math
import re
from typing import Final

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.device_clock import DeviceClock
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

DEFAULT_PORT: Final = 4242
LONGEST_RECORD: Final = 8192
"""Bytes; with every field enabled a record has some 1500."""

_ENABLED = (
    "COUNTER", "TIME", "POG_LEFT", "POG_RIGHT", "POG_BEST", "PUPILMM", "DATA",
)  # fmt: skip
REQUESTS: Final = b"".join(
    [b'<GET ID="PRODUCT_ID" />\r\n', b'<GET ID="SERIAL_ID" />\r\n']
    + [f'<SET ID="ENABLE_SEND_{name}" STATE="1" />\r\n'.encode() for name in _ENABLED]
)
"""What to send once connected; data come last, so that every record is complete."""

_ELEMENT = re.compile(rb'<([A-Z]+)((?:\s+[A-Za-z0-9_]+="[^"<>]*")*)\s*/>')
_ATTRIBUTE = re.compile(rb'([A-Za-z0-9_]+)="([^"]*)"')
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{0,18})?(?:[eE][+-]?\d{1,3})?")
_NOWHERE = DisplayPoint(math.nan, math.nan)
_LATEST_S = 2.0**32


class OpenGazeParser:
    """Turns what the server sends into samples, however it was cut into pieces.

    A line that is no record, lacks a time or a gaze position, or is longer than
    `LONGEST_RECORD` is left out and counted.

    Attributes
    ----------
    record_count : int
        Lines that were understood, answers to commands included.
    rejected_count : int
        Lines that were left out.
    tracker : Tracker
        What the server says of itself, so far.
    """

    def __init__(self) -> None:
        self.record_count = 0
        self.rejected_count = 0
        self.tracker = Tracker("Gazepoint")
        self._clock = DeviceClock()
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes, arrival_ns: int) -> list[GazeSample]:
        """Take in what has come; return the samples that it completes, oldest first.

        Parameters
        ----------
        data : bytes
            Any number of records and parts of records.
        arrival_ns : int
            Recording machine's monotonic clock.
        """
        *lines, rest = (self._rest + data).split(b"\n")
        if self._skipping and lines:  # the end of an overlong line
            del lines[0]
            self._skipping = False
        self._rest = rest
        if self._skipping or len(rest) > LONGEST_RECORD:
            self.rejected_count += not self._skipping
            self._rest, self._skipping = b"", True
        found = [one for line in lines if line.strip() and (one := self._line(line)) is not None]
        times_ns = self._clock.host_times_ns([device_ns for device_ns, _, _ in found], arrival_ns)
        return [
            GazeSample(t_ns, left, right, device_ns)
            for t_ns, (device_ns, left, right) in zip(times_ns, found, strict=True)
            if t_ns is not None
        ]

    def _line(self, line: bytes) -> tuple[int, EyeSample | None, EyeSample | None] | None:
        """Return device time and eyes of a record; None for other lines."""
        element = _ELEMENT.fullmatch(line.strip()) if len(line) <= LONGEST_RECORD else None
        if element is None:
            self.rejected_count += 1
            return None
        values = {
            key.decode(): value.decode("ascii", "replace")
            for key, value in _ATTRIBUTE.findall(element[2])
        }
        if element[1] != b"REC":
            self.record_count += 1
            self._answer(values)
            return None
        time_s = _number(values.get("TIME", ""))
        left, right = _eyes(values)
        if not abs(time_s) < _LATEST_S or (left is None and right is None):
            self.rejected_count += 1
            return None
        self.record_count += 1
        return round(time_s * 1e9), left, right

    def _answer(self, values: dict[str, str]) -> None:
        told, known = values.get("VALUE", ""), self.tracker
        if values.get("ID") == "SERIAL_ID":
            self.tracker = Tracker(known.name, known.model, told, known.rate_hz)
        elif values.get("ID") == "PRODUCT_ID":
            rate_hz = _number(values.get("RATE", ""))
            known_rate_hz = rate_hz if 0.0 < rate_hz < 1e5 else None
            self.tracker = Tracker(known.name, told, known.serial, known_rate_hz)


def _eyes(values: dict[str, str]) -> tuple[EyeSample | None, EyeSample | None]:
    """Return both eyes; the server's mean of both stands for them where it sends no other."""
    left, right = _eye(values, "L", "L"), _eye(values, "R", "R")
    if left is None and right is None:
        return _eye(values, "B", "L"), _eye(values, "B", "R")
    return left, right


def _eye(values: dict[str, str], gaze: str, pupil: str) -> EyeSample | None:
    if f"{gaze}POGX" not in values or f"{gaze}POGY" not in values:
        return None
    point = DisplayPoint(_number(values[f"{gaze}POGX"]), _number(values[f"{gaze}POGY"]))
    valid = values.get(f"{gaze}POGV") == "1" and all(map(math.isfinite, point))
    pupil_mm = _number(values.get(f"{pupil}PMM", ""))
    seen = values.get(f"{pupil}PMMV") == "1" and 0.0 < pupil_mm < 20.0
    return EyeSample(point if valid else _NOWHERE, valid, pupil_mm if seen else None)


def _number(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else math.nan
