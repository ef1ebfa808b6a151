"""What one crop shows of each of its masks: sureness, place, shape, grey values, outline."""

import math

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.compact.points import Points

FloatArray = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]
BoolPlane = npt.NDArray[np.bool_]

DRAWN = 24
"""So many points stand for where the gaze may truly have been."""

_NUMBER = np.arange(DRAWN)
_TURN = _NUMBER * np.pi * (3.0 - np.sqrt(5.0))  # as a sunflower's seeds, without gaps
_RADIUS = np.sqrt(-2.0 * np.log(1.0 - (_NUMBER + 0.5) / DRAWN))
SEEDS = np.stack((_RADIUS * np.sin(_TURN), _RADIUS * np.cos(_TURN)))
"""Rows and columns of points that are spread as normal numbers are, shape (2, DRAWN)."""

LOOKS = 8
"""Of more points to add the newest count."""

WITHIN = 0.6
"""Points drawn by the mask's own size deviate by so much of its radius."""

CLEAR_STEP = 0.12
"""A step of that height along an outline is an edge, of the crop's range of grey values."""

UNDECIDED, SURE = 2.0, 8.0
"""Logits: nearer to 0 the network is undecided, and beyond the second no surer."""

GRAIN = 0.03
"""Least deviation of grey values within a mask that counts."""

ROW, COLUMN = np.indices((SIDE, SIDE), dtype=np.float32).reshape(2, -1)


class CropView:
    """One crop, ready to say what it shows of its masks.

    Parameters
    ----------
    crop : Crop
        Where it lies.
    grey : ndarray, shape (SIDE, SIDE)
        What the network saw.
    points : Points
        What was looked at.
    sigma_px : float
        How far the gaze may have been off, pixels of the slice image.
    """

    def __init__(self, crop: Crop, grey: Plane, points: Points, sigma_px: float) -> None:
        self._looks = crop.of_image(points.add[-LOOKS:])
        self._look = self._looks.mean(axis=0)
        self._told_px, self._sigma_px = points.sigma_px / crop.scale, sigma_px / crop.scale
        steps = np.zeros_like(grey)
        steps[1:-1] = np.abs(grey[2:] - grey[:-2])
        steps[:, 1:-1] = np.maximum(steps[:, 1:-1], np.abs(grey[:, 2:] - grey[:, :-2]))
        self._grey, self._square = grey.ravel(), grey.ravel() ** 2
        self._steps, self._clear = steps.ravel(), (steps > CLEAR_STEP).astype(np.float32).ravel()
        row, column = np.clip(np.rint(self._look).astype(np.intp), 1, SIDE - 2)
        self._looked_at = float(grey[row - 1 : row + 2, column - 1 : column + 2].mean())

    # Mask by mask: planes of one fit the processor's cache, and numpy's are made without asking
    # the system for memory, which takes longer than the sums.

    def seen(self, logits: Plane) -> tuple[float, ...]:
        """Return the pixels in a mask, at least 1, and what else is seen of it."""
        logits = np.clip(logits, -SURE, SURE)
        inside, sureness = logits > 0.0, np.abs(logits).ravel()
        weights = inside.astype(np.float32).ravel()
        count = _count(inside)
        radius_px = math.sqrt(count / math.pi)
        off_px = math.hypot(
            float(ROW @ weights) / count - self._look[0],
            float(COLUMN @ weights) / count - self._look[1],
        )
        length_px = _length_px(inside)
        return (
            count,
            _count(logits > 1.0, 0) / _count(logits > -1.0),
            *_covered(inside, self._looks, np.array((self._sigma_px, WITHIN * radius_px))),
            min(off_px / radius_px, 4.0),
            min(off_px / (self._told_px + 2.0), 6.0),
            math.log(length_px**2 / (4.0 * math.pi * count)),
            _count(sureness < UNDECIDED, 0) / (3.0 * length_px),
            float(sureness @ weights) / count,
            float(sureness.mean()),
            *self._greys(inside, weights, count),
            *self._edges(inside),
        )

    def _greys(self, inside: BoolPlane, weights: Plane, count: int) -> tuple[float, ...]:
        """Return contrast and grain; how unlike mask and surroundings the look's grey is."""
        mean = float(self._grey @ weights) / count
        grain = math.sqrt(max(float(self._square @ weights) / count - mean**2, 0.0))
        wide = inside.copy()
        wide[2:] |= inside[:-2]
        wide[:-2] |= inside[2:]
        wide[:, 2:] |= inside[:, :-2]
        wide[:, :-2] |= inside[:, 2:]
        ring = wide & ~inside
        around = float(self._grey @ ring.astype(np.float32).ravel())
        around /= _count(ring)
        unlike = abs(self._looked_at - mean)
        return (
            abs(mean - around),
            grain,
            unlike,
            unlike / (grain + GRAIN),
            abs(self._looked_at - around) - unlike,
        )

    def _edges(self, inside: BoolPlane) -> tuple[float, float]:
        """Return mean step and share of clear steps along the outline."""
        beyond = ~inside
        outline = np.zeros((SIDE, SIDE), dtype=np.float32)
        outline[1:-1, 1:-1] = inside[1:-1, 1:-1] & (
            beyond[2:, 1:-1] | beyond[:-2, 1:-1] | beyond[1:-1, 2:] | beyond[1:-1, :-2]
        )
        along = outline.ravel()
        length = _count(outline)
        return float(self._steps @ along) / length, float(self._clear @ along) / length


def _count(plane: BoolPlane | Plane, least: int = 1) -> int:
    return max(int(np.count_nonzero(plane)), least)


def _length_px(inside: BoolPlane) -> float:
    """Return the length of a mask's outline, at least 1 (Cauchy: from its steps in two axes)."""
    steps = _count(inside[1:] != inside[:-1], 0) + _count(inside[:, 1:] != inside[:, :-1], 0)
    return max(0.25 * math.pi * steps, 1.0)


def _covered(inside: BoolPlane, looks: FloatArray, deviations_px: FloatArray) -> FloatArray:
    """Return, for each deviation, the share of points drawn around the looks that a mask holds."""
    row, column = np.rint(
        looks.T[:, None, :, None] + deviations_px[:, None, None] * SEEDS[:, None, None, :]
    ).astype(np.intp)
    beside = (row < 0) | (row >= SIDE) | (column < 0) | (column >= SIDE)
    share: FloatArray = (~beside & inside[row % SIDE, column % SIDE]).mean(axis=(1, 2))
    return share
