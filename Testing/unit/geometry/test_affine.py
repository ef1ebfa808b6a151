import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.affine import apply, as_affine, invert, round_steadily

angles = st.floats(-180.0, 180.0)
affines = st.builds(
    lambda degrees, spacing, shear, origin: _affine(degrees, spacing, shear, origin),
    st.tuples(angles, angles, angles),
    st.tuples(*[st.floats(0.01, 20.0)] * 3),
    st.tuples(*[st.floats(-0.5, 0.5)] * 3),
    st.tuples(*[st.floats(-2000.0, 2000.0)] * 3),
)


def _affine(degrees, spacing, shear, origin):
    matrix = np.eye(4)
    upper = np.eye(3)
    upper[0, 1], upper[0, 2], upper[1, 2] = shear
    matrix[:3, :3] = Rotation.from_euler("zyx", degrees, degrees=True).as_matrix() @ upper
    matrix[:3, :3] *= spacing
    matrix[:3, 3] = origin
    return matrix


@given(affines, hnp.arrays(np.float64, (5, 3), elements=st.floats(-1000.0, 1000.0)))
def test_points_come_back_through_the_inverse(values, points):
    matrix = as_affine(values, "ras_from_ijk")

    there_and_back = apply(invert(matrix), apply(matrix, points))

    np.testing.assert_allclose(there_and_back, points, atol=1e-7)


@given(affines)
def test_the_inverse_is_that_of_the_whole_matrix(values):
    np.testing.assert_allclose(
        invert(as_affine(values, "m")), np.linalg.inv(values), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(3,), (1, 3), (4, 3), (2, 4, 3), (0, 3)])
def test_points_keep_their_shape(shape):
    matrix = as_affine(_affine((10, 20, 30), (1, 2, 3), (0, 0.1, 0), (5, 6, 7)), "m")
    points = np.arange(np.prod(shape), dtype=float).reshape(shape)

    mapped = apply(matrix, points)

    homogeneous = np.concatenate((points, np.ones((*shape[:-1], 1))), axis=-1)
    np.testing.assert_allclose(mapped, np.einsum("ij,...j->...i", matrix, homogeneous)[..., :3])


def test_a_checked_matrix_is_a_read_only_copy():
    values = np.eye(4)
    matrix = as_affine(values, "m")

    values[0, 0] = 5.0

    assert matrix[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        matrix[0, 0] = 2.0
    with pytest.raises(ValueError, match="read-only"):
        invert(matrix)[0, 0] = 2.0


def test_the_last_row_is_made_exact():
    values = np.eye(4)
    values[3] = (1e-12, 0.0, -1e-12, 1.0 + 1e-12)

    assert as_affine(values, "m")[3].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_a_matrix_of_thin_voxels_is_not_singular():
    as_affine(np.diag((1e-4, 1e-4, 50.0, 1.0)), "m")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.eye(3), r"shape \(4, 4\), got \(3, 3\)"),
        (np.zeros(16), r"shape \(4, 4\), got \(16,\)"),
        (np.diag((1.0, np.nan, 1.0, 1.0)), "not finite"),
        (np.diag((1.0, 1.0, np.inf, 1.0)), "not finite"),
        (np.diag((1.0, 1.0, 0.0, 1.0)), "singular"),
        (np.diag((1.0, 1.0, 1.0, 0.0)), "last row"),
        (np.eye(4) + np.eye(4)[::-1], "last row"),
        ([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]], "singular"),
        ([[1, 2, 3, 0], [2, 4, 6, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "singular"),
        ([[1, 0], [0, 1, 0]], "matrix of numbers"),
        ("identity", "matrix of numbers"),
        (None, "shape"),
    ],
)
def test_a_bad_matrix_is_named_with_what_is_wrong(values, message):
    with pytest.raises(GeometryError, match=message) as raised:
        as_affine(values, "ras_from_ijk")

    assert "ras_from_ijk" in str(raised.value)


@given(st.floats(-1e5, 1e5), st.integers(0, 6))
def test_steady_rounding_moves_a_value_by_less_than_a_step(value, digits):
    rounded = float(round_steadily(value, digits))

    assert abs(rounded - value) <= 0.62 * 10.0**-digits + 1e-9


@given(st.integers(-(10**7), 10**7), st.sampled_from([2, 4, 5, 8, 10, 16, 32, 64, 100]))
def test_steady_rounding_ignores_noise_on_halves_and_short_decimals(numerator, denominator):
    # Steps of 1e-4 cut into common fractions: on the borders of ordinary rounding stand the
    # halves, such as a spacing of 0.78125.
    value = numerator / denominator * 1e-4
    noisy = value + np.array([-1e-8, 0.0, 1e-8])

    assert len(set(round_steadily(noisy, 4).tolist())) == 1


def test_steady_rounding_has_one_zero():
    assert not np.signbit(round_steadily([0.0, -0.0, -1e-9, 1e-9], 4)).any()
