"""A scan's values under voxels of the same grid, a part of it, and any other."""

import numpy as np
import pytest

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.segment import VoxelPatch
from GazeSAMLib.segmentation.values_under import values_under
from Testing.unit.segmentation.test_measures import SHEARED

SHAPE = (6, 7, 8)
VALUES = np.random.default_rng(0).integers(-1000, 1000, SHAPE).astype(np.int16)
SCAN = VolumeGeometry(SHAPE, SHEARED)


def full(offset_kji, shape):
    return VoxelPatch(offset_kji, np.ones(shape, dtype=bool))


def at_centres(patch, grid):
    """The same, voxel by voxel."""
    kji = np.indices(patch.mask.shape).reshape(3, -1).T + patch.offset_kji
    at = apply(SCAN.ijk_from_local_ras @ grid.local_ras_from_ijk, kji[:, ::-1])
    nearest = np.floor(at + 0.5).astype(int)[:, ::-1]
    inside = ((nearest >= 0) & (nearest < SHAPE)).all(axis=1)
    values = np.full(len(kji), np.nan)
    values[inside] = VALUES[tuple(nearest[inside].T)]
    return values.reshape(patch.mask.shape)


def test_on_the_scan_s_own_grid_nothing_is_copied():
    found = values_under(full((1, 2, 3), (4, 3, 2)), SCAN, VALUES, SCAN)
    assert np.shares_memory(found, VALUES)
    assert np.array_equal(found, VALUES[1:5, 2:5, 3:5])


def moved(*, shift=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0), shape=SHAPE):
    matrix = SHEARED @ np.diag((*scale, 1.0))
    matrix[:3, 3] = apply(SHEARED, shift)
    return VolumeGeometry(shape, matrix)


@pytest.mark.parametrize(
    ("grid", "patch"),
    [
        (moved(shift=(2, 1, 3)), full((0, 0, 0), (2, 3, 4))),  # a part of the scan
        (moved(shift=(-2, 0, 1)), full((0, 0, 0), (6, 7, 8))),  # beyond its edges
        (moved(shift=(7, 6, 5), scale=(-1, -1, -1)), full((0, 1, 2), (4, 4, 4))),  # turned round
        (moved(shift=(0.2, 0.1, 0.3), scale=(0.5, 0.7, 1.3)), full((1, 1, 1), (3, 6, 6))),
        (moved(shift=(50, 0, 0)), full((0, 0, 0), (2, 2, 2))),  # elsewhere
    ],
)
def test_other_grids_give_the_nearest_voxel_s_value_and_nan_beyond(grid, patch):
    np.testing.assert_array_equal(values_under(patch, grid, VALUES, SCAN), at_centres(patch, grid))


def test_an_empty_patch_has_no_values():
    patch = VoxelPatch((0, 0, 0), np.zeros((0, 0, 0), dtype=bool))
    assert values_under(patch, SCAN, VALUES, SCAN).shape == (0, 0, 0)
