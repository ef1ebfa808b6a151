"""The points of a prompt as rows and columns of the slice image."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.region.pyramid import Window
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet

FloatArray = npt.NDArray[np.float64]

LEAST_SIGMA = 1.0 / 128.0
"""No look is exact, and one that claims to be so is outlined worse: share of the longest side."""


@dataclass(frozen=True, eq=False)
class Points:
    """What a prompt says, inside the image.

    Attributes
    ----------
    add, not_this : ndarray, shape (n, 2)
        Rows and columns; `add` is never empty.
    sigma_px : float
        How far the true point may lie from one to add; never quite zero.
    """

    add: FloatArray
    not_this: FloatArray
    sigma_px: float

    @classmethod
    def of(cls, prompts: PromptSet, image_shape: tuple[int, int]) -> Self:
        """Read a prompt: a point outside the image is the nearest pixel, a box its middle."""
        limit = np.array(image_shape, dtype=np.float64) - 1.0
        row_column = np.clip(prompts.points_image_uv[:, ::-1], 0.0, limit)
        add, not_this = row_column[prompts.labels == ADD], row_column[prompts.labels != ADD]
        if prompts.box_image_uv is not None and not len(add):
            corners = prompts.box_image_uv.reshape(2, 2)[:, ::-1]
            add = np.clip(corners.mean(axis=0, keepdims=True), 0.0, limit)
        return cls(add, not_this, max(prompts.sigma_px, LEAST_SIGMA * max(image_shape)))

    @property
    def look(self) -> tuple[float, float]:
        """The middle of the points to add."""
        row, column = self.add.mean(axis=0).tolist()
        return (row, column)


def pixels_of(points: FloatArray, window: Window) -> npt.NDArray[np.intp]:
    """Return the flat indices of the window's pixels nearest to `points`, each once."""
    width = window.grey.shape[1]
    nearest = [window.nearest(row, column) for row, column in points.tolist()]
    return np.unique(np.array([row * width + column for row, column in nearest], dtype=np.intp))
