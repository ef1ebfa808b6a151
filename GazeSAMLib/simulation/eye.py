"""How an eye moves: saccades, and what it does while it rests.

A model of a reader's gaze that has the statistics which matter for finding fixations in it, not
a model of the oculomotor system. A direction of gaze is one complex number, x + iy in degrees
from the display's centre, y down.

References
----------
Bahill, Clark and Stark (1975). The main sequence, a tool for studying human eye movements.
Mathematical Biosciences 24. https://doi.org/10.1016/0025-5564(75)90075-9

Carpenter (1988). Movements of the eyes, 2nd edition. Pion. Duration of saccades.

Flash and Hogan (1985). The coordination of arm movements. Journal of Neuroscience 5. The
minimum-jerk profile; a saccade's own is slightly skewed (Harwood, Mezey and Harris 1999,
https://doi.org/10.1523/JNEUROSCI.19-20-09098.1999), less than a tracker shows.

van Beers (2007). The sources of variability in saccadic eye movements. Journal of
Neuroscience 27. https://doi.org/10.1523/JNEUROSCI.2311-07.2007. Scatter of landings.

Kuang, Poletti, Victor and Rucci (2012). Temporal encoding of spatial information during active
visual fixation. Current Biology 22. https://doi.org/10.1016/j.cub.2012.01.050. Drift as a
random walk.

Engbert and Kliegl (2004). Microsaccades keep the eyes' balance during fixation. Psychological
Science 15. https://doi.org/10.1111/j.0956-7976.2004.00672.x

Martinez-Conde, Macknik, Troncoso and Hubel (2009). Microsaccades: a neurophysiological
analysis. Trends in Neurosciences 32. https://doi.org/10.1016/j.tins.2009.05.006. Rates, sizes.
"""

import cmath
import math
from dataclasses import dataclass

import numpy as np

SACCADE_MS_PER_DEG = 2.2
SACCADE_MS_AT_ZERO = 21.0

LANDING_GAIN = (0.97, 0.04)  # mean and standard deviation, of the way
LANDING_SIDEWAYS_SD = 0.03  # of the way
CORRECTED_FROM_DEG = 0.25
CORRECTION_LATENCY_MS = (120.0, 200.0)

DRIFT_DEG2_PER_S = 40.0 / 3600.0  # 40 square minutes of arc a second; mean square is 4 D t
MICROSACCADES_PER_S = 1.2
MICROSACCADE_MEDIAN_DEG = 0.25
MICROSACCADE_LARGEST_DEG = 1.0
RETURNS_FROM_DEG = 0.15
REFRACTORY_S = 0.15


def saccade_duration_ms(amplitude_deg: float) -> float:
    """Return how long a saccade lasts (the main sequence; Carpenter 1988)."""
    return SACCADE_MS_AT_ZERO + SACCADE_MS_PER_DEG * amplitude_deg


def minimum_jerk(share_of_time: float) -> float:
    """Return which share of the way is done (Flash and Hogan 1985)."""
    s = min(max(share_of_time, 0.0), 1.0)
    return s**3 * (10.0 + s * (6.0 * s - 15.0))


@dataclass(frozen=True, slots=True)
class Saccade:
    """One jump of the gaze, of any size."""

    start_s: float
    origin_deg: complex
    landing_deg: complex

    @property
    def end_s(self) -> float:
        """Time at which the eye rests again."""
        return self.start_s + 1e-3 * saccade_duration_ms(abs(self.landing_deg - self.origin_deg))

    def at(self, t_s: float) -> complex:
        """Return the direction of gaze at a time."""
        share = minimum_jerk((t_s - self.start_s) / (self.end_s - self.start_s))
        return self.origin_deg + share * (self.landing_deg - self.origin_deg)


