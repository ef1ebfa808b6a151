import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.transform import Rotation

from GazeSAMLib.geometry.interpolation import resample_rows, sample_plane

NOTHING_BEYOND = np.zeros(3)


def overlap(first_row, end_row, old_row):
    return max(0.0, min(end_row, old_row + 1.0) - max(first_row, float(old_row)))


@given(st.integers(1, 40), st.floats(1.001, 9.0), st.integers(0, 2**32 - 1))
def test_a_larger_row_is_the_mean_of_the_area_that_it_covers(n, step, seed):
    values = np.random.default_rng(seed).normal(0.0, 500.0, (n, 3)).astype(np.float32)
    count = int(np.ceil(n / step - 1e-3))

    rows = resample_rows(values, count, step)

    for row in range(count):
        weights = [overlap(row * step, (row + 1) * step, old) for old in range(n)]
        expected = np.average(values.astype(float), axis=0, weights=weights)
        np.testing.assert_allclose(rows[row], expected, atol=1e-3)


@given(st.integers(1, 40), st.floats(0.1, 1.0, exclude_max=True), st.integers(0, 2**32 - 1))
def test_a_smaller_row_lies_on_the_line_between_its_neighbours(n, step, seed):
    values = np.random.default_rng(seed).normal(0.0, 500.0, (n, 2)).astype(np.float32)
    count = int(np.ceil(n / step - 1e-3))

    rows = resample_rows(values, count, step)

    centres = (np.arange(count) + 0.5) * step - 0.5
    for column in range(2):
        expected = np.interp(centres, np.arange(n), values[:, column])
        np.testing.assert_allclose(rows[:, column], expected, atol=1e-3)


def test_rows_of_the_same_size_are_left_alone():
    values = np.arange(12, dtype=np.float32).reshape(4, 3)

    assert resample_rows(values, 4, 1.0) is values


def test_a_step_of_almost_one_is_resampled_all_the_same():
    values = np.arange(1000, dtype=np.float32)[:, None]

    rows = resample_rows(values, 1000, 0.9995)

    assert rows[-1, 0] == pytest.approx(999.5 * 0.9995 - 0.5, abs=1e-3)


def plane_through(degrees, centre_ijk, image_shape, step):
    """Return ijk_from_image_uv of a plane whose middle pixel lies on `centre_ijk`."""
    directions = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3] = directions * step
    middle = np.array((image_shape[1] - 1, image_shape[0] - 1)) / 2.0
    matrix[:3, 3] = np.array(centre_ijk) - matrix[:3, :2] @ middle
    return matrix


def reference_values(voxels_kji, ijk_from_image_uv, image_shape):
    """Return scipy's values, NaN outside, and how far each pixel is from the volume's edge."""
    v, u = np.indices(image_shape)
    ijk = np.einsum("ab,bvu->avu", ijk_from_image_uv[:3, :2], np.stack((u, v)).astype(float))
    ijk += ijk_from_image_uv[:3, 3, None, None]
    values = ndimage.map_coordinates(voxels_kji.astype(float), ijk[::-1], order=1, mode="nearest")
    counts = np.array(voxels_kji.shape[::-1])[:, None, None]
    to_edge = np.minimum(ijk + 0.5, counts - 0.5 - ijk).min(axis=0)
    return np.where(to_edge >= 0.0, values, np.nan), np.abs(to_edge)


angles = st.sampled_from([0.0, 30.0, 45.0, 90.0, 180.0]) | st.floats(-180.0, 180.0)


