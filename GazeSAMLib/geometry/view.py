"""A slice view's rectangle on the desktop, and the one flip of y and device-pixel ratio in GazeSAM.

Pixel rules: a screen position is continuous, logical pixel i covers [i, i + 1). A widget of
w x h logical pixels whose slice node has W x H device pixels maps as
``x_view = (x_screen - left) * W / w - 0.5`` and ``y_view = H - 0.5 - (y_screen - top) * H / h``.
The ratio is taken per axis and never rounded: a 318 x 205 widget at 150 % has 477 x 308
device pixels.
"""

import math
from dataclasses import dataclass

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import ScreenPoint, ViewPoint


@dataclass(frozen=True, slots=True)
class ViewLayout:
    """Where a slice view is now.

    Parameters
    ----------
    left_px, top_px : float
        Top-left corner of the view's widget on the desktop, logical pixels.
    width_px, height_px : float
        Size of the widget, logical pixels.
    view_width, view_height : int
        Dimensions of the slice node, device pixels.

    Raises
    ------
    GeometryError
        If a size is not positive or a number is not finite.
    """

    left_px: float
    top_px: float
    width_px: float
    height_px: float
    view_width: int
    view_height: int

    def __post_init__(self) -> None:
        numbers = (self.left_px, self.top_px, self.width_px, self.height_px)
        sizes = (self.width_px, self.height_px, self.view_width, self.view_height)
        if not all(math.isfinite(n) for n in numbers) or min(sizes) <= 0:
            raise GeometryError(f"a view needs a finite position and a positive size, got {self}")

    @property
    def pixel_ratio(self) -> tuple[float, float]:
        """Device pixels per logical pixel along x and y."""
        return (self.view_width / self.width_px, self.view_height / self.height_px)

    def view_from_screen(self, point: ScreenPoint) -> ViewPoint | None:
        """Map a desktop position into the view; None where it lies outside the widget."""
        x_widget = point.x_px - self.left_px
        y_widget = point.y_px - self.top_px
        if not (0.0 <= x_widget < self.width_px and 0.0 <= y_widget < self.height_px):
            return None
        x_ratio, y_ratio = self.pixel_ratio
        return ViewPoint(x_widget * x_ratio - 0.5, self.view_height - 0.5 - y_widget * y_ratio)

    def screen_from_view(self, point: ViewPoint) -> ScreenPoint:
        """Map a view position (also one outside the widget) to the desktop."""
        x_ratio, y_ratio = self.pixel_ratio
        return ScreenPoint(
            self.left_px + (point.x + 0.5) / x_ratio,
            self.top_px + (self.view_height - 0.5 - point.y) / y_ratio,
        )
