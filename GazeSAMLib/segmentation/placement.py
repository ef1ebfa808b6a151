"""From a mask on a slice image to the voxels that the slice shows there.

A plane along the scan's axes shows one layer of voxels: the mask goes back to where its
pixels came from. An oblique plane cuts through voxels of several layers; every voxel that the
plane crosses belongs to it (the plane's supercover: the centre is nearer than half the sum of
|normal . axis|), so that the displayed slice shows no holes. A voxel takes the mask's value at
its centre, projected on the plane.
"""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.mask_grid import check_fits
from GazeSAMLib.geometry.slice_image import SliceGrid, VoxelLayer
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.segment import VoxelPatch

Mask = npt.NDArray[np.bool_]

EMPTY = VoxelPatch((0, 0, 0), np.zeros((0, 0, 0), dtype=bool))


def place(mask: Mask, grid: SliceGrid, volume: VolumeGeometry) -> VoxelPatch:
    """Return the voxels of `volume` that `mask` covers.

    Parameters
    ----------
    mask : ndarray of bool, shape ``grid.shape``
        On the slice image.
    grid : SliceGrid
        The slice image's grid in `volume`.
    volume : VolumeGeometry
        The scan.

    Returns
    -------
    VoxelPatch
        Cropped to the voxels meant. A mask so small that it covers no voxel's centre gives
        the voxels in which its pixels lie: what was accepted is never lost.

    Raises
    ------
    GeometryError
        If the mask does not have the image's shape.
    """
    check_fits(mask, grid)
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows) == 0:
        return EMPTY
    columns = np.flatnonzero(mask.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    if grid.layer is not None and grid.one_to_one:
        return _layer_patch(mask[window], (rows[0], columns[0]), grid.layer, volume)
    if grid.layer is not None:
        layer_mask = _at_layer_centres(mask, grid, grid.layer, volume)
        patch = _layer_patch(layer_mask, (0, 0), grid.layer, volume)
    else:
        patch = _crossed_voxels(mask, window, grid, volume)
    return cropped(patch) if patch.mask.any() else _voxels_under(mask, grid, volume)


def cropped(patch: VoxelPatch) -> VoxelPatch:
    """Return `patch` with the smallest box that holds its voxels."""
    box, offset = [], []
    for axis, first in enumerate(patch.offset_kji):
        others = tuple(other for other in range(3) if other != axis)
        at = np.flatnonzero(patch.mask.any(axis=others))
        if len(at) == 0:
            return EMPTY
        box.append(slice(at[0], at[-1] + 1))
        offset.append(first + int(at[0]))
    return VoxelPatch((offset[0], offset[1], offset[2]), patch.mask[tuple(box)].copy())


def _layer_patch(
    mask_vu: Mask, first_vu: tuple[int, int], layer: VoxelLayer, volume: VolumeGeometry
) -> VoxelPatch:
    """Turn a window of one voxel layer, as displayed, back into the scan's own order."""
    offset_ijk = [0, 0, 0]
    offset_ijk[layer.w_axis] = layer.index
    steps = []
    for axis, flipped, first, count in (
        (layer.v_axis, layer.v_flipped, first_vu[0], mask_vu.shape[0]),
        (layer.u_axis, layer.u_flipped, first_vu[1], mask_vu.shape[1]),
    ):
        offset_ijk[axis] = volume.shape_ijk[axis] - first - count if flipped else int(first)
        steps.append(slice(None, None, -1 if flipped else 1))
    mask_ijk = np.moveaxis(
        mask_vu[steps[0], steps[1], None], (0, 1, 2), (layer.v_axis, layer.u_axis, layer.w_axis)
    )
    i, j, k = (int(first) for first in offset_ijk)
    return VoxelPatch((k, j, i), np.ascontiguousarray(mask_ijk.transpose(2, 1, 0)))


def _at_layer_centres(
    mask: Mask, grid: SliceGrid, layer: VoxelLayer, volume: VolumeGeometry
) -> Mask:
    """Sample `mask` at the centres of the layer's voxels, as displayed."""
    height, width = grid.shape
    rows = _pixels_of(volume.shape_ijk[layer.v_axis], volume.spacing_mm[layer.v_axis], grid)
    columns = _pixels_of(volume.shape_ijk[layer.u_axis], volume.spacing_mm[layer.u_axis], grid)
    return mask[np.minimum(rows, height - 1)[:, None], np.minimum(columns, width - 1)]


def _pixels_of(count: int, spacing_mm: float, grid: SliceGrid) -> npt.NDArray[np.intp]:
    # The image's edge is the edge of the outermost voxels.
    return ((np.arange(count) + 0.5) * (spacing_mm / grid.pixel_mm)).astype(np.intp)


def _crossed_voxels(
    mask: Mask, window: tuple[slice, slice], grid: SliceGrid, volume: VolumeGeometry
) -> VoxelPatch:
    low, high = _index_bounds(window, grid, volume)
    shape = high - low
    if (shape <= 0).any():
        return EMPTY
    # Distance to the plane in mm and position in the image are linear in the index.
    uvw_from_ijk = grid.image_uv_from_local_ras @ volume.local_ras_from_ijk
    gradient, distance_at_0 = uvw_from_ijk[2, :3], uvw_from_ijk[2, 3]
    depth = int(np.argmax(np.abs(gradient)))
    a, b = (axis for axis in range(3) if axis != depth)
    half_mm = 0.5 * np.abs(gradient).sum()
    at_a = np.arange(low[a], high[a], dtype=np.float64)[:, None]
    at_b = np.arange(low[b], high[b], dtype=np.float64)[None, :]
    in_plane_mm = distance_at_0 + gradient[a] * at_a + gradient[b] * at_b
    centre = in_plane_mm / -gradient[depth]
    reach = half_mm / abs(gradient[depth])
    first = np.floor(centre - reach) + 1.0
    # The mask's window in a frame of background: positions beside it are clipped onto the frame.
    framed = np.pad(mask[window], 1)
    row_at_0 = uvw_from_ijk[1, 3] + 1.5 - window[0].start
    column_at_0 = uvw_from_ijk[0, 3] + 1.5 - window[1].start
    base_row = row_at_0 + uvw_from_ijk[1, a] * at_a + uvw_from_ijk[1, b] * at_b
    base_column = column_at_0 + uvw_from_ijk[0, a] * at_a + uvw_from_ijk[0, b] * at_b
    patch = np.zeros(shape[::-1], dtype=bool)
    strides = (1, shape[0], shape[0] * shape[1])  # of i, j, k
    cells = np.add.outer(np.arange(shape[a]) * strides[a], np.arange(shape[b]) * strides[b])
    for layer in range(int(np.ceil(2.0 * reach))):
        at_depth = first + layer
        row = np.clip(base_row + uvw_from_ijk[1, depth] * at_depth, 0, framed.shape[0] - 1)
        column = np.clip(base_column + uvw_from_ijk[0, depth] * at_depth, 0, framed.shape[1] - 1)
        pixel = row.astype(np.intp) * framed.shape[1] + column.astype(np.intp)
        covered = framed.ravel().take(pixel)
        covered &= (
            (at_depth <= centre + reach) & (at_depth >= low[depth]) & (at_depth < high[depth])
        )
        index = at_depth[covered].astype(np.intp) - low[depth]
        patch.ravel()[cells[covered] + index * strides[depth]] = True
    k, j, i = low[::-1].tolist()
    return VoxelPatch((k, j, i), patch)


def _index_bounds(
    window: tuple[slice, slice], grid: SliceGrid, volume: VolumeGeometry
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the first and the last + 1 index of the voxels that a window of the image crosses."""
    corners_uv = [
        (u - 0.5, v - 0.5, 0.0)
        for u in (window[1].start, window[1].stop)
        for v in (window[0].start, window[0].stop)
    ]
    corners_ijk = apply(volume.ijk_from_local_ras @ grid.local_ras_from_image_uv, corners_uv)
    # A crossed voxel's centre is at most one voxel off the plane along each axis.
    low = np.floor(corners_ijk.min(axis=0)).astype(np.intp) - 1
    high = np.ceil(corners_ijk.max(axis=0)).astype(np.intp) + 2
    return np.maximum(low, 0), np.minimum(high, volume.shape_ijk)


def _voxels_under(mask: Mask, grid: SliceGrid, volume: VolumeGeometry) -> VoxelPatch:
    """Return the voxels in which the pixels of `mask` lie."""
    rows, columns = np.nonzero(mask)
    points_uv = np.stack((columns, rows, np.zeros_like(rows)), axis=1)
    at_ijk = apply(volume.ijk_from_local_ras @ grid.local_ras_from_image_uv, points_uv)
    index = np.floor(at_ijk + 0.5).astype(np.intp)
    index = index[((index >= 0) & (index < volume.shape_ijk)).all(axis=1)][:, ::-1]
    if len(index) == 0:
        return EMPTY
    low = index.min(axis=0)
    patch = np.zeros(index.max(axis=0) - low + 1, dtype=bool)
    patch[tuple((index - low).T)] = True
    k, j, i = low.tolist()
    return VoxelPatch((k, j, i), patch)
