"""The whole gaze of a recording as columns of numbers, for pictures and quality figures."""

import math
from array import array
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import GazePoint
from GazeSAMLib.signals.validity import merged_eyes

Times = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GazeQuality:
    """How good a recording is.

    Attributes
    ----------
    sample_count : int
        Samples in all.
    duration_s : float
        From the first to the last.
    rate_hz : float
        From the median interval; 0 for fewer than two samples.
    valid_share : float
        Samples in which at least one eye was found, 0 to 1.
    on_display_share : float
        Valid samples that fall on the display, 0 to 1.
    precision_rms_deg : float or None
        Root mean square of the step from sample to sample, saccades left out; None where
        there are too few samples to say.
    """

    sample_count: int
    duration_s: float
    rate_hz: float
    valid_share: float
    on_display_share: float
    precision_rms_deg: float | None


class GazePath:
    """Where both eyes together looked, sample by sample.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    drift : DriftCorrection or None
        The tracker's systematic error, which is taken out.
    """

    def __init__(self, display: DisplayGeometry, drift: DriftCorrection | None = None) -> None:
        self._display = display
        self._drift: DriftCorrection | None = None
        self.correct_with(drift or DriftCorrection())
        self._t_ns = array("q")
        self._xy_display = array("d")

    def correct_with(self, drift: DriftCorrection) -> None:
        """Take another systematic error out of the gaze from now on."""
        self._drift = None if drift.is_identity else drift

    def add(self, sample: GazeSample) -> None:
        """Take in the next sample; one in which no eye was found leaves a gap."""
        point = merged_eyes(sample)
        if point is not None and self._drift is not None:
            at = GazePoint(sample.t_ns, *self._display.degrees_from_display(point))
            at = self._drift.correct(at)
            point = self._display.display_from_degrees(at.x_deg, at.y_deg)
        self._t_ns.append(sample.t_ns)
        self._xy_display.extend((math.nan, math.nan) if point is None else (point.x, point.y))

    def between(self, start_ns: int, end_ns: int) -> tuple[Times, Numbers]:
        """Return the samples of a time: times, and positions on the display, shape (N, 2).

        Positions are NaN where no eye was found.
        """
        t_ns, points_display = self._columns()
        first, last = np.searchsorted(t_ns, (start_ns, end_ns))
        return t_ns[first:last], points_display[first:last]

    def quality(self) -> GazeQuality:
        """Return the figures of the whole recording."""
        t_ns, points = self._columns()
        if len(t_ns) < 2:
            return GazeQuality(len(t_ns), 0.0, 0.0, 0.0, 0.0, None)
        valid = np.isfinite(points[:, 0])
        on_display = valid & (points >= 0.0).all(axis=1) & (points <= 1.0).all(axis=1)
        return GazeQuality(
            sample_count=len(t_ns),
            duration_s=1e-9 * float(t_ns[-1] - t_ns[0]),
            rate_hz=1e9 / float(np.median(np.diff(t_ns))),
            valid_share=float(valid.mean()),
            on_display_share=float(on_display.sum() / max(1, valid.sum())),
            precision_rms_deg=_precision_rms_deg(points, self._display),
        )

    def _columns(self) -> tuple[Times, Numbers]:
        # Without a copy: the arrays do not grow while someone looks at them.
        t_ns = np.frombuffer(self._t_ns, dtype=np.int64)
        return t_ns, np.frombuffer(self._xy_display, dtype=np.float64).reshape(-1, 2)


def _precision_rms_deg(points_display: Numbers, display: DisplayGeometry) -> float | None:
    """Return the precision as :class:`GazeSAMLib.signals.noise.NoiseEstimator` defines it."""
    size_mm = np.array((display.width_mm, display.height_mm))
    degrees = np.degrees(np.arctan2((points_display - 0.5) * size_mm, display.distance_mm))
    squares = (np.diff(degrees, axis=0) ** 2).sum(axis=1)
    squares = squares[np.isfinite(squares)]
    return math.sqrt(float(np.median(squares)) / math.log(2.0)) if len(squares) >= 16 else None
