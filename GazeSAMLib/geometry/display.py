"""The tracked display: fractions of it, pixels of the desktop, and degrees at the reader's eye."""

import math
from dataclasses import dataclass

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import DisplayPoint, ScreenPoint


@dataclass(frozen=True, slots=True)
class DisplayGeometry:
    """Where the tracked display lies on the desktop, how large it is, how far the reader sits.

    Parameters
    ----------
    left_px, top_px : float
        Top-left corner on Qt's virtual desktop, logical pixels (``QScreen.geometry``).
    width_px, height_px : float
        Size in logical pixels.
    width_mm, height_mm : float
        Size of the lit area.
    distance_mm : float
        From the eye to the display's centre.

    Raises
    ------
    GeometryError
        If a size or the distance is not a positive finite number.
    """

    left_px: float
    top_px: float
    width_px: float
    height_px: float
    width_mm: float
    height_mm: float
    distance_mm: float

    def __post_init__(self) -> None:
        for name in ("width_px", "height_px", "width_mm", "height_mm", "distance_mm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise GeometryError(f"the display's {name} must be a positive number, got {value}")
        if not (math.isfinite(self.left_px) and math.isfinite(self.top_px)):
            raise GeometryError("the display's position on the desktop is not finite")

    def screen_from_display(self, point: DisplayPoint) -> ScreenPoint:
        """Map a fraction of the display to logical desktop pixels."""
        return ScreenPoint(
            self.left_px + point.x * self.width_px, self.top_px + point.y * self.height_px
        )

    def display_from_screen(self, point: ScreenPoint) -> DisplayPoint:
        """Map logical desktop pixels to a fraction of the display."""
        return DisplayPoint(
            (point.x_px - self.left_px) / self.width_px, (point.y_px - self.top_px) / self.height_px
        )

    def degrees_from_display(self, point: DisplayPoint) -> tuple[float, float]:
        """Return the visual angle (x, y) in degrees from the display's centre, y down.

        The eye is taken to be opposite the centre; each axis is an arctangent of its own,
        which keeps the map invertible.
        """
        return (
            math.degrees(math.atan2((point.x - 0.5) * self.width_mm, self.distance_mm)),
            math.degrees(math.atan2((point.y - 0.5) * self.height_mm, self.distance_mm)),
        )

    def display_from_degrees(self, x_deg: float, y_deg: float) -> DisplayPoint:
        """Map a visual angle in degrees from the display's centre to a fraction of the display."""
        return DisplayPoint(
            0.5 + math.tan(math.radians(x_deg)) * self.distance_mm / self.width_mm,
            0.5 + math.tan(math.radians(y_deg)) * self.distance_mm / self.height_mm,
        )

    @property
    def screen_px_per_deg(self) -> float:
        """Logical pixels per degree at the display's centre, mean of both axes."""
        mm_per_deg = self.distance_mm * math.tan(math.radians(1.0))
        return mm_per_deg * 0.5 * (self.width_px / self.width_mm + self.height_px / self.height_mm)
