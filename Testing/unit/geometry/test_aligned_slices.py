"""Slice images along the scan's own axes, against nibabel, SimpleITK and sums by hand."""

import itertools

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import LONGEST_SIDE, sample_slice, slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry

# Row and column direction as a radiologist sees them: right is the patient's left (axial,
# coronal) or back (sagittal); down is the back (axial) or the feet.
DIRECTIONS = {
    "axial": ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
    "sagittal": ((0.0, -1.0, 0.0), (0.0, 0.0, -1.0)),
    "coronal": ((-1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
}
ACROSS = {"axial": 2, "sagittal": 0, "coronal": 1}
SIGNED_PERMUTATIONS = [
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]
# Right, front, up: each voxel has a value of its own.
CANONICAL_RAS = np.random.default_rng(8).permutation(5 * 6 * 7).reshape(5, 6, 7).astype(np.int16)
CANONICAL_AFFINE = np.array([[1.0, 0, 0, -7], [0, 1.0, 0, 3.5], [0, 0, 1.0, 20], [0, 0, 0, 1]])


def as_displayed(canonical_ras, view, index):
    """Return a layer of a right-front-up array as Slicer's default view shows it."""
    if view == "axial":
        return canonical_ras[::-1, ::-1, index].T
    if view == "sagittal":
        return canonical_ras[index, ::-1, ::-1].T
    return canonical_ras[::-1, index, ::-1].T


def plane_at(view, point_ras, turned_by=None):
    row, column = np.array(DIRECTIONS[view])
    turn = np.eye(3) if turned_by is None else turned_by
    return SlicePlane(turn @ np.asarray(point_ras), turn @ row, turn @ column)


def stored(axes, signs, affine=CANONICAL_AFFINE, canonical_ras=CANONICAL_RAS):
    """Return the canonical scan with its voxel axes swapped and flipped: kji array, affine."""
    orientation = np.array(list(zip(axes, signs, strict=True)))
    data = apply_orientation(canonical_ras, orientation)
    image = nibabel.Nifti1Image(data, affine @ inv_ornt_aff(orientation, canonical_ras.shape))
    assert np.array_equal(nibabel.as_closest_canonical(image).get_fdata(), canonical_ras), (
        "the test's own volume must be right"
    )
    return np.asarray(image.dataobj).T, image.affine


def image_of(voxels_kji, affine, plane):
    volume = VolumeGeometry(voxels_kji.shape, affine)
    grid = slice_grid(volume, plane)
    return None if grid is None else (sample_slice(voxels_kji, volume, grid), grid)


@pytest.mark.parametrize(("axes", "signs"), SIGNED_PERMUTATIONS)
@pytest.mark.parametrize("view", DIRECTIONS)
def test_every_order_of_voxel_axes_gives_the_scan_s_own_pixels_as_displayed(axes, signs, view):
    voxels_kji, affine = stored(axes, signs)
    across = ACROSS[view]

    for index in range(CANONICAL_RAS.shape[across]):
        point_ras = nibabel.affines.apply_affine(CANONICAL_AFFINE, np.eye(3)[across] * index)
        image, grid = image_of(voxels_kji, affine, plane_at(view, point_ras))
        assert grid.one_to_one
        assert np.array_equal(image, as_displayed(CANONICAL_RAS, view, index))
        assert image.flags.c_contiguous
        assert image.dtype == np.float32


@given(
    st.sampled_from(SIGNED_PERMUTATIONS),
    st.sampled_from(list(DIRECTIONS)),
    st.tuples(*[st.floats(-180.0, 180.0)] * 3),
)
def test_a_scan_and_a_plane_turned_together_give_the_same_pixels(order, view, degrees):
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    voxels_kji, affine = stored(*order)
    index = 2
    point_ras = nibabel.affines.apply_affine(CANONICAL_AFFINE, np.eye(3)[ACROSS[view]] * index)

    image, grid = image_of(voxels_kji, turn @ affine, plane_at(view, point_ras, turn[:3, :3]))

    assert grid.one_to_one
    assert np.array_equal(image, as_displayed(CANONICAL_RAS, view, index))


@pytest.mark.parametrize(("axes", "signs"), SIGNED_PERMUTATIONS)
@pytest.mark.parametrize("view", DIRECTIONS)
def test_a_pixel_of_the_image_lies_on_the_voxel_that_it_shows(axes, signs, view):
    voxels_kji, affine = stored(axes, signs)
    volume = VolumeGeometry(voxels_kji.shape, affine)
    image, grid = image_of(voxels_kji, affine, plane_at(view, (-5.0, 6.5, 23.0)))

    for v, u in np.ndindex(image.shape):
        ijk = tuple(volume.ijk_from_point(grid.point_from_image(ImagePoint(u, v))))
        i, j, k = (round(n) for n in ijk)
        assert ijk == pytest.approx((i, j, k), abs=1e-9)
        assert image[v, u] == voxels_kji[k, j, i]


@pytest.mark.parametrize(("axes", "signs"), SIGNED_PERMUTATIONS[::5])
@pytest.mark.parametrize("view", DIRECTIONS)
@pytest.mark.parametrize("spacing", [(0.75, 0.75, 5.5), (0.5, 1.25, 2.0), (3.0, 0.9, 0.4)])
def test_anisotropic_voxels_become_square_pixels_of_the_finer_spacing(axes, signs, view, spacing):
    affine = CANONICAL_AFFINE @ np.diag((*spacing, 1.0))
    voxels_kji, affine = stored(axes, signs, affine)
    point_ras = nibabel.affines.apply_affine(CANONICAL_AFFINE @ np.diag((*spacing, 1.0)), (2, 2, 2))

    image, grid = image_of(voxels_kji, affine, plane_at(view, point_ras))

    in_plane = [spacing[axis] for axis in range(3) if axis != ACROSS[view]]
    steps_mm = np.linalg.norm(grid.local_ras_from_image_uv[:3, :2], axis=0)
    assert steps_mm == pytest.approx(min(in_plane))
    assert grid.pixel_mm == pytest.approx(min(in_plane))
    assert grid.one_to_one == (in_plane[0] == in_plane[1])
    expected = resampled(voxels_kji, affine, grid)
    inside = np.isfinite(expected)
    # Only the last row and column may reach beyond the scan; there its outermost voxels go on.
    assert inside[:-1, :-1].all()
    assert np.isfinite(image).all()
    np.testing.assert_allclose(image[inside], expected[inside], atol=1e-3)


def resampled(voxels_kji, affine, grid):
    """Return SimpleITK's linear values on the grid of a slice image."""
    lps_from_ijk = np.diag((-1.0, -1.0, 1.0, 1.0)) @ affine
    spacing = np.linalg.norm(lps_from_ijk[:3, :3], axis=0)
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(voxels_kji).astype(np.float32))
    image.SetSpacing(spacing.tolist())
    image.SetDirection((lps_from_ijk[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(lps_from_ijk[:3, 3].tolist())
    lps_from_uvw = np.diag((-1.0, -1.0, 1.0, 1.0)) @ grid.local_ras_from_image_uv
    step = np.linalg.norm(lps_from_uvw[:3, :3], axis=0)
    height, width = grid.shape
    plane = SimpleITK.Resample(
        image,
        [width, height, 1],
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        lps_from_uvw[:3, 3].tolist(),
        step.tolist(),
        (lps_from_uvw[:3, :3] / step).ravel().tolist(),
        float("nan"),
        SimpleITK.sitkFloat32,
    )
    return SimpleITK.GetArrayFromImage(plane)[0]


def test_an_image_of_more_than_1024_pixels_is_the_mean_over_areas():
    voxels = np.random.default_rng(2).integers(0, 4096, (1, 1500, 2048), dtype=np.uint16)
    affine = np.diag((-0.2, -0.2, 1.0, 1.0))

    image, grid = image_of(voxels, affine, plane_at("axial", (0.0, 0.0, 0.0)))

    assert image.shape == (750, LONGEST_SIDE)
    assert grid.pixel_mm == pytest.approx(0.4)
    means = voxels[0].reshape(750, 2, 1024, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(image, means, atol=1e-2)
    # The first pixel's centre lies on the corner of the four voxels that it is the mean of.
    first = tuple(grid.point_from_image(ImagePoint(0.0, 0.0)))
    assert first == pytest.approx((-0.1, -0.1, 0.0))


@pytest.mark.parametrize("columns", [1024, 1025, 1026, 1100, 3000])
def test_no_image_is_longer_than_1024_pixels(columns):
    voxels = np.broadcast_to(np.linspace(0.0, 1000.0, columns, dtype=np.float32), (1, 700, columns))
    affine = np.diag((-1.0, -1.0, 1.0, 1.0))

    image, grid = image_of(voxels, affine, plane_at("axial", (0.0, 0.0, 0.0)))

    assert max(image.shape) <= LONGEST_SIDE
    assert grid.one_to_one == (columns <= LONGEST_SIDE)
    assert image.mean() == pytest.approx(500.0, rel=1e-3)
    # What a pixel shows is where the pixel lies.
    u = np.array([0, 1, 500, 1000])
    points = [tuple(grid.point_from_image(ImagePoint(x, 100.0))) for x in u]
    volume = VolumeGeometry(voxels.shape, affine)
    index = [(volume.ijk_from_local_ras @ (*point, 1.0))[0] for point in points]
    per_voxel = 1000.0 / (columns - 1)
    np.testing.assert_allclose(image[100, u] / per_voxel, index, atol=0.25)


def test_spacings_that_differ_in_the_fourth_digit_keep_the_scan_s_own_pixels():
    voxels = np.random.default_rng(2).integers(0, 4096, (3, 400, 512), dtype=np.int16)
    affine = np.diag((-0.78125, -0.7812, 2.0, 1.0))

    image, grid = image_of(voxels, affine, plane_at("axial", (0.0, 0.0, 2.0)))

    assert np.array_equal(image, voxels[1])
    # The grid keeps the true spacings, so that no position drifts.
    steps_mm = np.linalg.norm(grid.local_ras_from_image_uv[:3, :2], axis=0)
    assert steps_mm == pytest.approx((0.78125, 0.7812), abs=1e-12)
    assert min(steps_mm) <= grid.pixel_mm <= max(steps_mm)


@pytest.mark.parametrize(
    ("position", "index"),
    [
        (-0.51, None),
        (-0.5, 0),
        (-0.49, 0),
        (0.0, 0),
        (0.49, 0),
        (0.5, 1),
        (1.49, 1),
        (1.5, 2),
        (2.5, 3),
        (3.0, 3),
        (3.5, 3),
        (3.51, None),
        (40.0, None),
        (-1000.0, None),
    ],
)
def test_the_nearest_layer_is_shown_and_of_two_the_one_of_higher_index(position, index):
    for view, sign, spacing in itertools.product(DIRECTIONS, (1.0, -1.0), (1.0, 0.3125, 5.5)):
        across = ACROSS[view]
        shape_ijk = [9, 9, 9]
        shape_ijk[across] = 4
        steps = np.ones(3)
        steps[across] = sign * spacing
        affine = np.diag((*steps, 1.0))
        affine[:3, 3] = (0.35, -7.15, 1.05)
        point_ras = affine[:3, 3] + np.eye(3)[across] * sign * spacing * position

        found = image_of(np.indices(shape_ijk)[across].T, affine, plane_at(view, point_ras))

        if index is None:
            assert found is None
        else:
            assert (found[0] == index).all()


def test_noise_in_a_header_s_directions_does_not_make_a_plane_oblique():
    voxels = np.random.default_rng(2).integers(0, 4096, (60, 512, 512), dtype=np.int16)
    rng = np.random.default_rng(11)
    for scale in (1e-7, 1e-6, 1e-5):
        affine = np.diag((-0.75, -0.75, 5.0, 1.0))
        affine[:3, :3] += rng.uniform(-scale, scale, (3, 3)) @ np.diag((0.75, 0.75, 5.0))
        affine[:3, 3] = (-700.0, 650.0, -900.0)
        centre = nibabel.affines.apply_affine(affine, (256.0, 256.0, 30.0))

        image, grid = image_of(voxels, affine, plane_at("axial", centre))

        assert grid.one_to_one
        assert np.array_equal(image, voxels[30])
        for view in ("coronal", "sagittal"):
            _, grid = image_of(voxels, affine, plane_at(view, centre))
            assert grid.layer is not None
            assert grid.layer.index == 256


def test_the_layer_is_the_one_in_the_scan_and_not_below_a_distant_origin():
    # Tilted by 1e-4 the plane leaves its layer by 0.08 voxel in the scan, but by 0.6 three metres
    # away, where the origin of local RAS lies.
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_rotvec((1e-4, 0.0, 0.0)).as_matrix() @ np.diag(
        (-0.75, -0.75, 0.5)
    )
    affine[:3, 3] = (190.0, 3190.0, -20.0)
    voxels = np.random.default_rng(2).integers(0, 4096, (9, 512, 512), dtype=np.int16)
    centre = nibabel.affines.apply_affine(affine, (255.5, 255.5, 4.0))

    image, grid = image_of(voxels, affine, plane_at("axial", centre))

    assert grid.one_to_one
    assert np.array_equal(image, voxels[4])


@pytest.mark.parametrize("tilt_deg", [0.5, 2.0, 8.0, 18.5])
def test_a_tilt_that_a_reader_could_see_makes_a_plane_oblique(tilt_deg):
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("x", tilt_deg, degrees=True).as_matrix()
    volume = VolumeGeometry((26, 320, 320), turn @ np.diag((-0.75, 0.75, 5.5, 1.0)))

    assert slice_grid(volume, plane_at("axial", (-120.0, 120.0, 70.0))).layer is None


@pytest.mark.parametrize("file", ["mr_brain_oblique/t2.nii.gz", "geometry/mr_flair_oblique.nii.gz"])
def test_a_real_oblique_scan_seen_along_its_own_axes_shows_its_own_pixels(shared_data, file):
    image = nibabel.load(shared_data / file)
    voxels_kji = np.asarray(image.dataobj).T
    volume = VolumeGeometry(voxels_kji.shape, image.affine)
    index = voxels_kji.shape[0] // 2
    centre = nibabel.affines.apply_affine(image.affine, (np.array(image.shape) - 1) / 2)
    centre += image.affine[:3, 2] * (index - (image.shape[2] - 1) / 2)
    i_right = image.affine[0, 0] > 0.0

    row = image.affine[:3, 0] * (-1.0 if i_right else 1.0)
    grid = slice_grid(volume, SlicePlane(centre, row, -image.affine[:3, 1]))
    axial = slice_grid(volume, plane_at("axial", centre))

    shown = voxels_kji[index, ::-1, :: -1 if i_right else 1]
    assert grid.one_to_one
    assert np.array_equal(sample_slice(voxels_kji, volume, grid), shown)
    assert axial.layer is None


def test_of_a_sheared_scan_the_plane_of_two_square_axes_is_aligned_and_others_are_not(shared_data):
    image = nibabel.load(shared_data / "geometry" / "ct_sheared.nii.gz")
    voxels_kji = np.asarray(image.dataobj).T
    centre = nibabel.affines.apply_affine(image.affine, (152, 210, 27))

    coronal, grid = image_of(voxels_kji, image.affine, plane_at("coronal", centre))

    assert (grid.layer.w_axis, grid.layer.index) == (1, 210)
    rows_mm = 2.37081 * np.arange(54)
    at_mm = (np.arange(coronal.shape[0]) + 0.5) * grid.pixel_mm - 0.5 * 2.37081
    column = voxels_kji[::-1, 210, 100].astype(float)
    np.testing.assert_allclose(coronal[:, 305 - 100], np.interp(at_mm, rows_mm, column), atol=0.05)
    for view in ("axial", "sagittal"):
        assert image_of(voxels_kji, image.affine, plane_at(view, centre))[1].layer is None


def test_a_volume_of_one_slice_is_shown_from_every_side():
    one_slice = CANONICAL_RAS[:, :, :1]
    affine = CANONICAL_AFFINE @ np.diag((1.0, 1.0, 4.0, 1.0))
    images = {
        view: image_of(one_slice.T, affine, plane_at(view, (-5.0, 5.5, 20.0)))[0]
        for view in DIRECTIONS
    }

    assert np.array_equal(images["axial"], as_displayed(one_slice, "axial", 0))
    # From the side, a slice of 4 mm is four pixels high.
    assert np.array_equal(
        images["sagittal"], np.repeat(as_displayed(one_slice, "sagittal", 2), 4, axis=0)
    )
    assert np.array_equal(
        images["coronal"], np.repeat(as_displayed(one_slice, "coronal", 2), 4, axis=0)
    )


def test_a_memory_map_gives_an_ordinary_array(tmp_path):
    voxels = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    voxels.tofile(tmp_path / "scan.raw")
    mapped = np.memmap(tmp_path / "scan.raw", dtype=np.int16, mode="r", shape=voxels.shape)

    image, _ = image_of(mapped, np.diag((-1.0, -1.0, 1.0, 1.0)), plane_at("axial", (0, 0, 1.0)))

    assert type(image) is np.ndarray
    assert image.flags.c_contiguous
    assert np.array_equal(image, voxels[1])


def test_voxels_of_another_volume_are_refused():
    volume = VolumeGeometry((3, 4, 5), np.eye(4))
    grid = slice_grid(volume, plane_at("axial", (0.0, 0.0, 1.0)))

    with pytest.raises(GeometryError, match=r"\(3, 4, 5\), got \(5, 4, 3\)"):
        sample_slice(np.zeros((5, 4, 3)), volume, grid)


@given(
    st.sampled_from(SIGNED_PERMUTATIONS),
    st.sampled_from(list(DIRECTIONS)),
    st.floats(-20.0, 20.0),
    st.floats(-20.0, 20.0),
)
def test_image_and_local_ras_map_back(order, view, u, v):
    voxels_kji, affine = stored(*order)
    _, grid = image_of(voxels_kji, affine, plane_at(view, (-5.0, 6.5, 23.0)))

    back = grid.image_from_point(grid.point_from_image(ImagePoint(u, v)))

    assert tuple(back) == pytest.approx((u, v), abs=1e-9)
