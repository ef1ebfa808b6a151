"""Masks in a crop: what the network returns, kept for the next prompt, drawn on the slice image."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.logits import FLOOR
from GazeSAMLib.errors import PromptError

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CropMask:
    """A mask of one structure.

    Attributes
    ----------
    crop : Crop
        Where it lies.
    logits : ndarray, shape (SIDE, SIDE)
        Above zero is inside.
    iou : float
        Its expected IoU, 0 to 1.
    grey : ndarray, shape (SIDE, SIDE), or None
        What the network saw; None for a mask that it has not made.
    """

    crop: Crop
    logits: FloatArray
    iou: float
    grey: FloatArray | None = None

    @classmethod
    def unpacked(cls, previous: FloatArray) -> Self:
        """Return the mask that :attr:`packed` gave.

        Raises
        ------
        PromptError
            If it was not this engine that gave it.
        """
        if previous.shape != (SIDE + 1, SIDE):
            raise PromptError(
                f"a previous mask for compact has shape {(SIDE + 1, SIDE)}, got {previous.shape}"
            )
        row, column, size = previous[SIDE, :3].tolist()
        if size <= 0.0:
            raise PromptError("the previous mask was not made by the engine 'compact'")
        return cls(Crop(row, column, size), previous[:SIDE], 0.0)

    @property
    def packed(self) -> FloatArray:
        """The mask with one more row, which says where it lies, shape (SIDE + 1, SIDE)."""
        packed = np.zeros((SIDE + 1, SIDE), dtype=np.float32)
        packed[:SIDE] = self.logits
        packed[SIDE, :3] = self.crop.row, self.crop.column, self.crop.size
        return packed

    @property
    def share(self) -> float:
        """The part of the crop that it covers."""
        return float(np.count_nonzero(self.logits > 0.0)) / SIDE**2

    @property
    def at_border(self) -> float:
        """The part of the crop's border that it covers."""
        inside = self.logits > 0.0
        edges = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
        return sum(map(np.count_nonzero, edges)) / (4.0 * SIDE)

    def bounds(self) -> npt.NDArray[np.float64] | None:
        """Return first and last row and column in the slice image, shape (2, 2); None if empty."""
        inside = self.logits > 0.0
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        if not len(rows):
            return None
        corner = self.crop.middle - 0.5 * self.crop.size
        first, last = (rows[0], columns[0]), (rows[-1], columns[-1])
        return np.stack((first, last)) * self.crop.scale + 0.5 * self.crop.scale + corner

    def contains(self, rows_columns: npt.NDArray[np.float64]) -> BoolArray:
        """Return whether the pixels nearest to positions in the slice image are inside."""
        row, column = np.rint(self.crop.of_image(rows_columns)).astype(np.intp).T
        beside = (row < 0) | (row >= SIDE) | (column < 0) | (column >= SIDE)
        inside: BoolArray = ~beside & (self.logits[row % SIDE, column % SIDE] > 0.0)
        return inside

    def in_crop(self, crop: Crop) -> FloatArray:
        """Return the logits at the pixels of another crop."""
        rows, columns = crop.positions(SIDE)
        return _resampled(self, rows, columns)

    def draw(self, logits: FloatArray) -> None:
        """Draw on the slice image's logits, shape (H, W), in place, within the mask's bounds."""
        bounds = self.bounds()
        if bounds is None:
            return
        margin = self.crop.scale
        (top, left), (bottom, right) = (
            np.floor(bounds[0] - margin).astype(int),
            np.ceil(bounds[1] + margin).astype(int) + 1,
        )
        height, width = logits.shape
        top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, height), min(right, width)
        logits[top:bottom, left:right] = _resampled(
            self, np.arange(top, bottom), np.arange(left, right)
        )


def _resampled(
    mask: CropMask, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]
) -> FloatArray:
    """Interpolate a mask's logits at all pairs of a row and a column of the slice image."""
    corner = mask.crop.middle - 0.5 * mask.crop.size
    (top, below, down, row_beside), (left, beside, right, column_beside) = (
        _neighbours((at - first) / mask.crop.scale - 0.5)
        for at, first in zip((rows, columns), corner.tolist(), strict=True)
    )
    lines = mask.logits[top] * (1.0 - down)[:, None] + mask.logits[below] * down[:, None]
    values: FloatArray = lines[:, left] * (1.0 - right) + lines[:, beside] * right
    values[row_beside] = FLOOR
    values[:, column_beside] = FLOOR
    return values


def _neighbours(
    at: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], FloatArray, BoolArray]:
    beside: BoolArray = (at < -0.5) | (at > SIDE - 0.5)
    at = np.clip(at, 0.0, SIDE - 1.0)
    low = np.minimum(at.astype(np.intp), SIDE - 2)
    return low, low + 1, (at - low).astype(np.float32), beside
