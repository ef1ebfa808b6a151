"""The slice beside a slice, and where its pixels come to lie on it."""

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry

Indices = npt.NDArray[np.intp]
Value = TypeVar("Value", bound=np.generic)

PARALLEL_SINE = 1e-4


def step_mm(volume: VolumeGeometry, plane: SlicePlane) -> float:
    """Return the distance from a slice to the next one along the plane's normal, mm.

    For a plane along the scan's own axes that is the distance of its voxel layers, for any
    other the finest spacing.
    """
    grid = slice_grid(volume, plane)
    if grid is None or grid.layer is None:
        return min(volume.spacing_mm)
    return abs(float(plane.normal @ volume.axes_mm[:, grid.layer.w_axis]))


def neighbour(
    volume: VolumeGeometry, plane: SlicePlane, direction: int, steps: int = 1
) -> SlicePlane | None:
    """Return the slice so many steps away; None where the scan has ended.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    plane : SlicePlane
        In the scan's local RAS.
    direction : int
        +1 along the plane's normal, -1 against it.
    steps : int
        How many.
    """
    way_mm = direction * steps * step_mm(volume, plane)
    origin = plane.origin_local_ras + way_mm * plane.normal
    found = SlicePlane(origin, plane.row_direction, plane.column_direction)
    return None if slice_grid(volume, found) is None else found


def steps_between(volume: VolumeGeometry, plane: SlicePlane, other: SlicePlane) -> float | None:
    """Return how many steps along the normal of `plane` lead to `other`.

    Whole numbers for two layers of voxels, wherever in its layer each plane lies. None where
    the planes are not parallel with their rows in the same direction.
    """
    if (
        np.linalg.norm(np.cross(plane.normal, other.normal)) > PARALLEL_SINE
        or np.linalg.norm(plane.row_direction - other.row_direction) > PARALLEL_SINE
        or plane.normal @ other.normal < 0.0
    ):
        return None
    grids = slice_grid(volume, plane), slice_grid(volume, other)
    layers = [grid.layer if grid is not None else None for grid in grids]
    if layers[0] is not None and layers[1] is not None:
        ahead = float(plane.normal @ volume.axes_mm[:, layers[0].w_axis])
        return math.copysign(
            layers[1].index - layers[0].index, ahead * (layers[1].index - layers[0].index)
        )
    offset_mm = float(plane.normal @ (other.origin_local_ras - plane.origin_local_ras))
    return offset_mm / step_mm(volume, plane)


def carried(
    values: npt.NDArray[Value],
    source: SliceGrid,
    target: SliceGrid,
    shift_px: tuple[int, int] = (0, 0),
) -> npt.NDArray[Value]:
    """Return a slice image or a mask on another slice's image, straight across in space.

    Parameters
    ----------
    values : ndarray, shape ``source.shape``
        Pixels, which go on beyond the image's edge as they are there, or a mask, which
        does not.
    source, target : SliceGrid
        Of parallel planes with the same row direction.
    shift_px : (int, int)
        By how much the content has moved besides, columns and rows of `target`.
    """
    rows, columns = _sources(source, target, shift_px)
    height, width = source.shape
    moved = values[np.clip(rows, 0, height - 1)][:, np.clip(columns, 0, width - 1)]
    if moved.dtype == np.bool_:
        moved[(rows < 0) | (rows >= height)] = False
        moved[:, (columns < 0) | (columns >= width)] = False
    return moved


def _sources(
    source: SliceGrid, target: SliceGrid, shift_px: tuple[int, int]
) -> tuple[Indices, Indices]:
    """Return the rows and columns of `source` from which those of `target` come."""
    matrix = source.image_uv_from_local_ras @ target.local_ras_from_image_uv
    columns, rows = (
        np.floor(
            matrix[axis, axis] * (np.arange(count) - shift_px[axis]) + matrix[axis, 3] + 0.5
        ).astype(np.intp)
        for axis, count in enumerate(target.shape[::-1])
    )
    return rows, columns
