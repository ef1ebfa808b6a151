"""Find fixations in a stream of points: velocity against a threshold (I-VT)."""

from collections import deque

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.fixation import FEWEST_SAMPLES
from GazeSAMLib.signals.rest import Rest, foreseen_rest
from GazeSAMLib.signals.types import Fixation, FixationPhase, FixationUpdate, GazePoint

SPAN_NS = 20_000_000
"""Velocity is taken over this time (Olsen 2012), so that it means the same at any rate."""

_SLACK_NS = 500_000  # trackers' times jitter


class VelocityDetector:
    """Streaming I-VT for any sampling rate and irregular times.

    A sample belongs to a fixation while the smoothed gaze has moved more slowly than the
    threshold over the last 20 ms (at low rates: since the sample before). Once such samples
    last `min_duration_ms` a fixation starts; the first faster one ends it. The threshold is
    given with each sample, so that it can follow the noise: fixed at 30 degrees a second, I-VT
    misses most fixations of noisy trackers.

    Unlike I-DT it takes following a slow target for a fixation. Centre and spread are those of
    the measured gaze, which has no lag. Constant cost per sample; memory is bounded by the
    samples in `min_duration_ms`.

    References
    ----------
    Salvucci and Goldberg (2000). Identifying fixations and saccades in eye-tracking
    protocols. ETRA '00. https://doi.org/10.1145/355017.355028

    Olsen (2012). The Tobii I-VT fixation filter. Tobii Technology. Span of 20 ms, threshold of
    30 degrees a second.
    """

    def __init__(self, display: DisplayGeometry, min_duration_ms: float = 100.0) -> None:
        self._display = display
        self._min_duration_ns = round(min_duration_ms * 1e6)
        self._span: deque[GazePoint] = deque()
        self._slow: list[tuple[GazePoint, GazePoint]] = []
        self._rest: Rest | None = None

    def add(
        self, smoothed: GazePoint, measured: GazePoint, threshold_deg_s: float
    ) -> FixationUpdate | None:
        """Take in the next sample, later than the one before.

        Parameters
        ----------
        smoothed, measured : GazePoint
            The same sample after and before smoothing.
        threshold_deg_s : float
            Velocity from which on the gaze is on its way.

        Returns
        -------
        FixationUpdate or None
            None while the gaze is between fixations.
        """
        if self._velocity_deg_s(smoothed) > threshold_deg_s:
            self._slow.clear()
            return self._end()
        if self._rest is not None:
            self._rest.add(smoothed, measured)
            return FixationUpdate(FixationPhase.CONTINUED, self._rest.fixation(self._display))
        self._slow.append((smoothed, measured))
        duration_ns = smoothed.t_ns - self._slow[0][0].t_ns
        if duration_ns < self._min_duration_ns or len(self._slow) < FEWEST_SAMPLES:
            return None
        self._rest = Rest(self._slow)
        self._slow.clear()
        return FixationUpdate(FixationPhase.STARTED, self._rest.fixation(self._display))

    @property
    def foreseen(self) -> Fixation | None:
        """What becomes a fixation if the gaze rests a little longer; None while one runs."""
        rest = foreseen_rest(self._slow, self._min_duration_ns)
        return None if rest is None else rest.fixation(self._display)

    def end(self) -> FixationUpdate | None:
        """Forget the past; returns the end of the running fixation, if one runs."""
        self._span.clear()
        self._slow.clear()
        return self._end()

    def _end(self) -> FixationUpdate | None:
        rest, self._rest = self._rest, None
        if rest is None:
            return None
        return FixationUpdate(FixationPhase.ENDED, rest.fixation(self._display))

    def _velocity_deg_s(self, newest: GazePoint) -> float:
        span = self._span
        span.append(newest)
        # The newest of those that lie at least a span back; else the oldest there is.
        while len(span) > 2 and newest.t_ns - span[1].t_ns >= SPAN_NS - _SLACK_NS:
            span.popleft()
        oldest = span[0]
        if oldest is newest:
            return 0.0
        dx_deg, dy_deg = newest.x_deg - oldest.x_deg, newest.y_deg - oldest.y_deg
        return float((dx_deg * dx_deg + dy_deg * dy_deg) ** 0.5 * 1e9 / (newest.t_ns - oldest.t_ns))
