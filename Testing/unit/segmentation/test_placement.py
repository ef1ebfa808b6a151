"""Masks go back to the voxels they came from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.placement import cropped, place
from GazeSAMLib.segmentation.segment import VoxelPatch


def full(patch: VoxelPatch, volume: VolumeGeometry) -> np.ndarray:
    labels = np.zeros(volume.shape_kji, dtype=bool)
    labels[patch.box] |= patch.mask
    return labels


def volume_of(shape_kji, spacing_mm, rotation=None, shear=0.0, flip=(1, 1, 1)) -> VolumeGeometry:
    axes = np.diag(np.array(spacing_mm, dtype=float) * flip)
    axes[1, 2] += shear * spacing_mm[2]
    if rotation is not None:
        axes = rotation.as_matrix() @ axes
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = (-31.0, 12.5, 77.0)
    return VolumeGeometry(shape_kji, matrix)


def centre(volume: VolumeGeometry) -> np.ndarray:
    return apply(volume.local_ras_from_ijk, (np.array(volume.shape_ijk) - 1) / 2.0)


AXES = {
    "axial": ((-1, 0, 0), (0, -1, 0)),
    "sagittal": ((0, -1, 0), (0, 0, -1)),
    "coronal": ((-1, 0, 0), (0, 0, -1)),
}


@pytest.mark.parametrize("orientation", AXES)
@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, 1)])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_a_threshold_on_an_aligned_slice_gives_the_same_threshold_of_its_voxels(
    orientation, flip, seed
):
    rng = np.random.default_rng(seed)
    voxels = rng.random((9, 11, 13)).astype(np.float32)
    volume = volume_of(voxels.shape, (0.8, 0.8, 0.8), flip=flip)
    plane = SlicePlane(centre(volume), *AXES[orientation])
    grid = slice_grid(volume, plane)
    image = sample_slice(voxels, volume, grid)
    labels = full(place(image > 0.6, grid, volume), volume)
    axis = {"axial": 0, "coronal": 1, "sagittal": 2}[orientation]
    expected = np.zeros_like(labels)
    layer = [slice(None)] * 3
    layer[axis] = (voxels.shape[axis] - 1) // 2
    expected[tuple(layer)] = voxels[tuple(layer)] > 0.6
    np.testing.assert_array_equal(labels, expected)


def test_an_anisotropic_slice_gives_back_the_voxels_whose_centres_are_covered():
    volume = volume_of((8, 40, 40), (0.5, 0.5, 4.0))
    plane = SlicePlane(centre(volume), *AXES["sagittal"])
    grid = slice_grid(volume, plane)
    assert grid.shape == (64, 40)  # 8 slices of 4 mm at 0.5 mm
    mask = np.zeros(grid.shape, dtype=bool)
    mask[16:40] = True  # the third to the fifth slice from the top
    patch = place(mask, grid, volume)
    assert patch.offset_kji[0] == 3
    assert patch.mask.shape == (3, 40, 1)
    assert patch.mask.all()


@pytest.mark.parametrize("angles_deg", [(35, -20), (10, 5), (45, 45), (89, 1), (0, 0)])
@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.7, 0.7, 3.0)])
@pytest.mark.parametrize("shear", [0.0, 0.3])
def test_an_oblique_mask_leaves_no_hole_in_the_displayed_slice(angles_deg, spacing_mm, shear):
    volume = volume_of((30, 60, 60), spacing_mm, shear=shear)
    turn = Rotation.from_euler("xy", angles_deg, degrees=True).as_matrix()
    plane = SlicePlane(centre(volume), turn @ (-1, 0, 0), turn @ (0, -1, 0))
    grid = slice_grid(volume, plane)
    height, width = grid.shape
    rows, columns = np.mgrid[:height, :width]
    disc = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (min(height, width) / 3) ** 2
    labels = full(place(disc, grid, volume), volume)
    # What a viewer shows: at every pixel, the label of the voxel in which it lies.
    uvw = np.stack((columns, rows, np.zeros_like(rows)), axis=-1)
    index = np.floor(
        apply(volume.ijk_from_local_ras @ grid.local_ras_from_image_uv, uvw) + 0.5
    ).astype(int)
    inside = ((index >= 0) & (index < volume.shape_ijk)).all(axis=-1)
    index = np.clip(index, 0, np.array(volume.shape_ijk) - 1)
    shown = labels[index[..., 2], index[..., 1], index[..., 0]] & inside
    radius_px = min(height, width) / 3
    margin_px = 0.9 * np.linalg.norm(spacing_mm) / grid.pixel_mm
    distance_px = np.hypot(rows - height / 2, columns - width / 2)
    core = (distance_px < radius_px - margin_px) & inside
    assert core.sum() > 50
    assert shown[core].all()
    assert not shown[distance_px > radius_px + margin_px].any()


def test_an_oblique_mask_takes_only_voxels_that_the_plane_crosses():
    volume = volume_of((40, 40, 40), (1.0, 1.0, 1.0))
    turn = Rotation.from_euler("xy", (35, -20), degrees=True).as_matrix()
    plane = SlicePlane(centre(volume), turn @ (-1, 0, 0), turn @ (0, -1, 0))
    grid = slice_grid(volume, plane)
    labels = full(place(np.ones(grid.shape, dtype=bool), grid, volume), volume)
    k, j, i = np.indices(labels.shape)
    corners = [
        (np.stack((i + a, j + b, k + c), axis=-1) @ volume.axes_mm.T
         + volume.local_ras_from_ijk[:3, 3] - plane.origin_local_ras) @ plane.normal
        for a in (-0.5, 0.5) for b in (-0.5, 0.5) for c in (-0.5, 0.5)
    ]  # fmt: skip
    crossed = (np.min(corners, axis=0) < 0.0) & (np.max(corners, axis=0) >= 0.0)
    np.testing.assert_array_equal(labels, crossed)


@pytest.mark.parametrize("orientation", ["sagittal", "oblique"])
def test_a_mask_between_voxel_centres_is_not_lost(orientation):
    volume = volume_of((8, 40, 40), (0.5, 0.5, 6.0))
    turn = Rotation.from_euler("x", 25, degrees=True).as_matrix()
    axes = AXES["sagittal"] if orientation == "sagittal" else ((0, -1, 0), turn @ (0.1, 0, -1))
    grid = slice_grid(volume, SlicePlane(centre(volume), *axes))
    mask = np.zeros(grid.shape, dtype=bool)
    row, column = grid.shape[0] // 2, grid.shape[1] // 2
    mask[row, column] = True
    patch = place(mask, grid, volume)
    assert patch.mask.sum() >= 1
    at_ijk = apply(
        volume.ijk_from_local_ras @ grid.local_ras_from_image_uv, (float(column), float(row), 0.0)
    )
    found = np.argwhere(full(patch, volume))[:, ::-1]
    assert np.abs(found - at_ijk).max() <= 1.0


def test_an_empty_mask_gives_no_voxels():
    volume = volume_of((4, 5, 6), (1.0, 1.0, 1.0))
    grid = slice_grid(volume, SlicePlane(centre(volume), *AXES["axial"]))
    assert place(np.zeros(grid.shape, dtype=bool), grid, volume).mask.size == 0


def test_a_mask_of_another_size_is_refused():
    volume = volume_of((4, 5, 6), (1.0, 1.0, 1.0))
    grid = slice_grid(volume, SlicePlane(centre(volume), *AXES["axial"]))
    with pytest.raises(GeometryError, match="image's shape"):
        place(np.zeros((2, 2), dtype=bool), grid, volume)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_cropping_keeps_every_voxel_and_leaves_no_empty_border(seed):
    rng = np.random.default_rng(seed)
    patch = VoxelPatch((2, 3, 4), rng.random((4, 5, 6)) > rng.choice([0.5, 0.97]))
    volume = volume_of((10, 10, 10), (1.0, 1.0, 1.0))
    tight = cropped(patch)
    np.testing.assert_array_equal(full(tight, volume), full(patch, volume))
    if tight.mask.size:
        for axis in range(3):
            others = tuple(a for a in range(3) if a != axis)
            used = tight.mask.any(axis=others)
            assert used[0]
            assert used[-1]
