"""Slice images across the scan's axes, against SimpleITK and scipy."""

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.transform import Rotation

from GazeSAMLib.frames import ImagePoint, LocalRasPoint
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import LONGEST_SIDE, sample_slice, slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry

LPS_FROM_RAS = np.diag((-1.0, -1.0, 1.0, 1.0))
angles = st.floats(-180.0, 180.0)


def turned_plane(degrees, point_ras):
    """Return an axial plane as displayed, turned about x, y and z through `point_ras`."""
    turn = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    return SlicePlane(point_ras, turn @ (-1.0, 0.0, 0.0), turn @ (0.0, -1.0, 0.0))


def centre_of(volume):
    ijk = (np.array(volume.shape_ijk) - 1) / 2.0
    return nibabel.affines.apply_affine(volume.local_ras_from_ijk, ijk)


def simpleitk_values(image, grid):
    """Return SimpleITK's linear values on the grid of a slice image, NaN outside."""
    lps_from_uvw = LPS_FROM_RAS @ grid.local_ras_from_image_uv
    step = np.linalg.norm(lps_from_uvw[:3, :3], axis=0)
    plane = SimpleITK.Resample(
        SimpleITK.Cast(image, SimpleITK.sitkFloat32),
        [grid.shape[1], grid.shape[0], 1],
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        lps_from_uvw[:3, 3].tolist(),
        step.tolist(),
        (lps_from_uvw[:3, :3] / step).ravel().tolist(),
        float("nan"),
        SimpleITK.sitkFloat32,
    )
    return SimpleITK.GetArrayFromImage(plane)[0]


def scipy_values(voxels_kji, affine, grid):
    """Return scipy's linear values on the grid of a slice image, NaN outside."""
    v, u = np.indices(grid.shape)
    uvw1 = np.stack((u, v, np.zeros_like(u), np.ones_like(u))).reshape(4, -1)
    ijk = (np.linalg.inv(affine) @ grid.local_ras_from_image_uv @ uvw1)[:3]
    values = ndimage.map_coordinates(voxels_kji.astype(float), ijk[::-1], order=1, mode="nearest")
    counts = np.array(voxels_kji.shape[::-1])[:, None]
    inside = ((ijk >= -0.5) & (ijk <= counts - 0.5)).all(axis=0)
    return np.where(inside, values, np.nan).reshape(grid.shape)


def assert_same_values(image, expected, tolerance):
    both = np.isfinite(image) & np.isfinite(expected)
    assert both.mean() > 0.2
    # Which pixels are outside may differ only on the border itself.
    assert (np.isfinite(image) != np.isfinite(expected)).mean() < 2e-3
    assert np.abs(image[both] - expected[both]).max() <= tolerance


def a_simpleitk_image(shape_kji, seed=4):
    """Return a random, anisotropic, oblique image whose j axis is flipped."""
    voxels = np.random.default_rng(seed).integers(-1000, 2000, shape_kji, dtype=np.int16)
    image = SimpleITK.GetImageFromArray(voxels)
    turn = Rotation.from_euler("xyz", (12.0, -7.0, 30.0), degrees=True).as_matrix()
    image.SetDirection((turn @ np.diag((1.0, -1.0, 1.0))).ravel().tolist())
    image.SetSpacing((0.8, 0.9, 3.0))
    image.SetOrigin((-30.0, 40.0, 120.0))
    return image


def scan_of(image):
    """Return voxels and geometry of a SimpleITK image by its own way to physical points."""
    corner = np.array(image.TransformIndexToPhysicalPoint((0, 0, 0)))
    ras_from_ijk = np.eye(4)
    for axis in range(3):
        step = image.TransformIndexToPhysicalPoint(tuple(int(n) for n in np.eye(3)[axis]))
        ras_from_ijk[:3, axis] = np.array(step) - corner
    ras_from_ijk[:3, 3] = corner
    voxels_kji = SimpleITK.GetArrayFromImage(image)
    return voxels_kji, VolumeGeometry(voxels_kji.shape, LPS_FROM_RAS @ ras_from_ijk)


@given(
    st.tuples(angles, angles, angles),
    st.tuples(*[st.floats(-12.0, 12.0)] * 3),
    st.sampled_from([(20, 40, 50), (2, 30, 30), (60, 20, 3)]),
)
def test_any_plane_through_an_oblique_scan_is_simpleitk_s(degrees, off_mm, shape_kji):
    image = a_simpleitk_image(shape_kji)
    voxels_kji, volume = scan_of(image)

    grid = slice_grid(volume, turned_plane(degrees, centre_of(volume) + off_mm))

    assume(grid is not None and grid.layer is None)
    ours, expected = sample_slice(voxels_kji, volume, grid), simpleitk_values(image, grid)
    both = np.isfinite(ours) & np.isfinite(expected)
    assert (np.isfinite(ours) != np.isfinite(expected)).sum() <= 0.01 * ours.size + 2
    # Steps of thousands between neighbours: float32 coordinates cost this much.
    np.testing.assert_allclose(ours[both], expected[both], atol=0.5)


