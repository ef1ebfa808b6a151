"""What an accuracy check in Slicer says of the tracker, and the correction that it gives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.accuracy import NINE_TARGETS, Accuracy, TargetGaze, measure
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.drift_fit import error_left_deg, fit_drift

FIVE_TARGETS = tuple(
    DisplayPoint(x, y) for x, y in ((0.5, 0.5), (0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
)
LEAST_ACCURACY_DEG = 0.1
"""Nobody looks at a mark more exactly than this, whatever a check says."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of an accuracy check, as it is kept.

    Attributes
    ----------
    error_deg : float
        Mean distance of the gaze from the targets.
    offset_deg : tuple of float
        Mean of measured minus true (x, y), y down.
    precision_rms_deg : float
        Root mean square of the step from sample to sample.
    corrected_deg : float
        The error to expect once the gaze is corrected.
    error_px : float
        The mean distance in logical pixels.
    precision_sd_deg : float
        Standard deviation, both axes together.
    data_loss : float
        Share of samples without gaze, 0 to 1.
    """

    error_deg: float
    offset_deg: tuple[float, float]
    precision_rms_deg: float
    corrected_deg: float
    error_px: float
    precision_sd_deg: float
    data_loss: float

    @classmethod
    def from_text(cls, text: str) -> "CheckResult | None":
        """Return a result that was kept; None where the text is none."""
        try:
            error, x, y, *others = map(float, text.split())
            return cls(error, (x, y), *others)
        except (TypeError, ValueError):
            return None

    def to_text(self) -> str:
        """Return the result as text to keep."""
        return " ".join(repr(value) for value in (
            self.error_deg, *self.offset_deg, self.precision_rms_deg, self.corrected_deg,
            self.error_px, self.precision_sd_deg, self.data_loss,
        ))  # fmt: skip


@dataclass(frozen=True, eq=False)
class Checked:
    """A finished check.

    Attributes
    ----------
    result : CheckResult
        What it says of the tracker.
    drift : DriftCorrection
        The correction that it gives.
    gazes : sequence of TargetGaze
        The gaze at each target.
    """

    result: CheckResult
    drift: DriftCorrection
    gazes: Sequence[TargetGaze]


def targets(count: int) -> tuple[DisplayPoint, ...]:
    """Return where to look: the middle and the corners (5), or a grid (9)."""
    return FIVE_TARGETS if count == 5 else NINE_TARGETS


def target_gaze(
    target: DisplayPoint, points: Sequence[DisplayPoint | None], display: DisplayGeometry
) -> TargetGaze:
    """Return the gaze at one target; None stands for a sample in which no eye was seen."""
    seen = [display.degrees_from_display(point) for point in points if point is not None]
    return TargetGaze(
        target,
        np.array(display.degrees_from_display(target)),
        np.array(seen, dtype=np.float64).reshape(-1, 2),
        len(points),
    )


def checked(gazes: Sequence[TargetGaze], display: DisplayGeometry) -> Checked:
    """Return what a check says, and the correction that it gives.

    Raises
    ------
    RecordingError
        If no target has enough valid samples.
    """
    usable = [gaze for gaze in gazes if gaze.is_usable]
    if not usable:
        raise RecordingError("the tracker saw no eyes: check that it is on and that you sit in it")
    found: Accuracy = measure(gazes, display)
    measured_deg = np.array([gaze.centre_deg for gaze in usable])
    true_deg = np.array([gaze.target_deg for gaze in usable])
    left_deg = max(error_left_deg(measured_deg, true_deg), LEAST_ACCURACY_DEG)
    drift = fit_drift(measured_deg, true_deg).told_about(found.offset_deg)
    result = CheckResult(
        found.accuracy_deg,
        found.offset_deg,
        found.precision_rms_deg,
        left_deg,
        found.accuracy_px,
        found.precision_sd_deg,
        found.data_loss,
    )
    return Checked(result, drift, gazes)
