"""The whole signal chain: a raw sample in, what it did to a fixation out."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.fixation import DispersionDetector
from GazeSAMLib.signals.noise import NoiseEstimator
from GazeSAMLib.signals.smoothing import OneEuroSmoothing
from GazeSAMLib.signals.types import Fixation, FixationUpdate, GazePoint
from GazeSAMLib.signals.validity import merged_eyes
from GazeSAMLib.signals.velocity import SPAN_NS, VelocityDetector

DISPERSION_PER_NOISE_SD = 5.0
"""Rise of the dispersion threshold per standard deviation of the smoothed noise.

The range of normal noise over 100 ms is 2 to 4 standard deviations an axis, and the
dispersion adds both axes.
"""


VELOCITY_PER_NOISE_SD = 3.0
"""Rise of the velocity threshold per standard deviation of the velocity that noise makes.

The length of a vector of normal noise stays under three standard deviations of one axis in 99 of
100 cases; smoothed noise moves less, because neighbouring samples are alike.
"""


class Detector(StrEnum):
    """How fixations are found."""

    DISPERSION = "dispersion"
    VELOCITY = "velocity"


@dataclass(frozen=True, slots=True)
class SignalOptions:
    """Choices of the signal chain.

    Parameters
    ----------
    drift : DriftCorrection
        The tracker's systematic error.
    min_cutoff_hz, beta : float
        One-Euro filter: cutoff at rest, and its rise with speed (Hz per degree per second).
    detector : Detector
        Dispersion (I-DT) or velocity (I-VT).
    dispersion_deg : float
        I-DT: dispersion at which a noise-free gaze starts a fixation.
    velocity_deg_s : float
        I-VT: velocity at which a noise-free gaze is on its way.
    min_duration_ms : float
        Shortest fixation.
    gap_ms : float
        A longer time without a valid sample (a blink, a look away) ends a fixation.
    expected_rms_deg : float
        Tracker precision taken for granted until the signal itself has shown it.

    Raises
    ------
    ValueError
        If a number is not finite or not above zero (`beta` and `expected_rms_deg` may be zero).
    """

    drift: DriftCorrection = field(default_factory=DriftCorrection)
    min_cutoff_hz: float = 1.0
    beta: float = 0.3
    detector: Detector = Detector.DISPERSION
    dispersion_deg: float = 1.0
    velocity_deg_s: float = 30.0
    min_duration_ms: float = 100.0
    gap_ms: float = 100.0
    expected_rms_deg: float = 0.3

    def __post_init__(self) -> None:
        for name in (
            "min_cutoff_hz", "dispersion_deg", "velocity_deg_s", "min_duration_ms", "gap_ms",
        ):  # fmt: skip
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be a number above zero, got {value}")
        for name in ("beta", "expected_rms_deg"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ValueError(f"{name} must be zero or a number above it, got {value}")


class SignalChain:
    """Runs the stages on a live or recorded stream, one sample at a time.

    The same samples always give the same updates. Samples that repeat or go back in time
    are left out; where time goes back by more than a gap the clock was set anew, and the
    chain starts again.
    """

    def __init__(self, display: DisplayGeometry, options: SignalOptions | None = None) -> None:
        self._display = display
        self._options = options or SignalOptions()
        self._drift = None if self._options.drift.is_identity else self._options.drift
        self._gap_ns = round(self._options.gap_ms * 1e6)
        self._noise = NoiseEstimator(self._options.expected_rms_deg)
        self._smoothing = OneEuroSmoothing(self._options.min_cutoff_hz, self._options.beta)
        self._by_velocity = self._options.detector is Detector.VELOCITY
        kind = VelocityDetector if self._by_velocity else DispersionDetector
        self._detector: DispersionDetector | VelocityDetector = kind(
            display, self._options.min_duration_ms
        )
        self._newest: tuple[GazePoint, GazePoint] | None = None
        self._latest_ns: int | None = None
        self._latest_valid_ns: int | None = None
        self._sample_count = 0
        self._valid_count = 0

    def add(self, sample: GazeSample) -> FixationUpdate | None:
        """Take in the next sample.

        Returns
        -------
        FixationUpdate or None
            None while no fixation runs.
        """
        ended = self._end_at_gap(sample.t_ns)
        if self._latest_ns is not None and sample.t_ns <= self._latest_ns:
            return ended
        self._latest_ns = sample.t_ns
        self._sample_count += 1
        point_display = merged_eyes(sample)
        if point_display is None:
            return ended
        self._valid_count += 1
        self._latest_valid_ns = sample.t_ns
        point = GazePoint(sample.t_ns, *self._display.degrees_from_display(point_display))
        if self._drift is not None:
            point = self._drift.correct(point)
        self._noise.add(point)
        smoothed = self._smoothing.smooth(point)
        self._newest = (point, smoothed)
        return self._detector.add(smoothed, point, self._threshold()) or ended

    def reset(self) -> FixationUpdate | None:
        """End the running fixation, because what is looked at has changed.

        A new slice, layout or window does not move the eye: smoothing and the noise estimate
        go on. Returns the end of the fixation, if one ran.
        """
        return self._detector.end()

    def correct_with(self, drift: DriftCorrection) -> FixationUpdate | None:
        """Take another systematic error out of the gaze from now on; end the running fixation.

        To the filter the gaze would seem to jump: it starts again.
        """
        self._drift = None if drift.is_identity else drift
        return self.flush()

    def flush(self) -> FixationUpdate | None:
        """End the running fixation and forget the gaze so far; the noise estimate stays."""
        self._latest_ns = self._latest_valid_ns = None
        self._noise.skip()
        self._smoothing.reset()
        return self._detector.end()

    @property
    def foreseen(self) -> Fixation | None:
        """What becomes a fixation if the gaze rests a little longer; None while one runs."""
        return self._detector.foreseen

    @property
    def newest(self) -> tuple[GazePoint, GazePoint] | None:
        """The last valid point, drift taken out: as measured, and smoothed."""
        return self._newest

    @property
    def precision_rms_deg(self) -> float:
        """Root mean square of the gaze's step from sample to sample, as last measured."""
        return self._noise.rms_deg

    @property
    def valid_share(self) -> float:
        """Share of samples so far with a usable eye; 0 before the first."""
        return self._valid_count / self._sample_count if self._sample_count else 0.0

    def _end_at_gap(self, t_ns: int) -> FixationUpdate | None:
        if self._latest_ns is not None and t_ns < self._latest_ns - self._gap_ns:
            return self.flush()
        if self._latest_valid_ns is not None and t_ns - self._latest_valid_ns > self._gap_ns:
            self._latest_valid_ns = None
            self._noise.skip()
            self._smoothing.reset()
            return self._detector.end()
        return None

    def _threshold(self) -> float:
        """Return the detector's threshold with the noise as it is: degrees, or degrees a second."""
        options = self._options
        least = options.velocity_deg_s if self._by_velocity else options.dispersion_deg
        interval_s = self._noise.interval_s
        if interval_s is None:
            return least
        passed_sd_deg = self._smoothing.passed_sd_deg(self._noise.sd_deg, interval_s)
        if self._by_velocity:
            span_s = max(interval_s, 1e-9 * SPAN_NS)
            return least + VELOCITY_PER_NOISE_SD * math.sqrt(2.0) * passed_sd_deg / span_s
        return least + DISPERSION_PER_NOISE_SD * passed_sd_deg
