"""What an eye tracker makes of a gaze: error, noise, lost eyes.

References
----------
Holmqvist, Nyström and Mulvey (2012). Eye tracker data quality: what it is and how to measure
it. ETRA '12. https://doi.org/10.1145/2168556.2168563. Accuracy, and precision as root mean
square of the step from sample to sample.

Niehorster, Zemblys, Beelders and Holmqvist (2020). Characterizing gaze position signals and
synthesizing noise during fixations in eye-tracking data. Behavior Research Methods 52.
https://doi.org/10.3758/s13428-020-01400-9. The noise of many trackers is coloured.
"""

import cmath
import math

import numpy as np

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.simulation.options import ReaderOptions

LOST_BEYOND_DEG = 12.0  # beside the display's edge
LOST_FROM_LIDS = 0.5
LID_PULL_DEG = 3.0  # the visible rest of a half-covered pupil lies lower
ONE_EYE_LOSS_S = 1.5
PUPIL_MM = 3.4
NOWHERE = DisplayPoint(math.nan, math.nan)


class Tracker:
    """Turns true gaze into samples of both eyes.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    options : ReaderOptions
        The error's size.
    rng : Generator
        All that is random about it.

    Attributes
    ----------
    offset_deg : complex
        The recording's constant error: measured minus true gaze, x + iy, y down.
    """

    def __init__(
        self, display: DisplayGeometry, options: ReaderOptions, rng: np.random.Generator
    ) -> None:
        direction = rng.uniform(0.0, 2.0 * math.pi)
        if options.offset_deg is None:
            self.offset_deg = cmath.rect(options.accuracy_deg, direction)
        else:
            self.offset_deg = complex(*options.offset_deg)
        x_deg, y_deg = rng.normal(0.0, 1.0, 2) * (0.5 * options.eye_disagreement_deg, 0.0)
        self._apart_deg = complex(x_deg, y_deg)
        self._display = display
        self._options = options
        self._rng = rng
        self._edge_deg = complex(*display.degrees_from_display(DisplayPoint(1.0, 1.0)))
        self._keeps = _kept_share(options)
        # Both eyes' noise is their own, so that of their mean is smaller by the root of two.
        self._sd_deg = options.precision_rms_deg / math.sqrt(2.0 * (1.0 - self._keeps))
        self._noise_deg = [self._white_noise() * self._sd_deg for _ in range(2)]
        self._lost_eye, self._lost_until_s = 0, 0.0
        self._lost_next_s = self._wait_for_loss()

    def sample(self, t_ns: int, t_s: float, gaze_deg: complex, lids: float) -> GazeSample:
        """Return the sample of one moment.

        Parameters
        ----------
        t_ns : int
            Time that the sample carries.
        t_s : float
            Time since the beginning.
        gaze_deg : complex
            True direction of gaze, x + iy.
        lids : float
            How far the lids are down, 0 to 1.
        """
        dropped = self._rng.random() < self._options.data_loss
        self._lose_an_eye(t_s)
        seen = not dropped and lids <= LOST_FROM_LIDS and self._in_reach(gaze_deg)
        eyes = []
        for index, side in enumerate((1.0, -1.0)):
            noise_deg = self._next_noise(index)
            if not seen or (t_s < self._lost_until_s and index == self._lost_eye):
                eyes.append(EyeSample(NOWHERE, valid=False))
                continue
            at_deg = gaze_deg + self.offset_deg + side * self._apart_deg + noise_deg
            at_deg += 1j * LID_PULL_DEG * lids**2
            point = self._display.display_from_degrees(at_deg.real, at_deg.imag)
            pupil_mm = round(PUPIL_MM + 0.15 * math.sin(2.0 * t_s), 3)
            rounded = DisplayPoint(round(point.x, 6), round(point.y, 6))
            eyes.append(EyeSample(rounded, valid=True, pupil_mm=pupil_mm))
        return GazeSample(t_ns, eyes[0], eyes[1], device_t_ns=t_ns - 1_000_000)

    def _in_reach(self, gaze_deg: complex) -> bool:
        beyond_x = abs(gaze_deg.real) - self._edge_deg.real
        beyond_y = abs(gaze_deg.imag) - self._edge_deg.imag
        return max(beyond_x, beyond_y) < LOST_BEYOND_DEG

    def _white_noise(self) -> complex:
        x, y = self._rng.normal(0.0, 1.0, 2)
        return complex(x, y)

    def _next_noise(self, index: int) -> complex:
        """First-order autoregressive: what is kept and what is new give the same variance."""
        new_deg = self._sd_deg * math.sqrt(1.0 - self._keeps**2) * self._white_noise()
        self._noise_deg[index] = self._keeps * self._noise_deg[index] + new_deg
        return self._noise_deg[index]

    def _lose_an_eye(self, t_s: float) -> None:
        if t_s >= self._lost_next_s:
            self._lost_eye = int(self._rng.integers(2))
            self._lost_until_s = t_s + self._rng.exponential(ONE_EYE_LOSS_S)
            self._lost_next_s = self._lost_until_s + self._wait_for_loss()

    def _wait_for_loss(self) -> float:
        wait = float(self._rng.exponential())
        per_min = self._options.one_eye_losses_per_min
        return wait * 60.0 / per_min if per_min > 0.0 else math.inf


def _kept_share(options: ReaderOptions) -> float:
    if options.noise_correlation_ms == 0.0:
        return 0.0
    return math.exp(-1e3 / (options.rate_hz * options.noise_correlation_ms))
