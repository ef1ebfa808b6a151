"""4 x 4 affine matrices: check, invert, apply. Points are rows, matrices multiply from the left."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError

Matrix = npt.NDArray[np.float64]


def as_affine(values: npt.ArrayLike, name: str) -> Matrix:
    """Return `values` as a read-only 4 x 4 float64 matrix that can be inverted.

    Parameters
    ----------
    values : array_like, shape (4, 4)
        The matrix, last row 0 0 0 1.
    name : str
        What the matrix is, for the message; by custom ``to_from_from``.

    Raises
    ------
    GeometryError
        If the values are not numbers, the shape is wrong, a value is not finite, the last
        row is not 0 0 0 1, or the matrix is singular: a column is zero or the columns lie
        in one plane.
    """
    try:
        matrix = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GeometryError(f"{name} must be a matrix of numbers: {error}") from error
    if matrix.shape != (4, 4):
        raise GeometryError(f"{name} must have shape (4, 4), got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise GeometryError(f"{name} holds values that are not finite")
    if not np.allclose(matrix[3], (0.0, 0.0, 0.0, 1.0), rtol=0.0, atol=1e-9):
        raise GeometryError(f"the last row of {name} must be 0 0 0 1, got {matrix[3].tolist()}")
    matrix[3] = (0.0, 0.0, 0.0, 1.0)
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    # Relative to the columns' lengths, so that thin voxels are not taken for singular ones.
    if not lengths.all() or abs(np.linalg.det(matrix[:3, :3] / lengths)) < 1e-6:
        raise GeometryError(f"{name} is singular: its axes span no volume (zero spacing?)")
    matrix.setflags(write=False)
    return matrix


def invert(matrix: Matrix) -> Matrix:
    """Return the inverse of an affine `matrix`, last row exactly 0 0 0 1."""
    inverse = np.eye(4)
    inverse[:3, :3] = np.linalg.inv(matrix[:3, :3])
    inverse[:3, 3] = -inverse[:3, :3] @ matrix[:3, 3]
    inverse.setflags(write=False)
    return inverse


def apply(matrix: Matrix, points: npt.ArrayLike) -> Matrix:
    """Map `points`, shape (..., 3), through the affine `matrix`; the result has the same shape."""
    return np.asarray(points, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def round_steadily(values: npt.ArrayLike, digits: int) -> Matrix:
    """Round to `digits` decimals so that values which differ by rounding noise agree.

    The borders between roundings lie at 0.382 of a step, not at a half: headers are full of
    halves and short decimals (a spacing of 0.78125, say), and on a border the noise in a
    value's last bit would decide.
    """
    per_unit = 10.0**digits
    # Adding zero turns -0.0 into 0.0.
    rounded: Matrix = np.floor(np.asarray(values, dtype=np.float64) * per_unit + 0.618) / per_unit
    return rounded + 0.0
