"""The slice image at falling resolutions, and the window around a point at each of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

WINDOW = 48
"""Side of a window in pixels of its level: the cost of a look does not depend on the image."""

Image = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Window:
    """A part of one level of the pyramid.

    Attributes
    ----------
    grey : ndarray, shape (h, w)
        At most `WINDOW` pixels a side.
    level : int
        A pixel is 2 ** level pixels of the slice image wide.
    origin : (int, int)
        Row and column of the window's first pixel in its level.
    at_border : tuple of bool
        Whether the top, bottom, left, right side is the image's own border.
    """

    grey: Image
    level: int
    origin: tuple[int, int]
    at_border: tuple[bool, bool, bool, bool]

    @property
    def scale(self) -> float:
        """Pixels of the slice image per pixel of the window."""
        return 2.0**self.level

    def position(self, row: float, column: float) -> tuple[float, float]:
        """Map a position in the slice image to the window, continuous."""
        return (
            (row + 0.5) / self.scale - 0.5 - self.origin[0],
            (column + 0.5) / self.scale - 0.5 - self.origin[1],
        )

    def nearest(self, row: float, column: float) -> tuple[int, int]:
        """Map a position in the slice image to the nearest pixel of the window."""
        at_row, at_column = self.position(row, column)
        height, width = self.grey.shape
        return (
            min(max(round(at_row), 0), height - 1),
            min(max(round(at_column), 0), width - 1),
        )

    def holds(self, row: float, column: float) -> bool:
        """Whether a position in the slice image lies in the window."""
        at_row, at_column = self.position(row, column)
        height, width = self.grey.shape
        return bool(-0.5 <= at_row < height - 0.5 and -0.5 <= at_column < width - 0.5)


def build_pyramid(pixels: npt.NDArray[np.uint8]) -> tuple[Image, ...]:
    """Return the image at full, half, quarter ... resolution, until a window holds it nearly."""
    levels: list[Image] = [ndimage.gaussian_filter(pixels.astype(np.float32), 0.7)]
    while max(levels[-1].shape) > 1.25 * WINDOW:
        levels.append(ndimage.gaussian_filter(_halved(levels[-1]), 0.5))
    return tuple(levels)


def _halved(image: Image) -> Image:
    image = np.pad(image, [(0, side % 2) for side in image.shape], "edge")
    mean: Image = 0.25 * (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2])
    return mean


def window_at(image: Image, level: int, row: float, column: float) -> Window:
    """Return the window of one level around a position in the slice image."""
    spans = []
    for at, side in zip((row, column), image.shape, strict=True):
        first, last = 0, side
        if side > WINDOW:
            centre = round((at + 0.5) / 2.0**level - 0.5)
            first = min(max(centre - WINDOW // 2, 0), side - WINDOW)
            last = first + WINDOW
        spans.append((first, last))
    (top, bottom), (left, right) = spans
    at_border = (top == 0, bottom == image.shape[0], left == 0, right == image.shape[1])
    return Window(image[top:bottom, left:right], level, (top, left), at_border)
