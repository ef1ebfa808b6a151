"""Find fixations in a stream of points: dispersion over time (I-DT)."""

import math
from collections import deque

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.sliding_range import SlidingRange
from GazeSAMLib.signals.types import Fixation, FixationPhase, FixationUpdate, GazePoint

HOLD_RATIO = 1.4
"""Dispersion at which a fixation ends, over the dispersion at which one starts.

One threshold for both cuts fixations in two: at the start the smoothed gaze still creeps
towards its target and uses the threshold up. With 1.4 none to three in a hundred were cut
(simulated, 30 to 600 Hz, noise up to 0.5 degree), with 1.0 twenty-four.
"""

_FEWEST_SAMPLES = 3


class DispersionDetector:
    """Streaming I-DT for any sampling rate and irregular times.

    A window grows sample by sample and loses its oldest ones while its dispersion, (largest
    x - least x) + (largest y - least y), is above a threshold. Once it lasts `min_duration_ms`
    a fixation starts, and goes on until a sample would widen it beyond `HOLD_RATIO` times
    the threshold. The threshold is given with each sample, so that it can follow the noise.

    The smoothed gaze decides what belongs to the fixation; its centre and spread are those of
    the measured gaze, which has no lag. Constant cost per sample on average; memory is bounded
    by the samples in `min_duration_ms`.

    References
    ----------
    Salvucci and Goldberg (2000). Identifying fixations and saccades in eye-tracking
    protocols. ETRA '00. https://doi.org/10.1145/355017.355028
    """

    def __init__(self, display: DisplayGeometry, min_duration_ms: float = 100.0) -> None:
        self._display = display
        self._min_duration_ns = round(min_duration_ms * 1e6)
        self._window: deque[tuple[GazePoint, GazePoint]] = deque()
        self._x_range = SlidingRange()
        self._y_range = SlidingRange()
        self._rest: _Rest | None = None

    def add(
        self, smoothed: GazePoint, measured: GazePoint, threshold_deg: float
    ) -> FixationUpdate | None:
        """Take in the next sample, later than the one before.

        Parameters
        ----------
        smoothed, measured : GazePoint
            The same sample after and before smoothing.
        threshold_deg : float
            Dispersion at which a fixation may start.

        Returns
        -------
        FixationUpdate or None
            None while the gaze is between fixations.
        """
        if self._rest is None:
            return self._search(smoothed, measured, threshold_deg)
        if self._rest.dispersion_with(smoothed) <= HOLD_RATIO * threshold_deg:
            self._rest.add(smoothed, measured)
            return self._update(FixationPhase.CONTINUED, self._rest)
        ended = self.end()
        self._search(smoothed, measured, threshold_deg)
        return ended

    def end(self) -> FixationUpdate | None:
        """Forget the past; returns the end of the running fixation, if one runs."""
        rest, self._rest = self._rest, None
        self._clear_window()
        return None if rest is None else self._update(FixationPhase.ENDED, rest)

    def _search(
        self, smoothed: GazePoint, measured: GazePoint, threshold_deg: float
    ) -> FixationUpdate | None:
        window, x_range, y_range = self._window, self._x_range, self._y_range
        window.append((smoothed, measured))
        x_range.push(smoothed.t_ns, smoothed.x_deg)
        y_range.push(smoothed.t_ns, smoothed.y_deg)
        while (x_range.largest - x_range.least) + (y_range.largest - y_range.least) > threshold_deg:
            window.popleft()
            x_range.expire(window[0][0].t_ns)
            y_range.expire(window[0][0].t_ns)
        duration_ns = smoothed.t_ns - window[0][0].t_ns
        if duration_ns < self._min_duration_ns or len(window) < _FEWEST_SAMPLES:
            return None
        self._rest = _Rest(window)
        self._clear_window()
        return self._update(FixationPhase.STARTED, self._rest)

    def _clear_window(self) -> None:
        self._window.clear()
        self._x_range.clear()
        self._y_range.clear()

    def _update(self, phase: FixationPhase, rest: "_Rest") -> FixationUpdate:
        return FixationUpdate(phase, rest.fixation(self._display))


class _Rest:
    """The running fixation as bounds and sums: however long it lasts, a few numbers."""

    __slots__ = (
        "_bottom_deg", "_count", "_end_ns", "_left_deg", "_origin", "_right_deg", "_start_ns",
        "_sum_square", "_sum_x", "_sum_y", "_top_deg",
    )  # fmt: skip

    def __init__(self, window: deque[tuple[GazePoint, GazePoint]]) -> None:
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
        variance = self._sum_square / self._count - mean_x * mean_x - mean_y * mean_y
        centre = display.display_from_degrees(
            self._origin.x_deg + mean_x, self._origin.y_deg + mean_y
        )
        return Fixation(
            self._start_ns, self._end_ns, centre, math.sqrt(max(variance, 0.0)), self._count
        )
