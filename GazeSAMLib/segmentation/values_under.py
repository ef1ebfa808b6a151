"""The values of a scan under the voxels of a segment, whatever grid the segment lies on."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.segment import VoxelPatch

# How far, in voxels, two grids may be apart and still be the same.
_SAME = 0.05


def values_under(
    patch: VoxelPatch,
    grid: VolumeGeometry,
    voxels_kji: npt.NDArray[np.generic],
    volume: VolumeGeometry,
) -> npt.NDArray[np.generic]:
    """Return a scan's values at the centres of the voxels in a patch's box.

    The time it takes depends on the box, not on the scan; where the grids are the same the
    result is a view of the scan.

    Parameters
    ----------
    patch : VoxelPatch
        Voxels of `grid`.
    grid : VolumeGeometry
        Any grid.
    voxels_kji : ndarray, shape (k, j, i)
        The scan's values: the nearest voxel's is taken.
    volume : VolumeGeometry
        The scan's grid.

    Returns
    -------
    ndarray, shape of the patch
        NaN beyond the scan.
    """
    last_ijk = np.array(patch.mask.shape[::-1]) - 1
    if last_ijk.min() < 0:
        return np.zeros(patch.mask.shape)
    shift = np.eye(4)
    shift[:3, 3] = patch.offset_kji[::-1]
    scan_from_box = volume.ijk_from_local_ras @ grid.local_ras_from_ijk @ shift
    corners_of_box = last_ijk * np.indices((2, 2, 2)).reshape(3, 8).T
    corners = apply(scan_from_box, corners_of_box)
    first = np.rint(corners[0]).astype(int)
    is_same_grid = np.abs(corners - first - corners_of_box).max() <= _SAME
    if is_same_grid and (first >= 0).all() and (first + last_ijk < volume.shape_ijk).all():
        return voxels_kji[_box(first, first + last_ijk + 1)]
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, volume.shape_ijk)
    if (high <= low).any():
        return np.full(patch.mask.shape, np.nan)
    near = voxels_kji[_box(low, high)]
    values: npt.NDArray[np.generic] = ndimage.affine_transform(
        near.astype(np.float32),
        scan_from_box[:3, :3][::-1, ::-1],
        (scan_from_box[:3, 3] - low)[::-1],
        output_shape=patch.mask.shape,
        order=0,
        mode="grid-constant",
        cval=np.nan,
    )
    return values


def _box(
    low_ijk: npt.NDArray[np.intp], high_ijk: npt.NDArray[np.intp]
) -> tuple[slice, slice, slice]:
    i, j, k = (slice(*ends) for ends in zip(low_ijk.tolist(), high_ijk.tolist(), strict=True))
    return (k, j, i)
