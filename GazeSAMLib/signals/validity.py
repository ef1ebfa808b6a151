"""Both eyes to one point; what the tracker or the numbers declare invalid is left out."""

from math import isfinite

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample


def merged_eyes(sample: GazeSample) -> DisplayPoint | None:
    """Return where both eyes look together.

    An eye counts when the tracker calls it valid and its position is finite: trackers
    deliver NaN beside a valid flag, and the reverse.

    Returns
    -------
    DisplayPoint or None
        The mean of both eyes, the one eye that counts, or None where neither does.
    """
    left = _usable_point(sample.left)
    right = _usable_point(sample.right)
    if left is None:
        return right
    if right is None or right is left:
        return left
    return DisplayPoint(0.5 * left.x + 0.5 * right.x, 0.5 * left.y + 0.5 * right.y)


def _usable_point(eye: EyeSample | None) -> DisplayPoint | None:
    if eye is None or not eye.valid:
        return None
    point = eye.point_display
    return point if isfinite(point.x) and isfinite(point.y) else None
