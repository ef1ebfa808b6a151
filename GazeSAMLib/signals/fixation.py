"""Find fixations in a stream of points: dispersion over time (I-DT)."""

from collections import deque

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.rest import Rest, foreseen_rest
from GazeSAMLib.signals.sliding_range import SlidingRange
from GazeSAMLib.signals.types import Fixation, FixationPhase, FixationUpdate, GazePoint

HOLD_RATIO = 1.4
"""Dispersion at which a fixation ends, over the dispersion at which one starts.

One threshold for both cuts fixations in two: at the start the smoothed gaze still creeps
towards its target and uses the threshold up. With 1.4 none to three in a hundred were cut
(simulated, 30 to 600 Hz, noise up to 0.5 degree), with 1.0 twenty-four.
"""

FEWEST_SAMPLES = 3
"""Of a fixation, however slow the tracker."""

LEAVING_SHARE, LEAVING_SPREADS = 0.5, 2.5
"""A measured sample this far from the centre is not the fixation's: share of the dispersion
that ends it, and the fixation's own spread, whichever is more.

The smoothed gaze lags: with a slow tracker the first samples of a saccade pass for the old
fixation and would drag its centre along, just when the reader presses the key.
"""

LEFT_MS = 50.0
"""So long away, the eye has gone to another place, however near; a noisy sample is back sooner."""


class DispersionDetector:
    """Streaming I-DT for any sampling rate and irregular times.

    A window grows sample by sample and loses its oldest ones while its dispersion, (largest
    x - least x) + (largest y - least y), is above a threshold. Once it lasts `min_duration_ms`
    a fixation starts, and goes on until a sample would widen it beyond `HOLD_RATIO` times
    the threshold. The threshold is given with each sample, so that it can follow the noise.

    The smoothed gaze decides what belongs to the fixation; its centre and spread are those of
    the measured gaze, which has no lag, without samples that are on their way out. Constant cost
    per sample on average; memory is bounded by the samples in `min_duration_ms`.

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
        self._rest: Rest | None = None
        self._left_ns = round(1e6 * min(LEFT_MS, 0.5 * min_duration_ms))
        self._leaving: list[tuple[GazePoint, GazePoint]] = []

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
        rest, leaving = self._rest, self._leaving
        if rest is None:
            return self._search(smoothed, measured, threshold_deg)
        limit_deg = HOLD_RATIO * threshold_deg
        gone = rest.dispersion_with(smoothed) > limit_deg
        far_deg = max(LEAVING_SHARE * limit_deg, LEAVING_SPREADS * rest.spread_deg)
        if not gone and rest.distance_deg(measured) <= far_deg:
            leaving.clear()
            rest.add(smoothed, measured)
            return self._update(FixationPhase.CONTINUED, rest)
        leaving.append((smoothed, measured))
        if not gone and measured.t_ns - leaving[0][1].t_ns < self._left_ns:
            return self._update(FixationPhase.CONTINUED, rest)
        ended = self.end()
        for pair in leaving:
            if measured.t_ns - pair[1].t_ns < self._min_duration_ns:  # else it would start at once
                self._search(*pair, threshold_deg)
        return ended

    @property
    def foreseen(self) -> Fixation | None:
        """What becomes a fixation if the gaze rests a little longer; None while one runs."""
        rest = foreseen_rest(self._window, self._min_duration_ns)
        return None if rest is None else rest.fixation(self._display)

    def end(self) -> FixationUpdate | None:
        """Forget the past; returns the end of the running fixation, if one runs."""
        rest, self._rest, self._leaving = self._rest, None, []
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
        if duration_ns < self._min_duration_ns or len(window) < FEWEST_SAMPLES:
            return None
        self._rest = Rest(window)
        self._clear_window()
        return self._update(FixationPhase.STARTED, self._rest)

    def _clear_window(self) -> None:
        self._window.clear()
        self._x_range.clear()
        self._y_range.clear()

    def _update(self, phase: FixationPhase, rest: Rest) -> FixationUpdate:
        return FixationUpdate(phase, rest.fixation(self._display))
