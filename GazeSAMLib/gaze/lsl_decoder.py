"""From the values of a stream's sample to a gaze sample; knows no liblsl."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.lsl_channels import ChannelMap, Eye, EyeChannels, Unit
from GazeSAMLib.gaze.lsl_description import StreamDescription
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

VALID_FROM: Final = 0.6
MOST_DEGREES: Final = 80.0
"""No eye turns further; the tangent stays tame."""

_NOWHERE: Final = DisplayPoint(math.nan, math.nan)
_EYELINK_MISSING: Final = -32768.0
_WIDEST_PUPIL_MM: Final = 15.0


@dataclass(frozen=True, slots=True)
class TrackedDisplay:
    """What is needed to place gaze in pixels or degrees on the display.

    Attributes
    ----------
    size_px : tuple of float
        Width and height in the tracker's pixels.
    size_mm : tuple of float
        Width and height of the lit area.
    distance_mm : float
        From the eye to its centre.
    """

    size_px: tuple[float, float]
    size_mm: tuple[float, float]
    distance_mm: float


class SampleDecoder:
    """Reads samples of one stream.

    Parameters
    ----------
    stream : StreamDescription
        The stream.
    channels : ChannelMap
        How to read it.
    display : TrackedDisplay or None
        Needed where the unit is not a fraction; in pixels, what the stream itself says of
        its display comes first.

    Raises
    ------
    TrackerError
        If the display is needed and not known.
    """

    def __init__(
        self, stream: StreamDescription, channels: ChannelMap, display: TrackedDisplay | None = None
    ) -> None:
        self._channels = channels
        self._count = len(stream.channels)
        self._display = display
        self._size_px = stream.display_px or (display.size_px if display else None)
        if channels.unit is Unit.PIXELS and self._size_px is None:
            raise TrackerError(
                f"the stream '{stream.name}' gives gaze in pixels and not the display's size: "
                "say which display is tracked"
            )
        if channels.unit is Unit.DEGREES and display is None:
            raise TrackerError(
                f"the stream '{stream.name}' gives gaze in degrees: say how large the display is "
                "and how far the reader sits"
            )

    def sample(self, values: Sequence[float], t_ns: int) -> GazeSample | None:
        """Return the gaze sample of one sample's values; None if their number is wrong."""
        if len(values) != self._count:
            return None
        eyes = self._channels.eyes
        both = eyes.get(Eye.BOTH)
        if both is not None:
            eye = self._eye(both, values)
            return GazeSample(t_ns, eye, eye, self._device_t_ns(values))
        left, right = eyes.get(Eye.LEFT), eyes.get(Eye.RIGHT)
        return GazeSample(
            t_ns,
            None if left is None else self._eye(left, values),
            None if right is None else self._eye(right, values),
            self._device_t_ns(values),
        )

    def _eye(self, eye: EyeChannels, values: Sequence[float]) -> EyeSample:
        point = self._point(float(values[eye.x]), float(values[eye.y]))
        valid = eye.valid is None or values[eye.valid] >= VALID_FROM
        pupil_mm = None
        if eye.pupil is not None:
            size_mm = values[eye.pupil] * eye.pupil_mm_per_unit
            pupil_mm = size_mm if 0.0 < size_mm < _WIDEST_PUPIL_MM else None
        return EyeSample(point, valid and point is not _NOWHERE, pupil_mm)

    def _point(self, x: float, y: float) -> DisplayPoint:
        if not (math.isfinite(x) and math.isfinite(y)):
            return _NOWHERE
        unit = self._channels.unit
        if unit is Unit.PIXELS and self._size_px is not None:
            # Senders say in these ways that an eye is lost: EyeLink's constant, and zeros.
            if x == y == 0.0 or _EYELINK_MISSING in (x, y):
                return _NOWHERE
            x, y = x / self._size_px[0], y / self._size_px[1]
        elif unit is Unit.DEGREES and self._display is not None:
            if max(abs(x), abs(y)) > MOST_DEGREES:
                return _NOWHERE
            if self._channels.y_up:
                y = -y
            distance_mm, (width_mm, height_mm) = self._display.distance_mm, self._display.size_mm
            return DisplayPoint(
                0.5 + math.tan(math.radians(x)) * distance_mm / width_mm,
                0.5 + math.tan(math.radians(y)) * distance_mm / height_mm,
            )
        return DisplayPoint(x, 1.0 - y if self._channels.y_up else y)

    def _device_t_ns(self, values: Sequence[float]) -> int | None:
        channel = self._channels.device_time
        if channel is None:
            return None
        t_ns = values[channel] * self._channels.device_time_ns_per_unit
        return round(t_ns) if math.isfinite(t_ns) and abs(t_ns) < 2.0**63 else None
