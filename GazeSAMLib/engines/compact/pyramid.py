"""The slice image at falling resolutions, and square crops of it at the network's size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.network import SIDE

FloatArray = npt.NDArray[np.float32]
Level = npt.NDArray[Any]  # bytes at full resolution, else float32

LEAST_CONTRAST = 12.75
"""A crop's range of grey values is stretched as if it were at least a twentieth of 255."""


@dataclass(frozen=True, eq=False)
class Pyramid:
    """One slice image.

    Attributes
    ----------
    shape : (int, int)
        Height and width of the slice image.
    levels : tuple of ndarray, shape (h, w)
        Grey values, 0 to 255, at full, half, quarter ... resolution.
    """

    shape: tuple[int, int]
    levels: tuple[Level, ...]

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8]) -> "Pyramid":
        """Return the pyramid of a slice image, shape (H, W)."""
        levels: list[Level] = [pixels.copy()]
        while max(levels[-1].shape) > SIDE:
            levels.append(_halved(levels[-1]))
        height, width = pixels.shape
        return cls((height, width), tuple(levels))

    def grey(self, crop: Crop) -> FloatArray:
        """Return a crop's grey values, shape (SIDE, SIDE), stretched to 0 to 1.

        The darkest and the brightest hundredth of what lies within the image are cut off;
        what lies outside is 0.
        """
        level = min(max(int(np.log2(max(crop.scale, 1.0))), 0), len(self.levels) - 1)
        image, shrunk = self.levels[level], 2.0**level
        # Two samples a pixel, where pixels are coarser than those of the level.
        finer = 2 if crop.scale > 1.01 * shrunk else 1
        rows, columns = ((at + 0.5) / shrunk - 0.5 for at in crop.positions(SIDE * finer))
        values = _bilinear(image, rows, columns)
        if finer == 2:
            values = 0.25 * (
                values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]
            )
        row_inside, column_inside = crop.inside(self.shape)
        within = values[np.ix_(row_inside, column_inside)]
        low, high = np.percentile(within[::2, ::2], (1.0, 99.0)) if within.size else (0.0, 1.0)
        stretched = np.clip((values - low) / max(high - low, LEAST_CONTRAST), 0.0, 1.0)
        stretched[~row_inside] = 0.0
        stretched[:, ~column_inside] = 0.0
        return stretched.astype(np.float32, copy=False)


def _halved(image: Level) -> FloatArray:
    if any(side % 2 for side in image.shape):
        image = np.pad(image, [(0, side % 2) for side in image.shape], "edge")
    # Sums of four bytes fit into 16 bits, which are added twice as fast.
    kind = np.uint16 if image.dtype == np.uint8 else np.float32
    pairs = np.add(image[::2], image[1::2], dtype=kind)
    sums = pairs[:, ::2] + pairs[:, 1::2]
    mean: FloatArray = sums.astype(np.float32)
    mean *= 0.25
    return mean


def _bilinear(
    image: Level,
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
) -> FloatArray:
    """Return the image at all pairs of a row and a column; beyond its edge the edge goes on."""
    (top, below, down), (left, beside, right) = (
        _neighbours(at, side) for at, side in zip((rows, columns), image.shape, strict=True)
    )
    first, last = int(left.min()), int(beside.max()) + 1
    part = image[:, first:last]
    lines = part[top] * (1.0 - down)[:, None] + part[below] * down[:, None]
    values: FloatArray = lines[:, left - first] * (1.0 - right) + lines[:, beside - first] * right
    return values


def _neighbours(
    at: npt.NDArray[np.float64], side: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], FloatArray]:
    at = np.clip(at, 0.0, side - 1.0)
    low = np.minimum(at.astype(np.intp), max(side - 2, 0))
    return low, np.minimum(low + 1, side - 1), (at - low).astype(np.float32)