@pytest.mark.parametrize("file", ["mr_brain_oblique/t2.nii.gz", "geometry/mr_flair_oblique.nii.gz"])
@pytest.mark.parametrize(
    "degrees", [(0, 0, 0), (90, 0, 0), (90, 0, 90), (35, -20, 0), (0, 0, 25), (-60, 10, 170)]
)
def test_real_scans_are_cut_as_simpleitk_cuts_them(shared_data, file, degrees):
    image = SimpleITK.ReadImage(str(shared_data / file))
    voxels_kji = np.asarray(nibabel.load(shared_data / file).dataobj).T
    volume = VolumeGeometry(voxels_kji.shape, nibabel.load(shared_data / file).affine)

    beside_centre = centre_of(volume) + np.array((3.3, -2.2, 1.1))
    grid = slice_grid(volume, turned_plane(degrees, beside_centre))

    assert grid.layer is None
    assert grid.pixel_mm == pytest.approx(min(volume.spacing_mm))
    assert_same_values(sample_slice(voxels_kji, volume, grid), simpleitk_values(image, grid), 0.5)


@pytest.mark.parametrize("degrees", [(0, 0, 0), (90, 0, 90), (35, -20, 0), (0, 0, 25)])
def test_a_real_sheared_scan_is_cut_as_scipy_cuts_it(shared_data, degrees):
    image = nibabel.load(shared_data / "geometry" / "ct_sheared.nii.gz")
    voxels_kji = np.asarray(image.dataobj).T
    volume = VolumeGeometry(voxels_kji.shape, image.affine)

    grid = slice_grid(volume, turned_plane(degrees, centre_of(volume)))

    assert grid.layer is None
    ours = sample_slice(voxels_kji, volume, grid)
    assert_same_values(ours, scipy_values(voxels_kji, image.affine, grid), 0.01)


@given(st.tuples(angles, angles, angles), st.floats(-12.0, 12.0))
def test_the_image_holds_the_whole_cross_section_and_no_empty_margin(degrees, off_mm):
    volume = VolumeGeometry(
        (16, 24, 20), [[1, 0.2, 0, 5], [0, 1.1, 0, 6], [0, 0.1, 1.5, 7], [0, 0, 0, 1]]
    )
    normal = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()[:, 2]
    plane = turned_plane(degrees, centre_of(volume) + normal * off_mm)
    grid = slice_grid(volume, plane)
    assume(grid is not None and grid.layer is None)
    # Many points of the plane, far beyond the image.
    u_mm, v_mm = np.meshgrid(np.linspace(-30, 30, 241), np.linspace(-30, 30, 241))
    points = centre_of(volume) + normal * off_mm
    points = points + u_mm[..., None] * plane.row_direction
    points = points + v_mm[..., None] * plane.column_direction
    ijk = nibabel.affines.apply_affine(np.linalg.inv(volume.local_ras_from_ijk), points)
    inside = ((ijk > -0.5) & (ijk < np.array(volume.shape_ijk) - 0.5)).all(axis=-1)
    uv = nibabel.affines.apply_affine(grid.image_uv_from_local_ras, points)[inside][:, :2]
    assume(len(uv) > 1000)  # else the points are too few to find the outline

    edge = np.array(grid.shape[::-1]) - 0.5
    assert (uv >= -0.5 - 1e-3).all()
    assert (uv <= edge + 1e-3).all()
    assert (uv.min(axis=0) <= 1.5).all()
    assert (uv.max(axis=0) >= edge - 3.0).all()


@pytest.mark.parametrize("degrees", [(35, -20, 0), (0, 0, 30), (10, 0, 0)])
def test_pixels_are_square_and_the_image_lies_on_the_plane(degrees):
    volume = VolumeGeometry((30, 60, 50), np.diag((-0.8, -0.9, 3.0, 1.0)))
    plane = turned_plane(degrees, centre_of(volume))

    grid = slice_grid(volume, plane)

    steps = grid.local_ras_from_image_uv[:3, :3]
    np.testing.assert_allclose(steps[:, 0], plane.row_direction * 0.8, atol=1e-7)
    np.testing.assert_allclose(steps[:, 1], plane.column_direction * 0.8, atol=1e-7)
    np.testing.assert_allclose(steps[:, 2], plane.normal, atol=1e-7)
    corner = np.array(tuple(grid.point_from_image(ImagePoint(0.0, 0.0))))
    assert (corner - centre_of(volume)) @ plane.normal == pytest.approx(0.0, abs=1e-4)
    back = grid.image_from_point(grid.point_from_image(ImagePoint(12.25, 7.5)))
    assert tuple(back) == pytest.approx((12.25, 7.5), abs=1e-9)


