"""The slice image that a mask lies on, and whether it fits."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry


def check_fits(mask: npt.NDArray[np.bool_], grid: SliceGrid) -> None:
    """Raise unless a mask has a pixel for each of a slice image.

    Raises
    ------
    GeometryError
        If its shape is another.
    """
    if mask.shape != grid.shape:
        raise GeometryError(f"the mask must have the image's shape {grid.shape}, got {mask.shape}")


def grid_of_mask(
    volume: VolumeGeometry, plane: SlicePlane, mask: npt.NDArray[np.bool_]
) -> SliceGrid:
    """Return the grid of the slice image on which a mask lies.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    plane : SlicePlane
        The slice, in the scan's local RAS.
    mask : ndarray of bool, shape (H, W)
        On the plane's slice image.

    Raises
    ------
    GeometryError
        If the plane misses the scan, or the mask does not have the image's shape.
    """
    grid = slice_grid(volume, plane)
    if grid is None:
        raise GeometryError("the mask's slice does not cross the scan")
    check_fits(mask, grid)
    return grid
