"""A fixation while it runs."""

import math
from collections.abc import Sequence

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.types import Fixation, GazePoint

FORESEEN_SHARE = 0.5
"""Gaze that has rested for this share of the shortest fixation is likely to become one."""


class Rest:
    """The running fixation as bounds and sums: however long it lasts, a few numbers."""

    __slots__ = (
        "_bottom_deg", "_count", "_end_ns", "_left_deg", "_origin", "_right_deg", "_start_ns",
        "_sum_square", "_sum_x", "_sum_y", "_top_deg",
    )  # fmt: skip

    def __init__(self, window: Sequence[tuple[GazePoint, GazePoint]]) -> None:
        smoothed, measured = window[0]
        self._start_ns = self._end_ns = smoothed.t_ns
        self._left_deg = self._right_deg = smoothed.x_deg
        self._top_deg = self._bottom_deg = smoothed.y_deg
        # Sums start from the first point, not from the display's centre: no digits are lost.
        self._origin = measured
        self._count = 0
        self._sum_x = self._sum_y = self._sum_square = 0.0
        for pair in window:
            self.add(*pair)

    def dispersion_with(self, smoothed: GazePoint) -> float:
        """Return the dispersion if `smoothed` belonged to the fixation too."""
        x_deg, y_deg = smoothed.x_deg, smoothed.y_deg
        width_deg = max(self._right_deg, x_deg) - min(self._left_deg, x_deg)
        return width_deg + max(self._bottom_deg, y_deg) - min(self._top_deg, y_deg)

    def distance_deg(self, measured: GazePoint) -> float:
        """Return how far `measured` is from the centre."""
        dx_deg = measured.x_deg - self._origin.x_deg - self._sum_x / self._count
        dy_deg = measured.y_deg - self._origin.y_deg - self._sum_y / self._count
        return math.hypot(dx_deg, dy_deg)

    @property
    def spread_deg(self) -> float:
        """Standard deviation of the measured gaze around its centre, both axes together."""
        mean_x, mean_y = self._sum_x / self._count, self._sum_y / self._count
        return math.sqrt(max(self._sum_square / self._count - mean_x**2 - mean_y**2, 0.0))

    def add(self, smoothed: GazePoint, measured: GazePoint) -> None:
        """Take one more sample into the fixation."""
        self._left_deg = min(self._left_deg, smoothed.x_deg)
        self._right_deg = max(self._right_deg, smoothed.x_deg)
        self._top_deg = min(self._top_deg, smoothed.y_deg)
        self._bottom_deg = max(self._bottom_deg, smoothed.y_deg)
        dx_deg = measured.x_deg - self._origin.x_deg
        dy_deg = measured.y_deg - self._origin.y_deg
        self._sum_x += dx_deg
        self._sum_y += dy_deg
        self._sum_square += dx_deg * dx_deg + dy_deg * dy_deg
        self._count += 1
        self._end_ns = measured.t_ns

    def fixation(self, display: DisplayGeometry) -> Fixation:
        """Return the fixation as it is now."""
        mean_x = self._sum_x / self._count
        mean_y = self._sum_y / self._count
        centre = display.display_from_degrees(
            self._origin.x_deg + mean_x, self._origin.y_deg + mean_y
        )
        return Fixation(self._start_ns, self._end_ns, centre, self.spread_deg, self._count)


def foreseen_rest(
    window: Sequence[tuple[GazePoint, GazePoint]], min_duration_ns: int
) -> Rest | None:
    """Return what may become a fixation; None where the gaze has not rested for long enough.

    Parameters
    ----------
    window : sequence of (GazePoint, GazePoint)
        The samples that may be of it, smoothed and measured.
    min_duration_ns : int
        Of a fixation.
    """
    if not window or window[-1][0].t_ns - window[0][0].t_ns < FORESEEN_SHARE * min_duration_ns:
        return None
    return Rest(window)
