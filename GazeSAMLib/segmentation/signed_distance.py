"""How far each pixel lies from a structure's outline, and on which side."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.geometry.slice_image import SliceGrid
from GazeSAMLib.segmentation.motion import box_of

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float32]

MARGIN_PX = 3
DEEP_PX = 1e3
"""Inside a mask that fills its part of the image no outline is near."""


def signed_distance(mask: Mask) -> Values:
    """Return each pixel's distance from the outline of `mask`, pixels, positive inside.

    The outline lies between the pixels, and not at the image's edge: beyond it, the structure
    may go on.
    """
    if mask.all():
        return np.full(mask.shape, DEEP_PX, dtype=np.float32)
    inside = ndimage.distance_transform_edt(mask)
    outside = ndimage.distance_transform_edt(~mask) if mask.any() else DEEP_PX
    distances: Values = np.where(mask, inside - 0.5, 0.5 - outside).astype(np.float32)
    return distances


@dataclass(frozen=True, eq=False)
class OutlineDistance:
    """The signed distance from a structure's outline around it, to be read on other slices.

    Attributes
    ----------
    grid : SliceGrid
        Of the slice image on which the structure is known.
    box : (slice, slice)
        Where it lies.
    values_px : ndarray of float32
        In that box.
    """

    grid: SliceGrid
    box: tuple[slice, slice]
    values_px: Values

    @classmethod
    def of(cls, mask: Mask, grid: SliceGrid) -> "OutlineDistance":
        """Measure a mask of the slice image, shape ``grid.shape`` and not empty."""
        box = box_of(mask, MARGIN_PX)
        return cls(grid, box, signed_distance(mask[box]))

    @property
    def centre_px(self) -> npt.NDArray[np.float64]:
        """The structure's centre of area on its slice image: row and column."""
        rows, columns = np.nonzero(self.values_px > 0.0)
        top, left = (side.start for side in self.box)
        return np.array((rows.mean() + top, columns.mean() + left))

    def box_on(self, target: SliceGrid) -> npt.NDArray[np.float64]:
        """Return first and last row and column of the box on another slice, shape (2, 2)."""
        matrix = target.image_uv_from_local_ras @ self.grid.local_ras_from_image_uv
        ends = np.array([(side.start, side.stop - 1) for side in self.box], dtype=np.float64).T
        scale, offset = (np.array((matrix[1, at[0]], matrix[0, at[1]])) for at in ((1, 0), (3, 3)))
        mapped: npt.NDArray[np.float64] = ends * scale + offset
        return mapped

    def on(
        self,
        target: SliceGrid,
        rows: npt.NDArray[np.float64],
        columns: npt.NDArray[np.float64],
    ) -> Values:
        """Return the distance at all pairs of a row and a column of another slice, straight across.

        Beyond the box it goes on falling with the way from it.
        """
        matrix = self.grid.image_uv_from_local_ras @ target.local_ras_from_image_uv
        at_rows = matrix[1, 1] * rows + matrix[1, 3] - self.box[0].start
        at_columns = matrix[0, 0] * columns + matrix[0, 3] - self.box[1].start
        height, width = self.values_px.shape
        (row, past_rows), (column, past_columns) = (
            _nearest(at, count) for at, count in ((at_rows, height), (at_columns, width))
        )
        values = self.values_px[row][:, column]
        if past_rows.any() or past_columns.any():
            values = values - np.hypot.outer(past_rows, past_columns)
        return values


def _nearest(at: npt.NDArray[np.float64], count: int) -> tuple[npt.NDArray[np.intp], Values]:
    """Return the nearest of `count` places, and how far beyond all of them `at` lies."""
    nearest = np.clip(np.floor(at + 0.5).astype(np.intp), 0, count - 1)
    past = np.maximum(np.maximum(-at, at - (count - 1)) - 0.5, 0.0)
    return nearest, past.astype(np.float32)
