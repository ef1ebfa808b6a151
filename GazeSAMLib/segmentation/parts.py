"""The connected parts of a mask: which belong to the structure, and how many are large."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]

LARGE_SHARE = 0.25
SMALL_SHARE = 0.1
SMALL_HOLE_SHARE = 0.05
SMALLEST_PX = 4


def cleaned(mask: Mask, expected: Mask) -> Mask:
    """Return `mask` without specks and without new small holes.

    A part stays that lies on the expected structure by half, or touches it and is no speck.
    A hole is closed where there was none expected and it is small.
    """
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    common = np.bincount(labels[expected], minlength=count + 1)
    largest = areas[1:].max()
    keep = (common >= 0.5 * areas) | ((common > 0) & (areas >= SMALL_SHARE * largest))
    keep &= areas >= SMALLEST_PX
    keep[0] = False
    kept: Mask = keep[labels]
    kept |= _small_new_holes(kept, expected)
    return kept


def large_parts(mask: Mask) -> int:
    """Return how many parts have at least a quarter of the largest one's area."""
    labels, count = ndimage.label(mask)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return int(np.count_nonzero(areas >= LARGE_SHARE * areas.max())) if count else 0


def _small_new_holes(mask: Mask, expected: Mask) -> Mask:
    labels, count = ndimage.label(~mask)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    common = np.bincount(labels[expected], minlength=count + 1)
    small = (areas <= SMALL_HOLE_SHARE * np.count_nonzero(mask)) & (2 * common >= areas)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        small[side] = False
    small[0] = False
    closed: Mask = small[labels]
    return closed
