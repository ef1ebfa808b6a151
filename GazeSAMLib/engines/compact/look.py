"""How well masks of different crops agree, seen from the place that was looked at."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.masks import CropMask

FloatArray = npt.NDArray[np.float64]

RINGS, SPOKES = 28, 32


class Surroundings:
    """Points of the slice image around a look, denser the nearer they are to it.

    Parameters
    ----------
    look : ndarray, shape (2,)
        Row and column.
    image_shape : (int, int)
        Height and width of the slice image.
    """

    def __init__(self, look: FloatArray, image_shape: tuple[int, int]) -> None:
        radius = np.geomspace(1.0, 0.75 * max(image_shape) + 1.0, RINGS)[:, None]
        turn = np.arange(SPOKES)[None, :] + 0.5 * (np.arange(RINGS)[:, None] % 2)
        angle = (2.0 * np.pi / SPOKES) * turn
        rows_columns = np.stack(
            (look[0] + radius * np.sin(angle), look[1] + radius * np.cos(angle)), axis=-1
        ).reshape(-1, 2)
        inside = ((rows_columns > -0.5) & (rows_columns < np.array(image_shape) - 0.5)).all(axis=1)
        areas = np.repeat(radius[:, 0] ** 2, SPOKES)  # rings are spaced by their radius
        self._rows_columns = np.vstack((look, rows_columns[inside]))
        self._areas = np.append(0.3, areas[inside] * (2.0 * np.pi / SPOKES * 0.25))

    def pairwise_iou(self, masks: list[CropMask]) -> FloatArray:
        """Return the IoU of each mask with each, shape (n, n); 0 with one that is empty here."""
        members = np.array([mask.contains(self._rows_columns) for mask in masks], dtype=np.float64)
        # Not a matrix product: for so few numbers, a parallel BLAS costs more than it saves.
        common = np.einsum("ip,jp->ij", members * self._areas, members)
        own = np.diagonal(common)
        iou: FloatArray = common / np.maximum(own[:, None] + own[None, :] - common, 1e-9)
        return iou
