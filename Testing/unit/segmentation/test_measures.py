"""Measures against SimpleITK, against all pairs of voxels, and against shapes that are known."""

import math

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.measures import measure
from GazeSAMLib.segmentation.segment import VoxelPatch

SHEARED = np.array(
    [
        [-1.9, 0.35, -0.40, 60.0],
        [-0.30, -1.9, 0.95, 70.0],
        [0.38, 0.55, 2.90, -45.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
STRAIGHT = np.diag((0.7, 0.7, 2.5, 1.0))


def whole(mask, offset_kji=(0, 0, 0)):
    return VoxelPatch(offset_kji, mask)


def blob(seed, shape=(14, 20, 24)):
    """A smooth body with dents, holes and, often, several parts."""
    random = np.random.default_rng(seed)
    image = SimpleITK.GetImageFromArray(random.normal(size=shape))
    smooth = SimpleITK.GetArrayFromImage(SimpleITK.SmoothingRecursiveGaussian(image, 2.0))
    return smooth > np.quantile(smooth, 0.8)


@pytest.mark.parametrize("matrix", [STRAIGHT, SHEARED], ids=["straight", "sheared"])
@pytest.mark.parametrize("seed", range(4))
def test_the_longest_diameters_are_those_of_all_pairs_of_voxels(matrix, seed):
    mask = blob(seed)
    volume = VolumeGeometry(mask.shape, matrix)
    points = np.argwhere(mask)[:, ::-1] @ volume.axes_mm.T
    slices = np.argwhere(mask)[:, 0]
    in_plane = {
        k: pdist(points[slices == k]).max() for k in set(slices.tolist()) if (slices == k).sum() > 1
    }

    found = measure(whole(mask), volume)

    assert found.longest_3d_mm == pytest.approx(pdist(points).max(), rel=1e-12)
    assert found.longest_in_plane_mm == pytest.approx(max(in_plane.values()), rel=1e-12)
    assert in_plane[found.longest_in_plane_k] == pytest.approx(found.longest_in_plane_mm, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_simpleitk_measures_the_same(seed):
    mask = blob(seed)
    values = np.random.default_rng(seed).integers(-200, 300, mask.shape).astype(np.int16)
    label = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image = SimpleITK.GetImageFromArray(values)
    for one in (label, image):
        one.SetSpacing((0.7, 0.7, 2.5))
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.ComputeFeretDiameterOn()
    shape.Execute(label)
    intensity = SimpleITK.LabelStatisticsImageFilter()
    intensity.Execute(image, label)

    found = measure(whole(mask), VolumeGeometry(mask.shape, STRAIGHT), values)

    assert found.voxels == shape.GetNumberOfPixels(1)
    assert found.volume_ml == pytest.approx(shape.GetPhysicalSize(1) / 1000.0, rel=1e-9)
    assert found.longest_3d_mm == pytest.approx(shape.GetFeretDiameter(1), rel=1e-9)
    assert found.mean == pytest.approx(intensity.GetMean(1), rel=1e-9)
    assert found.sd == pytest.approx(intensity.GetSigma(1), rel=1e-9)


def test_a_ball_has_its_volume_and_its_diameter():
    radius_mm, spacing = 30.0, np.array((1.0, 0.8, 1.5))
    k, j, i = np.indices((43, 79, 63))
    centre = np.array((31, 39, 21))
    mm = (np.stack((i, j, k), axis=-1) - centre) * spacing
    mask = (mm**2).sum(axis=-1) <= radius_mm**2
    found = measure(whole(mask), VolumeGeometry(mask.shape, np.diag((*spacing, 1.0))))
    assert found.volume_ml == pytest.approx(4.0 / 3.0 * math.pi * radius_mm**3 / 1000.0, rel=0.01)
    assert found.longest_3d_mm == pytest.approx(2.0 * radius_mm, rel=1e-12)  # poles are voxels
    assert found.longest_in_plane_mm == pytest.approx(2.0 * radius_mm, rel=1e-12)
    assert found.longest_in_plane_k == 21


def test_a_box_s_diameters_are_its_diagonals_between_voxel_centres():
    mask = np.ones((3, 4, 6), dtype=bool)
    volume = VolumeGeometry((20, 20, 20), np.diag((-2.0, -1.0, 5.0, 1.0)))
    found = measure(whole(mask, (7, 8, 9)), volume)
    assert found.longest_in_plane_mm == pytest.approx(math.hypot(10.0, 3.0))
    assert found.longest_in_plane_k == 7
    assert found.longest_3d_mm == pytest.approx(math.hypot(10.0, 3.0, 10.0))
    assert found.volume_ml == pytest.approx(72 * 10.0 / 1000.0)


def test_shear_changes_no_volume_but_diameters():
    mask = np.zeros((5, 3, 3), dtype=bool)
    mask[:, 1, 1] = True
    sheared = np.array([[1.0, 0, 0, 0], [0, 1, 2.0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    found = measure(whole(mask), VolumeGeometry(mask.shape, sheared))
    assert found.volume_ml == pytest.approx(0.005)
    assert found.longest_in_plane_mm == 0.0
    assert found.longest_3d_mm == pytest.approx(4.0 * math.sqrt(5.0))


@settings(max_examples=100)
@given(
    st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=12),
    st.sampled_from([STRAIGHT, SHEARED]),
)
def test_few_voxels_anyhow_in_a_line_or_a_plane(voxels, matrix):
    mask = np.zeros((7, 7, 7), dtype=bool)
    mask[tuple(np.array(voxels).T)] = True
    volume = VolumeGeometry(mask.shape, matrix)
    points = np.argwhere(mask)[:, ::-1] @ volume.axes_mm.T
    expected = pdist(points).max() if len(points) > 1 else 0.0
    assert measure(whole(mask), volume).longest_3d_mm == pytest.approx(expected, rel=1e-12)


def test_a_large_flat_segment_is_measured_too():
    mask = np.zeros((600, 700, 2), dtype=bool)  # sagittal: thousands of corners in one plane
    mask[:, ::2, 1] = True
    found = measure(whole(mask), VolumeGeometry(mask.shape, np.diag((1.0, 0.5, 2.0, 1.0))))
    assert found.longest_3d_mm == pytest.approx(math.hypot(599 * 2.0, 698 * 0.5))


def test_a_segment_without_voxels_has_no_diameter():
    found = measure(whole(np.zeros((0, 0, 0), dtype=bool)), VolumeGeometry((2, 2, 2), np.eye(4)))
    assert (found.voxels, found.volume_ml, found.longest_in_plane_k) == (0, 0.0, None)
    assert math.isnan(found.longest_3d_mm)
    assert math.isnan(found.mean)


def test_one_voxel_has_a_mean_and_no_deviation():
    volume = VolumeGeometry((1, 1, 1), np.eye(4))
    found = measure(whole(np.ones((1, 1, 1), bool)), volume, np.array([[[7]]]))
    assert found.mean == 7.0
    assert math.isnan(found.sd)
    assert found.longest_3d_mm == 0.0


def test_values_that_there_are_not_do_not_count():
    values = np.array([[[1.0, np.nan, 3.0]]])
    volume = VolumeGeometry((1, 1, 3), np.eye(4))
    found = measure(whole(np.ones((1, 1, 3), bool)), volume, values)
    assert (found.mean, found.sd) == (2.0, pytest.approx(math.sqrt(2.0)))


def test_values_of_another_box_are_refused():
    volume = VolumeGeometry((1, 1, 3), np.eye(4))
    with pytest.raises(GeometryError, match="patch's shape"):
        measure(whole(np.ones((1, 1, 3), bool)), volume, np.zeros((1, 3, 1)))
