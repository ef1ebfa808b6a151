"""Square parts of the slice image, and positions in them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.network import SIDE

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of the slice image that the network sees with SIDE x SIDE pixels.

    Attributes
    ----------
    row, column : float
        Its centre in the slice image; integers are pixel centres.
    size : float
        Its side in pixels of the slice image.
    """

    row: float
    column: float
    size: float

    @classmethod
    def within(cls, middle: FloatArray, size: float, shape: tuple[int, int]) -> "Crop":
        """Return the crop around a point, moved to lie within the image where that is possible."""
        size = min(size, float(max(shape)))
        row, column = middle.tolist()
        return cls(_moved(row, size, shape[0]), _moved(column, size, shape[1]), size)

    @property
    def middle(self) -> FloatArray:
        """Its centre, row and column, shape (2,)."""
        return np.array((self.row, self.column))

    @property
    def scale(self) -> float:
        """Pixels of the slice image per pixel of the crop."""
        return self.size / SIDE

    def positions(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Return rows and columns in the slice image of a grid of `count` x `count` pixels."""
        steps: FloatArray = np.arange(count, dtype=np.float64) + 0.5
        aside = steps * (self.size / count) - 0.5 * self.size
        return self.row + aside, self.column + aside

    def inside(self, shape: tuple[int, int]) -> tuple[BoolArray, BoolArray]:
        """Return which rows and which columns of the crop lie within the image."""
        rows, columns = self.positions(SIDE)
        return (
            (rows >= -0.5) & (rows <= shape[0] - 0.5),
            (columns >= -0.5) & (columns <= shape[1] - 0.5),
        )

    def of_image(self, rows_columns: FloatArray) -> FloatArray:
        """Map positions in the slice image, shape (n, 2), to the crop's pixels, continuous."""
        corner = self.middle - 0.5 * self.size
        mapped: FloatArray = (rows_columns - corner) / self.scale - 0.5
        return mapped


def _moved(centre: float, size: float, side: int) -> float:
    half = 0.5 * size
    if size >= side:
        return 0.5 * (side - 1)
    return min(max(centre, half - 0.5), side - 0.5 - half)
