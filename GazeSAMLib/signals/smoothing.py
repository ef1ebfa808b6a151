"""Smooth the gaze without holding back its jumps."""

import math

from OneEuroFilter import OneEuroFilter

from GazeSAMLib.signals.types import GazePoint

_SPEED_CUTOFF_HZ = 1.0
_ANY_RATE_HZ = 100.0  # replaced by the timestamps from the second sample on
_FIRST_TIME_S = 1.0  # the package takes a time of exactly 0 for "no time given"


class OneEuroSmoothing:
    """One-Euro filter on visual angles, with the samples' own times.

    A low-pass filter whose cutoff rises with the speed of the gaze: a resting gaze is
    smoothed hard, a saccade passes.

    Parameters
    ----------
    min_cutoff_hz : float
        Cutoff for a gaze at rest.
    beta : float
        Rise of the cutoff, Hz per degree per second.

    References
    ----------
    Casiez, Roussel and Vogel (2012). 1 € Filter: a simple speed-based low-pass filter for
    noisy input in interactive systems. CHI '12. https://doi.org/10.1145/2207676.2208639
    """

    def __init__(self, min_cutoff_hz: float = 1.0, beta: float = 0.3) -> None:
        self._min_cutoff_hz = min_cutoff_hz
        self._beta = beta
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next point passes unchanged.

        New filters, because the package's own ``reset`` keeps the last value and takes the
        first step after it for a movement.
        """
        self._x = OneEuroFilter(_ANY_RATE_HZ, self._min_cutoff_hz, self._beta, _SPEED_CUTOFF_HZ)
        self._y = OneEuroFilter(_ANY_RATE_HZ, self._min_cutoff_hz, self._beta, _SPEED_CUTOFF_HZ)
        self._origin_ns: int | None = None

    def smooth(self, point: GazePoint) -> GazePoint:
        """Return the smoothed point at the same time."""
        if self._origin_ns is None:
            self._origin_ns = point.t_ns
        time_s = 1e-9 * (point.t_ns - self._origin_ns) + _FIRST_TIME_S
        return GazePoint(point.t_ns, self._x(point.x_deg, time_s), self._y(point.y_deg, time_s))

    def passed_sd_deg(self, sd_deg: float, interval_s: float) -> float:
        """Return how much of white noise is left after smoothing a gaze at rest.

        The filter takes a step from its last output for speed, so noise raises its cutoff;
        both low-pass filters in it are first-order, where a share ``a`` of each new value
        leaves ``sqrt(a / (2 - a))`` of the standard deviation.

        Parameters
        ----------
        sd_deg : float
            Standard deviation of one axis before smoothing.
        interval_s : float
            Time between samples.
        """
        speed_sd = sd_deg / interval_s * _passed_share(_SPEED_CUTOFF_HZ, interval_s)
        mean_speed = speed_sd * math.sqrt(2.0 / math.pi)
        cutoff_hz = self._min_cutoff_hz + self._beta * mean_speed
        return sd_deg * _passed_share(cutoff_hz, interval_s)


def _passed_share(cutoff_hz: float, interval_s: float) -> float:
    turn = 2.0 * math.pi * cutoff_hz * interval_s
    share = turn / (1.0 + turn)
    return math.sqrt(share / (2.0 - share))