def test_an_oblique_image_has_at_most_1024_pixels_a_side():
    volume = VolumeGeometry((4, 900, 1000), np.diag((-0.5, -0.5, 1.0, 1.0)))

    grid = slice_grid(volume, turned_plane((0, 0, 40), centre_of(volume)))

    assert max(grid.shape) == LONGEST_SIDE
    extent_mm = 500 * np.cos(np.radians(40)) + 450 * np.sin(np.radians(40))
    assert grid.pixel_mm == pytest.approx(extent_mm / LONGEST_SIDE, rel=1e-6)


@pytest.mark.parametrize("normal_sign", [1.0, -1.0])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("end", [0, 1])
def test_a_plane_on_a_face_shows_the_outermost_voxels_and_beyond_it_nothing(axis, end, normal_sign):
    shape_ijk = (6, 7, 8)
    volume = VolumeGeometry(shape_ijk[::-1], np.diag((0.7, 0.9, 1.3, 1.0)))
    voxels_kji = np.indices(shape_ijk)[axis].T.astype(np.int16)
    normal = np.eye(3)[axis]
    # Turned by 30 degrees in the plane, so that no voxel axis is followed.
    row = np.roll(normal, 1) * np.cos(0.5) + np.roll(normal, 2) * np.sin(0.5)
    column = np.cross(normal_sign * normal, row)
    ijk = (np.array(shape_ijk) - 1) / 2.0
    ijk[axis] = shape_ijk[axis] - 0.5 if end else -0.5
    on_face = nibabel.affines.apply_affine(volume.local_ras_from_ijk, ijk)
    outwards = normal if end else -normal

    grid = slice_grid(volume, SlicePlane(on_face, row, column))

    assert grid.layer is None
    image = sample_slice(voxels_kji, volume, grid)
    assert np.isfinite(image).mean() > 0.4
    assert (image[np.isfinite(image)] == (shape_ijk[axis] - 1 if end else 0)).all()
    assert slice_grid(volume, SlicePlane(on_face + 0.001 * outwards, row, column)) is None
    assert slice_grid(volume, SlicePlane(on_face + 500.0 * outwards, row, column)) is None


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_tilted_plane_parallel_to_an_axis_but_beside_the_scan_shows_nothing(axis):
    volume = VolumeGeometry((20, 20, 20), np.eye(4))
    degrees = [0.0, 0.0, 0.0]
    degrees[axis] = 30.0
    normal = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()[:, 2]
    reach = 10.0 * np.abs(normal).sum()

    for side in (-1.0, 1.0):
        just_in = turned_plane(degrees, centre_of(volume) + side * (reach - 0.5) * normal)
        just_out = turned_plane(degrees, centre_of(volume) + side * (reach + 0.01) * normal)
        assert slice_grid(volume, just_in) is not None
        assert slice_grid(volume, just_out) is None


def test_a_plane_that_only_touches_a_corner_or_an_edge_shows_nothing():
    volume = VolumeGeometry((10, 10, 10), np.eye(4))
    corner = np.array((9.5, 9.5, 9.5))

    assert slice_grid(volume, SlicePlane(corner, (1, -1, 0), (1, 1, -2))) is None
    assert slice_grid(volume, SlicePlane(-np.full(3, 0.5), (1, -1, 0), (1, 1, -2))) is None
    assert slice_grid(volume, SlicePlane(corner, (0, 0, 1), (1, -1, 0))) is None


def test_a_volume_of_one_slice_cut_across_is_a_strip_of_its_thickness():
    volume = VolumeGeometry((1, 40, 40), np.diag((1.0, 1.0, 5.0, 1.0)))
    voxels_kji = np.arange(1600, dtype=np.int16).reshape(1, 40, 40)
    plane = turned_plane((90, 30, 0), centre_of(volume))

    grid = slice_grid(volume, plane)
    image = sample_slice(voxels_kji, volume, grid)

    assert grid.layer is None
    assert_same_values(image, scipy_values(voxels_kji, np.diag((1.0, 1.0, 5.0, 1.0)), grid), 1e-2)


def test_a_turn_in_the_plane_turns_the_image():
    voxels_kji = np.zeros((3, 101, 101), dtype=np.float32)
    voxels_kji[1, 50, 50:] = 100.0  # a bar from the centre to the patient's left
    volume = VolumeGeometry(voxels_kji.shape, np.diag((-1.0, -1.0, 1.0, 1.0)))
    centre = centre_of(volume)

    grid = slice_grid(volume, turned_plane((0, 0, 30), centre))
    image = sample_slice(voxels_kji, volume, grid)

    # Row and column turned from right to front; to the reader the bar now points up by 30
    # degrees: 40 pixels along it are 34.6 to the right and 20 to the top.
    u, v = grid.image_from_point(LocalRasPoint(*centre))
    assert image[round(v - 20.0), round(u + 34.64)] > 50.0
    assert image[round(v + 20.0), round(u + 34.64)] == 0.0
    assert image[round(v - 20.0), round(u - 34.64)] == 0.0
