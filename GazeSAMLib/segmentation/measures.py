"""How large a segment is, and how bright the scan is in it.

Conventions
-----------
Volume: the number of voxels times the volume of one, which is the determinant of the grid's
axes, so that it holds for sheared grids.

Diameter: the largest distance between two voxel centres of the segment, a caliper's reading
without the half voxel at either end; one voxel has diameter 0. The longest diameter in plane is
that of the slice, along the scan's k axis, that has the longest. All components of a segment
count together, as one: a diameter may lead from one to another.

Both are exact. The two points that are farthest apart are corners of the convex hull, and the
image of a hull under an affine map is the hull of the image: so it is found in voxels, and
distances are taken in mm.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.affine import Matrix
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.segment import VoxelPatch

_Points = npt.NDArray[np.intp]

# Pairs of corners whose distances are taken at once.
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Measures:
    """One segment in numbers.

    Attributes
    ----------
    voxels : int
        How many it has.
    volume_ml : float
        Its volume.
    longest_in_plane_mm : float
        The longest diameter on one slice, between voxel centres; NaN without voxels.
    longest_in_plane_k : int or None
        That slice; the first of several equals.
    longest_3d_mm : float
        The longest diameter in space, between voxel centres; NaN without voxels.
    mean, sd : float
        Of the scan's values in it; `sd` is that of the sample (n - 1). NaN where there are too
        few voxels, or there is no scan.
    """

    voxels: int
    volume_ml: float
    longest_in_plane_mm: float
    longest_in_plane_k: int | None
    longest_3d_mm: float
    mean: float
    sd: float


def measure(
    patch: VoxelPatch,
    volume: VolumeGeometry,
    values_kji: npt.NDArray[np.generic] | None = None,
) -> Measures:
    """Measure a segment; the time it takes depends on its box, not on the scan.

    For the numbers of a segment that is being edited, call it when the hand rests: a liver
    takes a tenth of a second.

    Parameters
    ----------
    patch : VoxelPatch
        The segment.
    volume : VolumeGeometry
        The grid of the patch.
    values_kji : ndarray, optional
        The scan's values in the patch's box, ``voxels_kji[patch.box]``; NaN where it has none.

    Raises
    ------
    GeometryError
        If `values_kji` does not have the shape of the patch.
    """
    mask = patch.mask
    if values_kji is not None and values_kji.shape != mask.shape:
        raise GeometryError(
            f"the values must have the patch's shape {mask.shape}, got {values_kji.shape}"
        )
    count = int(np.count_nonzero(mask))
    ml = count * abs(float(np.linalg.det(volume.axes_mm))) / 1000.0
    if count == 0:
        nothing = float("nan")
        return Measures(0, 0.0, nothing, None, nothing, nothing, nothing)
    corners = _corners_by_slice(mask)
    in_plane = [_longest_mm(points, volume.axes_mm) for points in corners]
    longest = int(np.argmax(in_plane))
    mean, sd = _intensity(mask, values_kji)
    return Measures(
        count,
        ml,
        in_plane[longest],
        int(patch.offset_kji[0] + corners[longest][0, 2]),
        _longest_mm(np.concatenate(corners), volume.axes_mm),
        mean,
        sd,
    )


def _corners_by_slice(mask: npt.NDArray[np.bool_]) -> list[_Points]:
    """Return for each slice with voxels the corners of its convex hull, (i, j, k), shape (n, 3).

    A corner of a slice's hull is the first or the last voxel of its row.
    """
    found = []
    for k, layer in enumerate(mask):
        rows = np.flatnonzero(layer.any(axis=1))
        if not len(rows):
            continue
        first = layer[rows].argmax(axis=1)
        last = layer.shape[1] - 1 - layer[rows, ::-1].argmax(axis=1)
        ends = np.concatenate((first, last))
        points = np.stack((ends, np.tile(rows, 2), np.full(len(ends), k)), axis=1)
        found.append(points[_hull(points[:, :2])])
    return found


def _hull(points: _Points) -> _Points:
    """Return the indices of the corners of the points' convex hull."""
    axes = points.shape[1]
    if axes == 1:
        return np.array([points[:, 0].argmin(), points[:, 0].argmax()])
    if len(points) <= axes + 1:
        return np.arange(len(points))
    try:
        corners: _Points = ConvexHull(points).vertices.astype(np.intp)
    except QhullError:  # they lie in one line or plane, which shows as well with an axis less
        return _hull(_without_an_axis(points))
    return corners


def _without_an_axis(points: _Points) -> _Points:
    """Leave out an axis along which flat points differ only where they differ along others."""
    rank = np.linalg.matrix_rank(points - points[0])
    fewer = (np.delete(points, axis, axis=1) for axis in range(points.shape[1]))
    return next(one for one in fewer if np.linalg.matrix_rank(one - one[0]) == rank)


def _longest_mm(points_ijk: _Points, axes_mm: Matrix) -> float:
    corners = points_ijk
    if len(corners) > _BLOCK:
        corners = corners[_hull(corners)]
    at_mm = corners @ axes_mm.T
    longest = 0.0
    for start in range(0, len(at_mm), _BLOCK):
        off = at_mm[start : start + _BLOCK, None, :] - at_mm[None, start:, :]
        longest = max(longest, float(np.einsum("abx,abx->ab", off, off).max()))
    return float(np.sqrt(longest))


def _intensity(
    mask: npt.NDArray[np.bool_], values_kji: npt.NDArray[np.generic] | None
) -> tuple[float, float]:
    """Return mean and standard deviation of the values under `mask` that there are."""
    if values_kji is None:
        return float("nan"), float("nan")
    values = values_kji[mask].astype(np.float64)
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else float("nan")