class Eye:
    """Both eyes' common direction of gaze, moved on in steps of any length.

    Parameters
    ----------
    rng : Generator
        All that is random about it.

    Attributes
    ----------
    gaze_deg : complex
        Where it looks now, x + iy.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.gaze_deg = 0j
        self._rng = rng
        self._t_s = 0.0
        self._target_deg = 0j
        self._saccade: Saccade | None = None
        self._correction_s = math.inf
        self._microsaccade_s = self._next_microsaccade()

    def look_at(self, target_deg: complex) -> float:
        """Start a saccade to a target now; return how long until the eye rests there, ms.

        Where the landing is off, a second saccade follows, and the eye rests after that.
        """
        way = target_deg - self.gaze_deg
        gain = self._rng.normal(*LANDING_GAIN) + 1j * self._rng.normal(0.0, LANDING_SIDEWAYS_SD)
        latency_s = 1e-3 * self._rng.uniform(*CORRECTION_LATENCY_MS)
        self._target_deg = target_deg
        self._saccade = Saccade(self._t_s, self.gaze_deg, self.gaze_deg + complex(gain) * way)
        self._correction_s = math.inf
        left_deg = abs(target_deg - self._saccade.landing_deg)
        rests_s = self._saccade.end_s
        if left_deg > CORRECTED_FROM_DEG:
            self._correction_s = rests_s + latency_s
            rests_s = self._correction_s + 1e-3 * saccade_duration_ms(left_deg)
        return 1e3 * (rests_s - self._t_s)

    def advance(self, step_s: float) -> complex:
        """Let time pass and return the direction of gaze then."""
        self._t_s += step_s
        if self._saccade is not None:
            self.gaze_deg = self._saccade.at(self._t_s)
            if self._t_s >= self._saccade.end_s:
                self._saccade = None
                self._microsaccade_s = self._next_microsaccade()
            return self.gaze_deg
        self.gaze_deg += self._drift(step_s)
        if self._t_s >= self._correction_s:
            self._correction_s = math.inf
            self._saccade = Saccade(self._t_s, self.gaze_deg, self._target_deg)
        elif self._t_s >= self._microsaccade_s:
            self._saccade = Saccade(self._t_s, self.gaze_deg, self._microsaccade_landing())
        return self.gaze_deg

    def _drift(self, step_s: float) -> complex:
        x_deg, y_deg = self._rng.normal(0.0, math.sqrt(2.0 * DRIFT_DEG2_PER_S * step_s), 2)
        return complex(x_deg, y_deg)

    def _next_microsaccade(self) -> float:
        wait_s = REFRACTORY_S + self._rng.exponential(1.0 / MICROSACCADES_PER_S - REFRACTORY_S)
        return self._t_s + float(wait_s)

    def _microsaccade_landing(self) -> complex:
        """Go back towards the target where the gaze has strayed, else anywhere (Engbert 2004)."""
        left = self._target_deg - self.gaze_deg
        if abs(left) > RETURNS_FROM_DEG:
            gain = complex(self._rng.normal(1.0, 0.2), self._rng.normal(0.0, 0.2))
            way = gain * left
        else:
            amplitude_deg = MICROSACCADE_MEDIAN_DEG * self._rng.lognormal(0.0, 0.4)
            way = cmath.rect(amplitude_deg, self._rng.uniform(0.0, 2.0 * math.pi))
        return self.gaze_deg + way * min(1.0, MICROSACCADE_LARGEST_DEG / max(abs(way), 1e-9))


class Lids:
    """Spontaneous blinks: the lids fall within 70 ms, stay down, and rise in twice that time.

    References
    ----------
    VanderWerf, Brassinga, Reits, Aramideh and Ongerboer de Visser (2003). Eyelid movements:
    behavioral studies of blinking in humans under different stimulus conditions. Journal of
    Neurophysiology 89. https://doi.org/10.1152/jn.00557.2002
    """

    FALL_S = 0.07
    RISE_S = 0.14

    def __init__(self, rng: np.random.Generator, blinks_per_min: float) -> None:
        self._rng = rng
        self._mean_wait_s = 60.0 / blinks_per_min if blinks_per_min > 0.0 else math.inf
        self._t_s = 0.0
        self._plan()

    def advance(self, step_s: float) -> float:
        """Let time pass; return how far the lids are down, 0 to 1."""
        self._t_s += step_s
        since_s = self._t_s - self._fall_s
        if since_s < 0.0:
            return 0.0
        risen_s = since_s - self.FALL_S - self._down_s
        if risen_s >= self.RISE_S:
            self._plan()
            return 0.0
        return min(1.0, since_s / self.FALL_S, 1.0 - max(risen_s, 0.0) / self.RISE_S)

    def _plan(self) -> None:
        wait = self._rng.exponential()  # drawn also where nobody blinks: the same draws follow
        self._down_s = 0.06 * float(self._rng.lognormal(0.0, 0.5))
        self._fall_s = self._t_s + 0.5 + wait * self._mean_wait_s
