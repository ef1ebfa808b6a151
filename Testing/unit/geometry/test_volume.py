import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import IjkPoint, LocalRasPoint
from GazeSAMLib.geometry.volume import VolumeGeometry

# Sheared, left-handed, anisotropic.
SHEARED = VolumeGeometry(
    (20, 30, 40),
    [[-0.7, 0.05, 0.0, 90.0], [0.0, 0.68, -0.9, -60.0], [0.1, 0.2, 2.9, 15.0], [0, 0, 0, 1]],
)
coordinates = st.tuples(*[st.floats(-500.0, 500.0)] * 3)


@given(coordinates)
def test_index_and_local_ras_map_back(ijk):
    back = SHEARED.ijk_from_point(SHEARED.point_from_ijk(IjkPoint(*ijk)))

    assert tuple(back) == pytest.approx(ijk, abs=1e-9)


@given(coordinates)
def test_points_follow_nibabel_s_affine(ijk):
    point = SHEARED.point_from_ijk(IjkPoint(*ijk))

    expected = nibabel.affines.apply_affine(SHEARED.local_ras_from_ijk, ijk)
    assert tuple(point) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("file", ["mr_brain_oblique/t2.nii.gz", "geometry/mr_flair_oblique.nii.gz"])
def test_points_of_real_scans_are_where_simpleitk_finds_them(shared_data, file):
    affine = nibabel.load(shared_data / file).affine
    image = SimpleITK.ReadImage(str(shared_data / file))
    volume = VolumeGeometry(image.GetSize()[::-1], affine)

    for ijk in np.random.default_rng(1).uniform(-0.5, 1.0, (50, 3)) * volume.shape_ijk:
        left, posterior, superior = image.TransformContinuousIndexToPhysicalPoint(ijk.tolist())
        point = volume.point_from_ijk(IjkPoint(*ijk))
        assert tuple(point) == pytest.approx((-left, -posterior, superior), abs=2e-4)
    assert volume.spacing_mm == pytest.approx(image.GetSpacing(), rel=1e-6)


def test_a_gantry_tilt_built_from_slice_positions_keeps_its_shear():
    tilt = np.radians(18.5)
    positions_lps = [np.array((-120.0, -110.0, -40.0 + 5.0 * k)) for k in range(10)]
    row, column = np.array((1.0, 0.0, 0.0)), np.array((0.0, np.cos(tilt), np.sin(tilt)))
    lps_from_ijk = np.eye(4)
    lps_from_ijk[:3, :3] = np.stack(
        (row * 0.45, column * 0.45, positions_lps[1] - positions_lps[0]), axis=1
    )
    lps_from_ijk[:3, 3] = positions_lps[0]
    volume = VolumeGeometry((10, 512, 512), np.diag((-1.0, -1.0, 1.0, 1.0)) @ lps_from_ijk)

    for k, position in enumerate(positions_lps):
        centre = position + 255 * 0.45 * row + 255 * 0.45 * column
        point = LocalRasPoint(-centre[0], -centre[1], centre[2])
        assert tuple(volume.ijk_from_point(point)) == pytest.approx((255, 255, k), abs=1e-9)
    assert volume.spacing_mm == pytest.approx((0.45, 0.45, 5.0))


@pytest.mark.parametrize(
    ("ijk", "inside"),
    [
        ((0.0, 0.0, 0.0), True),
        ((-0.5, -0.5, -0.5), True),
        ((39.4999, 29.4999, 19.4999), True),
        ((39.5, 10.0, 10.0), False),
        ((10.0, 29.5, 10.0), False),
        ((10.0, 10.0, 19.5), False),
        ((-0.50001, 10.0, 10.0), False),
        ((float("nan"), 10.0, 10.0), False),
    ],
)
def test_the_volume_ends_half_a_voxel_beyond_the_outermost_centres(ijk, inside):
    assert SHEARED.contains(IjkPoint(*ijk)) is inside


@given(coordinates, coordinates)
def test_no_index_grows_faster_than_voxels_per_mm(start, way):
    start, way = np.array(start), np.array(way)
    first = np.array(tuple(SHEARED.ijk_from_point(LocalRasPoint(*start))))
    last = np.array(tuple(SHEARED.ijk_from_point(LocalRasPoint(*(start + way)))))

    assert (np.abs(last - first) <= SHEARED.voxels_per_mm * np.linalg.norm(way) + 1e-9).all()


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 4), (3, 4, 5, 6), (3, -4, 5)])
def test_a_shape_that_is_no_volume_is_refused(shape):
    with pytest.raises(GeometryError, match="three dimensions of at least 1"):
        VolumeGeometry(shape, np.eye(4))


def test_zero_spacing_is_refused():
    with pytest.raises(GeometryError, match=r"local_ras_from_ijk is singular.*zero spacing"):
        VolumeGeometry((3, 4, 5), np.diag((1.0, 0.0, 1.0, 1.0)))


def test_voxels_of_another_shape_are_refused():
    with pytest.raises(GeometryError, match=r"\(20, 30, 40\), got \(40, 30, 20\)"):
        SHEARED.check_shape(np.zeros((40, 30, 20)))
