"""The slices between those that a person confirmed.

Shape-based interpolation: the signed distances from the outlines of two slices are mixed, and
the outline between them lies where the mixture is zero. Both are first moved along the way
from one's centre to the other's, where they then overlap more: a vessel that runs slantwise
would vanish otherwise.

References
----------
Raya and Udupa (1990). Shape-based interpolation of multidimensional objects. IEEE Transactions
on Medical Imaging 9(1). https://doi.org/10.1109/42.52980
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.mask_grid import grid_of_mask
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.agreement import overlap
from GazeSAMLib.segmentation.neighbours import neighbour, steps_between
from GazeSAMLib.segmentation.propagation import PropagatedSlice
from GazeSAMLib.segmentation.signed_distance import OutlineDistance

Mask = npt.NDArray[np.bool_]
Centre = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Known:
    """A confirmed slice, and how many steps from the first it lies."""

    plane: SlicePlane
    outline: OutlineDistance
    at_step: int


def fill_between(
    volume: VolumeGeometry, confirmed: Sequence[PropagatedSlice]
) -> list[PropagatedSlice]:
    """Return the slices between neighbouring confirmed slices of one orientation.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    confirmed : sequence of PropagatedSlice
        In any order and of any orientations; on each, one structure. Beside a slice whose mask
        is empty nothing is filled.

    Returns
    -------
    list of PropagatedSlice
        Of each orientation in the order of the first slice's normal. The confidence falls with
        the difference of the two slices, most in the middle between them.

    Raises
    ------
    GeometryError
        If a plane misses the scan or a mask does not have its image's shape.
    """
    filled = []
    for group in _by_orientation(volume, confirmed):
        for first, last in pairwise(group):
            if first is not None and last is not None:
                filled += _between(volume, first, last)
    return filled


def _by_orientation(
    volume: VolumeGeometry, confirmed: Sequence[PropagatedSlice]
) -> list[list[_Known | None]]:
    """Return the slices of each orientation in order; None for one that is empty."""
    groups: list[tuple[SlicePlane, dict[int, _Known | None]]] = []
    for given in confirmed:
        grid = grid_of_mask(volume, given.plane, given.mask)
        outline = OutlineDistance.of(given.mask, grid) if given.mask.any() else None
        for plane, known in [*groups, (given.plane, {})]:
            steps = steps_between(volume, plane, given.plane)
            if steps is not None:
                at = round(steps)
                known[at] = None if outline is None else _Known(given.plane, outline, at)
                if all(known is not found for _, found in groups):
                    groups.append((plane, known))
                break
    return [[known[at] for at in sorted(known)] for _, known in groups]


def _between(volume: VolumeGeometry, first: _Known, last: _Known) -> list[PropagatedSlice]:
    count = last.at_step - first.at_step
    filled = []
    travel, alike = None, 0.0
    for step in range(1, count):
        plane = neighbour(volume, first.plane, 1, step)
        grid = None if plane is None else slice_grid(volume, plane)
        if plane is None or grid is None:
            continue
        if travel is None:
            travel, alike = _travel(first.outline, last.outline, grid)
        way = step / count
        mask = _mixed(first.outline, last.outline, grid, way, travel)
        sure = 1.0 - (1.0 - alike) * 4.0 * way * (1.0 - way)
        filled.append(PropagatedSlice(plane, mask, sure))
    return filled


def _mixed(
    first: OutlineDistance, last: OutlineDistance, grid: SliceGrid, way: float, travel: Centre
) -> Mask:
    """Return the mask on `grid` after a part of the way from one outline to the other."""
    rows, columns = _pixels_around(first, last, grid)
    distances = (1.0 - way) * _moved(first, grid, rows, columns, way * travel)
    distances += way * _moved(last, grid, rows, columns, (way - 1.0) * travel)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[np.ix_(rows, columns)] = distances > 0.0
    return mask


def _travel(first: OutlineDistance, last: OutlineDistance, grid: SliceGrid) -> tuple[Centre, float]:
    """Return how far the centre goes, rows and columns of `grid`, and how alike the masks are."""
    centres = [_centre_on(outline, grid) for outline in (first, last)]
    whole = np.round(centres[1] - centres[0])
    rows, columns = _pixels_around(first, last, grid)
    at_last = _moved(last, grid, rows, columns, np.zeros(2)) > 0.0
    alike = [
        overlap(_moved(first, grid, rows, columns, travel) > 0.0, at_last)
        for travel in (np.zeros(2), whole)
    ]
    return (whole, alike[1]) if alike[1] > alike[0] else (np.zeros(2), alike[0])


def _moved(
    outline: OutlineDistance,
    grid: SliceGrid,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    travel: Centre,
) -> npt.NDArray[np.float32]:
    return outline.on(grid, rows - travel[0], columns - travel[1])


def _centre_on(outline: OutlineDistance, grid: SliceGrid) -> Centre:
    row, column = outline.centre_px.tolist()
    matrix = grid.image_uv_from_local_ras @ outline.grid.local_ras_from_image_uv
    return np.array((matrix[1, 1] * row + matrix[1, 3], matrix[0, 0] * column + matrix[0, 3]))


def _pixels_around(
    first: OutlineDistance, last: OutlineDistance, grid: SliceGrid
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows and columns of `grid` between whose ends both structures lie."""
    ends = np.vstack((first.box_on(grid), last.box_on(grid)))
    rows, columns = (
        np.arange(max(math.floor(low), 0), min(math.ceil(high) + 1, side))
        for low, high, side in zip(ends.min(axis=0), ends.max(axis=0), grid.shape, strict=True)
    )
    return rows, columns
