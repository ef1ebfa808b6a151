"""The plane that a slice view shows, in the volume's own RAS."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import LocalRasPoint, ViewPoint
from GazeSAMLib.geometry.affine import Matrix, apply, as_affine, invert, round_steadily

Vector = npt.NDArray[np.float64]

PLANE_STEP_MM = 1e-5


@dataclass(frozen=True, eq=False)
class SlicePlane:
    """A plane with the orientation in which the reader sees it.

    Parameters
    ----------
    origin_local_ras : array_like, shape (3,)
        Any point of the plane, mm; kept is the plane's point nearest to the origin of
        local RAS, so that panning and zooming a view do not change its plane.
    row_direction : array_like, shape (3,)
        Along a row of the image as displayed, to the right.
    column_direction : array_like, shape (3,)
        Along a column of the image as displayed, down. Both are made orthonormal, the
        row keeping its direction.

    Raises
    ------
    GeometryError
        If a value is not finite or the directions are zero or parallel.
    """

    origin_local_ras: Vector
    row_direction: Vector
    column_direction: Vector
    normal: Vector = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            origin = np.array(self.origin_local_ras, dtype=np.float64)
            row = np.array(self.row_direction, dtype=np.float64)
            column = np.array(self.column_direction, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise GeometryError(f"a slice plane must be made of numbers: {error}") from error
        if origin.shape != (3,) or row.shape != (3,) or column.shape != (3,):
            raise GeometryError("a slice plane needs an origin and two directions of 3 numbers")
        if not np.isfinite((origin, row, column)).all():
            raise GeometryError("a slice plane holds values that are not finite")
        lengths = np.linalg.norm(row), np.linalg.norm(column)
        normal = np.cross(row, column)
        # Products of the shortest lengths would lose their digits.
        if min(lengths) < 1e-60 or np.linalg.norm(normal) <= 1e-6 * lengths[0] * lengths[1]:
            raise GeometryError("a slice plane's row and column directions are zero or parallel")
        normal /= np.linalg.norm(normal)
        row /= lengths[0]
        values = {
            "origin_local_ras": normal * (normal @ origin),
            "row_direction": row,
            "column_direction": np.cross(normal, row),
            "normal": normal,
        }
        for name, value in values.items():
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    def key(self) -> tuple[float, ...]:
        """Return the plane as 9 numbers: equal keys, same slice image.

        The origin is rounded to `PLANE_STEP_MM`, the directions to 1e-8, which moves no point
        of a scan further than that.
        """
        origin = round_steadily(self.origin_local_ras, 5)
        directions = round_steadily((self.row_direction, self.column_direction), 8)
        return (*origin.tolist(), *directions.ravel().tolist())

    def rounded(self) -> "SlicePlane":
        """Return the one plane that stands for all planes with the same key."""
        return SlicePlane(*np.reshape(self.key(), (3, 3)))


@dataclass(frozen=True, eq=False)
class SliceGeometry:
    """From the pixels of a slice view to the volume's own RAS.

    Parameters
    ----------
    local_ras_from_view_xy : array_like, shape (4, 4)
        Maps (x, y, 0) of the view to local RAS, mm. Zoom, pan, obliqueness and linear
        parent transforms are in it.

    Raises
    ------
    GeometryError
        If the matrix is singular or not finite.
    """

    local_ras_from_view_xy: Matrix
    view_xy_from_local_ras: Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        matrix = as_affine(self.local_ras_from_view_xy, "local_ras_from_view_xy")
        object.__setattr__(self, "local_ras_from_view_xy", matrix)
        object.__setattr__(self, "view_xy_from_local_ras", invert(matrix))

    @property
    def plane(self) -> SlicePlane:
        """The displayed plane with its orientation."""
        matrix = self.local_ras_from_view_xy
        return SlicePlane(matrix[:3, 3], matrix[:3, 0], -matrix[:3, 1])

    def point_from_view(self, point: ViewPoint) -> LocalRasPoint:
        """Map a view position to the point of the displayed plane, local RAS."""
        return LocalRasPoint(*apply(self.local_ras_from_view_xy, (point.x, point.y, 0.0)).tolist())

    def view_from_point(self, point: LocalRasPoint) -> ViewPoint:
        """Map a local RAS point to the view, dropping its distance from the plane."""
        x, y, _ = apply(self.view_xy_from_local_ras, tuple(point)).tolist()
        return ViewPoint(x, y)