@given(
    shape_kji=st.tuples(*[st.integers(1, 9)] * 3),
    degrees=st.tuples(angles, angles, angles),
    fraction=st.tuples(*[st.floats(-0.2, 1.2)] * 3),
    image_shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    step=st.floats(0.1, 3.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_plane_through_voxels_is_scipy_s(shape_kji, degrees, fraction, image_shape, step, seed):
    voxels_kji = np.random.default_rng(seed).integers(-1000, 2000, shape_kji, dtype=np.int16)
    centre_ijk = np.array(fraction) * np.array(shape_kji[::-1])
    matrix = plane_through(degrees, centre_ijk, image_shape, step)

    image = sample_plane(voxels_kji, matrix, image_shape, NOTHING_BEYOND)

    expected, from_edge = reference_values(voxels_kji, matrix, image_shape)
    sure = from_edge > 1e-9
    assert np.array_equal(np.isnan(image)[sure], np.isnan(expected)[sure])
    both = ~np.isnan(image) & ~np.isnan(expected)
    np.testing.assert_allclose(image[both], expected[both], atol=2e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_every_type_of_voxel_is_interpolated(dtype):
    voxels_kji = np.random.default_rng(5).integers(0, 200, (6, 7, 8)).astype(dtype)
    matrix = plane_through((20.0, 30.0, 40.0), (3.0, 3.0, 3.0), (9, 11), 0.7)

    image = sample_plane(voxels_kji, matrix, (9, 11), NOTHING_BEYOND)

    expected, _ = reference_values(voxels_kji, matrix, (9, 11))
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, expected, atol=1e-3)


def test_unsigned_voxels_fall_as_well_as_rise():
    voxels_kji = np.array([200, 10], dtype=np.uint8).reshape(1, 1, 2)
    matrix = np.diag((0.25, 1.0, 1.0, 1.0))

    image = sample_plane(voxels_kji, matrix, (1, 5), NOTHING_BEYOND)

    assert image[0].tolist() == [200.0, 152.5, 105.0, 57.5, 10.0]


@pytest.mark.parametrize("order", ["F", "strided"])
def test_any_memory_order_gives_the_same_values(order):
    voxels_kji = np.random.default_rng(5).integers(0, 200, (6, 7, 8), dtype=np.int16)
    other = np.asfortranarray(voxels_kji) if order == "F" else np.repeat(voxels_kji, 2, 1)[:, ::2]
    matrix = plane_through((20.0, 30.0, 40.0), (3.0, 3.0, 3.0), (9, 11), 0.7)

    assert np.array_equal(
        sample_plane(other, matrix, (9, 11), NOTHING_BEYOND),
        sample_plane(voxels_kji, matrix, (9, 11), NOTHING_BEYOND),
        equal_nan=True,
    )


def test_a_plane_on_the_very_edge_shows_the_outermost_voxels():
    voxels_kji = np.arange(8.0).reshape(2, 2, 2)
    below, above = np.eye(4), np.eye(4)
    below[2, 3], above[2, 3] = -0.5 - 1e-6, 1.5 + 1e-6
    little_beyond = np.full(3, 1e-5)

    on_lower = sample_plane(voxels_kji, below, (2, 2), little_beyond)
    on_upper = sample_plane(voxels_kji, above, (2, 2), little_beyond)

    assert on_lower.tolist() == voxels_kji[0].tolist()
    assert on_upper.tolist() == voxels_kji[1].tolist()
    assert np.isnan(sample_plane(voxels_kji, below, (2, 2), NOTHING_BEYOND)).all()


def test_an_image_larger_than_one_block_has_no_seams():
    k, j, i = np.indices((12, 300, 300)).astype(np.float32)
    ramp = 2.0 * i + 3.0 * j - 5.0 * k
    matrix = plane_through((1.0, -1.5, 25.0), (149.5, 149.5, 5.5), (700, 700), 0.5)

    image = sample_plane(ramp, matrix, (700, 700), NOTHING_BEYOND)

    expected, from_edge = reference_values(ramp, matrix, (700, 700))
    inside = ~np.isnan(expected)
    assert inside.mean() > 0.5
    assert np.isnan(image[~inside & (from_edge > 1e-9)]).all()
    np.testing.assert_allclose(image[inside], expected[inside], atol=1e-2)
