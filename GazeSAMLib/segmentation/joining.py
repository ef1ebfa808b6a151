"""Two slices that a person confirmed, and what was propagated from each towards the other."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.agreement import overlap
from GazeSAMLib.segmentation.fill_between import fill_between, mixture
from GazeSAMLib.segmentation.propagation import PropagatedSlice

Mask = npt.NDArray[np.bool_]


def join(
    volume: VolumeGeometry,
    first: PropagatedSlice,
    last: PropagatedSlice,
    forward: Sequence[PropagatedSlice],
    backward: Sequence[PropagatedSlice],
) -> list[PropagatedSlice]:
    """Return the slices between two confirmed ones, each from what is known on both sides of it.

    The nearer a confirmed slice, the more counts what was propagated from it. A propagation
    that stopped on its way is continued by what lies between the two shapes.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    first, last : PropagatedSlice
        The confirmed slices, of one orientation, `last` farther along the normal.
    forward : sequence of PropagatedSlice
        Propagated from `first` along the normal, nearest first.
    backward : sequence of PropagatedSlice
        Propagated from `last` against the normal, nearest first.

    Returns
    -------
    list of PropagatedSlice
        Along the normal; empty where no slice lies between them, or one of them is empty.
    """
    filled = fill_between(volume, [first, last])
    count = len(filled) + 1
    joined = []
    for step, between in enumerate(filled, start=1):
        ahead = forward[step - 1] if step <= len(forward) else between
        behind = backward[count - step - 1] if count - step <= len(backward) else between
        joined.append(_mixed(volume, between, ahead, behind, step / count))
    return joined


def _mixed(
    volume: VolumeGeometry,
    between: PropagatedSlice,
    ahead: PropagatedSlice,
    behind: PropagatedSlice,
    way: float,
) -> PropagatedSlice:
    if ahead is behind or not (ahead.mask.any() and behind.mask.any()):
        return between
    grid = slice_grid(volume, between.plane)
    if grid is None:
        return between
    mask = mixture(ahead.mask, behind.mask, grid, way)
    alike = overlap(ahead.mask, behind.mask)
    sure = (1.0 - way) * ahead.confidence + way * behind.confidence
    return PropagatedSlice(between.plane, mask, sure * (0.5 + 0.5 * alike))
