"""Take a tracker's systematic error out of the gaze."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.signals.types import GazePoint

AffineDeg = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Rows ``(xx, xy, x0)`` and ``(yx, yy, y0)``; the last column in degrees."""

IDENTITY_DEG: AffineDeg = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


@dataclass(frozen=True, slots=True)
class DriftCorrection:
    """A constant offset and, where an offset is not enough, an affine map; both in degrees.

    ``corrected = affine @ (measured - offset, 1)``

    Parameters
    ----------
    offset_deg : tuple of float
        Measured minus true gaze (x, y), y down.
    affine_deg : 2 x 3 nested tuple of float
        Applied after the offset was taken away; the identity by default.

    Raises
    ------
    GeometryError
        If a number is not finite, or the affine map squeezes the plane into a line.
    """

    offset_deg: tuple[float, float] = (0.0, 0.0)
    affine_deg: AffineDeg = IDENTITY_DEG

    def __post_init__(self) -> None:
        shape = [len(self.offset_deg), *map(len, self.affine_deg)]
        if shape != [2, 3, 3]:
            raise GeometryError("a drift correction needs an (x, y) offset and a 2 x 3 affine map")
        if not all(map(math.isfinite, (*self.offset_deg, *sum(self.affine_deg, ())))):
            raise GeometryError("a drift correction holds a number that is not finite")
        (xx, xy, _), (yx, yy, _) = self.affine_deg
        if xx * yy == xy * yx:
            raise GeometryError("the affine map of a drift correction is singular")

    @property
    def is_identity(self) -> bool:
        """Whether it leaves the gaze as it is."""
        return self.offset_deg == (0.0, 0.0) and self.affine_deg == IDENTITY_DEG

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> "DriftCorrection":
        """Return the correction that a ``drift`` event tells of.

        Raises
        ------
        GeometryError
            If it tells of none.
        """
        try:
            x_deg, y_deg = map(float, details["offset_deg"])
            (xx, xy, x0), (yx, yy, y0) = (
                map(float, row) for row in details.get("affine_deg", IDENTITY_DEG)
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise GeometryError(
                f"a drift event needs offset_deg [x, y] and may have affine_deg, 2 x 3: {error}"
            ) from error
        return cls((x_deg, y_deg), ((xx, xy, x0), (yx, yy, y0)))

    def to_details(self) -> dict[str, Any]:
        """Return the details of a ``drift`` event from which this correction holds."""
        return {
            "offset_deg": list(self.offset_deg),
            "affine_deg": [list(row) for row in self.affine_deg],
        }

    def told_about(self, offset_deg: tuple[float, float]) -> "DriftCorrection":
        """Return the same correction, told as this offset and what is left to do."""
        dx_deg, dy_deg = (offset_deg[0] - self.offset_deg[0], offset_deg[1] - self.offset_deg[1])
        (xx, xy, x0), (yx, yy, y0) = self.affine_deg
        return DriftCorrection(
            offset_deg,
            (
                (xx, xy, x0 + xx * dx_deg + xy * dy_deg),
                (yx, yy, y0 + yx * dx_deg + yy * dy_deg),
            ),
        )

    def correct(self, point: GazePoint) -> GazePoint:
        """Return the point where the reader truly looked."""
        x_deg = point.x_deg - self.offset_deg[0]
        y_deg = point.y_deg - self.offset_deg[1]
        (xx, xy, x0), (yx, yy, y0) = self.affine_deg
        return GazePoint(point.t_ns, xx * x_deg + xy * y_deg + x0, yx * x_deg + yy * y_deg + y0)
