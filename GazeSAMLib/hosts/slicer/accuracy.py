"""How far the gaze is off, from looks at known targets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.geometry.display import DisplayGeometry

FEWEST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The result of an accuracy check.

    Attributes
    ----------
    error_deg : float
        Mean distance of the gaze from the targets.
    offset_deg : tuple of float
        Mean of measured minus true (x, y), y down: what a drift correction takes away.
    precision_rms_deg : float
        Root mean square of the step from sample to sample.
    """

    error_deg: float
    offset_deg: tuple[float, float]
    precision_rms_deg: float


def targets(count: int) -> list[DisplayPoint]:
    """Return where to look: the middle and the corners (5), or a grid (9)."""
    if count == 5:
        places = [(0.5, 0.5), (0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]
    else:
        places = [(x, y) for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9)]
    return [DisplayPoint(x, y) for x, y in places]


def measured_accuracy(
    looks: Sequence[tuple[DisplayPoint, Sequence[DisplayPoint]]], display: DisplayGeometry
) -> Accuracy:
    """Compare gaze with targets.

    Parameters
    ----------
    looks : sequence of (target, valid gaze positions meanwhile)
        In the order in which they were looked at.
    display : DisplayGeometry
        The tracked display.

    Raises
    ------
    RecordingError
        If no target has enough valid samples.
    """
    errors, steps = [], []
    for target, points in looks:
        if len(points) < FEWEST_SAMPLES:
            continue
        true = np.array(display.degrees_from_display(target))
        gaze = np.array([display.degrees_from_display(point) for point in points])
        errors.append(gaze.mean(axis=0) - true)
        steps += [math.dist(first, second) for first, second in pairwise(gaze.tolist())]
    if not errors:
        raise RecordingError("the tracker saw no eyes: check that it is on and that you sit in it")
    x_deg, y_deg = np.mean(errors, axis=0).tolist()
    return Accuracy(
        float(np.linalg.norm(errors, axis=1).mean()),
        (x_deg, y_deg),
        float(np.sqrt(np.mean(np.square(steps)))),
    )
