"""What a prompt says, in rows and columns of the slice image."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet

FloatArray = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]

BLOB_PX, WIDEST_BLOB_PX = 2.0, 6.0
"""Standard deviation of a point that is exact, and of the least exact one, crop pixels."""

WIDEST_SIGMA_PX = 32.0
"""Gaze that is less sure than this counts as no surer, crop pixels."""


IN_BOX = 0.6 * np.array(((0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)))
"""Where a box alone is looked at, in half its sides from its middle."""


@dataclass(frozen=True, eq=False)
class Points:
    """The points of a prompt, inside the image.

    Attributes
    ----------
    add, not_this : ndarray, shape (n, 2)
        Rows and columns; `add` is never empty.
    box : ndarray, shape (2, 2), or None
        First and last row and column of what the structure lies in.
    sigma_px : float
        How far the true point may lie from one to add.
    """

    add: FloatArray
    not_this: FloatArray
    box: FloatArray | None
    sigma_px: float

    @classmethod
    def of(cls, prompts: PromptSet, image_shape: tuple[int, int]) -> Self:
        """Read a prompt: a point outside the image is the nearest pixel, a box alone five in it."""
        limit = np.array(image_shape, dtype=np.float64) - 1.0
        row_column = np.clip(prompts.points_image_uv[:, ::-1], 0.0, limit)
        add, not_this = row_column[prompts.labels == ADD], row_column[prompts.labels != ADD]
        box = None
        if prompts.box_image_uv is not None:
            box = np.clip(prompts.box_image_uv.reshape(2, 2)[:, ::-1], 0.0, limit)
            if not len(add):
                add = box.mean(axis=0) + 0.5 * (box[1] - box[0]) * IN_BOX
        return cls(add, not_this, box, prompts.sigma_px)

    @property
    def look(self) -> FloatArray:
        """The middle of the points to add, shape (2,)."""
        middle: FloatArray = self.add.mean(axis=0)
        return middle

    def planes(self, crop: Crop) -> tuple[Plane, Plane, float]:
        """Return what the network is told: positive and negative points, and uncertainty.

        Returns
        -------
        positive, negative : ndarray, shape (SIDE, SIDE)
            The highest of the bell curves at the points.
        unsure : float
            0 for a point that is exact, 1 at `WIDEST_SIGMA_PX` and beyond.
        """
        sigma = self.sigma_px / crop.scale
        blob = min(max(sigma, BLOB_PX), WIDEST_BLOB_PX)
        return (
            _bells(crop.of_image(self.add), blob),
            _bells(crop.of_image(self.not_this), BLOB_PX),
            min(sigma, WIDEST_SIGMA_PX) / WIDEST_SIGMA_PX,
        )


def _bells(centres: FloatArray, sigma: float) -> Plane:
    plane = np.zeros((SIDE, SIDE), dtype=np.float32)
    reach = 4.0 * sigma
    near = ((centres > -reach) & (centres < SIDE - 1.0 + reach)).all(axis=1)
    pixels = np.arange(SIDE)
    for row, column in set(map(tuple, np.round(centres[near], 1).tolist())):
        along, across = (
            np.exp(-((pixels - at) ** 2) / (2.0 * sigma**2)).astype(np.float32)
            for at in (row, column)
        )
        np.maximum(plane, along[:, None] * across, out=plane)
    return plane
