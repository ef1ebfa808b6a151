"""Pupil Core's gaze on a surface: messages of its Network API in, samples out.

References
----------
Pupil Labs. Pupil Core documentation: "Network API", "Surface Tracker", "Terminology" (norm_pos:
origin bottom-left, y up; eye 0 is the right one).
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.device_clock import DeviceClock
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

TOPIC: Final = b"surfaces."
LEAST_CONFIDENCE: Final = 0.6
"""Pupil Labs' own limit for data that can be used."""

LONGEST_MESSAGE: Final = 1 << 20
_MOST_SURFACES = 64
_EYES = re.compile(r"gaze\.\w+\.(01?|1)\.")
_LOST = EyeSample(DisplayPoint(math.nan, math.nan), False)
_LATEST_S = 2.0**32
_Point = tuple[int, EyeSample, EyeSample]


class PupilParser:
    """Turns messages into samples; what is no such message is left out and counted.

    Pupil gives one point for both eyes, or for one where it lost the other.

    Parameters
    ----------
    surface : str
        The surface that is the tracked display; empty takes the first that is seen.

    Attributes
    ----------
    surface : str
        The surface whose gaze is taken; empty until one was seen.
    surfaces : set of str
        All that were seen.
    rejected_count : int
        Messages and gaze points that were left out.

    Raises
    ------
    TrackerError
        If msgpack is not installed.
    """

    def __init__(self, surface: str = "") -> None:
        try:
            import msgpack
        except ImportError as error:
            raise TrackerError(
                "Pupil Core needs the packages msgpack and pyzmq: install gazesam[gaze]"
            ) from error
        self.surface = surface
        self.surfaces: set[str] = set()
        self.rejected_count = 0
        self._unpack = msgpack.unpackb
        self._unpack_errors = (ValueError, TypeError, RecursionError, msgpack.UnpackException)
        self._clock = DeviceClock()

    def feed(self, messages: Iterable[tuple[bytes, bytes]], arrival_ns: int) -> list[GazeSample]:
        """Take in messages that have come; return their samples, oldest first.

        Parameters
        ----------
        messages : iterable of (bytes, bytes)
            Topic and payload of each.
        arrival_ns : int
            Recording machine's monotonic clock.
        """
        points = [
            point
            for topic, payload in messages
            if topic.startswith(TOPIC)
            for point in self._points(payload)
        ]
        times_ns = self._clock.host_times_ns([device_ns for device_ns, _, _ in points], arrival_ns)
        return [
            GazeSample(t_ns, left, right, device_ns)
            for t_ns, (device_ns, left, right) in zip(times_ns, points, strict=True)
            if t_ns is not None
        ]

    def _points(self, payload: bytes) -> list[_Point]:
        """Return the gaze points of one message on the display, in the order of time."""
        message = self._message(payload)
        name = None if message is None else message.get("name")
        gazes = None if message is None else message.get("gaze_on_surfaces")
        if not isinstance(name, str) or not isinstance(gazes, list):
            self.rejected_count += 1
            return []
        if len(self.surfaces) < _MOST_SURFACES:
            self.surfaces.add(name)
        self.surface = self.surface or name
        if name != self.surface:
            return []
        points = [point for gaze in gazes if (point := self._point(gaze)) is not None]
        return sorted(points, key=lambda point: point[0])

    def _message(self, payload: bytes) -> Mapping[Any, Any] | None:
        if len(payload) > LONGEST_MESSAGE:
            return None
        try:
            message = self._unpack(payload, raw=False, strict_map_key=False)
        except self._unpack_errors:
            return None
        return message if isinstance(message, Mapping) else None

    def _point(self, gaze: object) -> _Point | None:
        """Return device time and both eyes of one gaze point."""
        values: Mapping[Any, Any] = gaze if isinstance(gaze, Mapping) else {}
        time_s, confidence = _number(values.get("timestamp")), _number(values.get("confidence"))
        position = values.get("norm_pos")
        if not abs(time_s) < _LATEST_S or not isinstance(position, list) or len(position) != 2:
            self.rejected_count += 1
            return None
        x, y_up = _number(position[0]), _number(position[1])
        valid = confidence >= LEAST_CONFIDENCE and math.isfinite(x) and math.isfinite(y_up)
        eye = EyeSample(DisplayPoint(x, 1.0 - y_up), True) if valid else _LOST
        eyes = _EYES.match(str(values.get("topic")))
        which = eyes[1] if eyes is not None else "01"
        left, right = eye if "1" in which else _LOST, eye if "0" in which else _LOST
        return round(time_s * 1e9), left, right


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)  # msgpack's whole numbers have 64 bits
