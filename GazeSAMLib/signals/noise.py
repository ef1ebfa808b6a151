"""How noisy the tracker is, measured while it runs."""

import math
from bisect import bisect_left, insort
from collections import deque

from GazeSAMLib.signals.types import GazePoint

WINDOW_STEPS = 255
"""Steps between samples that the estimate looks back on."""

_FEWEST_STEPS = 16


class NoiseEstimator:
    """Running precision (root mean square of the sample-to-sample step) of the unsmoothed gaze.

    The mean square would be ruled by saccades. Where both coordinates of a step are normal
    with one variance, its square is exponentially distributed, so the mean square is the
    median over ln 2: the same number for noise, but deaf to the few steps within saccades.

    Parameters
    ----------
    expected_rms_deg : float
        Answer until enough steps were seen.
    """

    def __init__(self, expected_rms_deg: float) -> None:
        self._expected_rms_deg = expected_rms_deg
        self._previous: GazePoint | None = None
        self._steps: deque[tuple[float, int]] = deque()
        self._sorted_squares: list[float] = []
        self._time_ns = 0

    def add(self, point: GazePoint) -> None:
        """Take in the next point; cost O(log window)."""
        previous, self._previous = self._previous, point
        if previous is None:
            return
        dx_deg = point.x_deg - previous.x_deg
        dy_deg = point.y_deg - previous.y_deg
        square = dx_deg * dx_deg + dy_deg * dy_deg
        interval_ns = point.t_ns - previous.t_ns
        if len(self._steps) == WINDOW_STEPS:
            oldest_square, oldest_ns = self._steps.popleft()
            del self._sorted_squares[bisect_left(self._sorted_squares, oldest_square)]
            self._time_ns -= oldest_ns
        self._steps.append((square, interval_ns))
        insort(self._sorted_squares, square)
        self._time_ns += interval_ns

    def skip(self) -> None:
        """Say that the next point does not follow the last one: a gap lies between."""
        self._previous = None

    @property
    def rms_deg(self) -> float:
        """Root mean square of the step from sample to sample, over both axes together."""
        count = len(self._sorted_squares)
        if count < _FEWEST_STEPS:
            return self._expected_rms_deg
        return math.sqrt(self._sorted_squares[count // 2] / math.log(2.0))

    @property
    def sd_deg(self) -> float:
        """Standard deviation of one axis, taking the noise of successive samples as unrelated."""
        return 0.5 * self.rms_deg

    @property
    def interval_s(self) -> float | None:
        """Mean time between samples, None before there are two."""
        return 1e-9 * self._time_ns / len(self._steps) if self._steps else None
