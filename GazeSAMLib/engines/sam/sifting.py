"""Leaving out of many masks those that say nothing new, and of a mask what is too small."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def distinct_boxes(
    boxes_xyxy: npt.NDArray[np.number], scores: npt.NDArray[np.number], threshold: float
) -> npt.NDArray[np.int64]:
    """Return which boxes to keep, best first, so that no two overlap by more than a threshold.

    Greedy non-maximum suppression, as ``torchvision.ops.nms``.

    Parameters
    ----------
    boxes_xyxy : ndarray, shape (N, 4)
        Left, top, right, bottom.
    scores : ndarray, shape (N,)
        More is better; of equal ones the first is.
    threshold : float
        Intersection over union.
    """
    boxes = boxes_xyxy.astype(np.float64)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        corner = np.maximum(boxes[best, :2], boxes[order, :2])
        far_corner = np.minimum(boxes[best, 2:], boxes[order, 2:])
        shared = np.clip(far_corner - corner, 0.0, None).prod(axis=1)
        order = order[shared <= threshold * (areas[best] + areas[order] - shared)]
    return np.array(kept, dtype=np.int64)


def without_small_regions(mask: Mask, min_area: int) -> tuple[Mask, bool]:
    """Fill holes and drop islands of fewer pixels; say whether there were any.

    Of a mask that is nothing but small islands the largest is kept.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    min_area : int
        Pixels, joined by sides or corners.
    """
    regions, sizes = _regions(~mask)
    small = np.flatnonzero(sizes < min_area) + 1
    filled = mask | np.isin(regions, small)
    regions, sizes = _regions(filled)
    large = np.flatnonzero(sizes >= min_area) + 1
    if len(large) == len(sizes):
        return filled, len(small) > 0
    if not len(large):
        large = np.array([np.argmax(sizes) + 1])
    return np.isin(regions, large), True


def _regions(mask: Mask) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the number of each pixel's region, from 1, and the regions' sizes in pixels."""
    regions, _ = ndimage.label(mask, structure=_EIGHT_NEIGHBOURS)
    return regions, np.bincount(regions.ravel())[1:]
