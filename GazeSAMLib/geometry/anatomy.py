"""What a radiologist calls a plane, a direction and a position."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid

_PLANES = ("sagittal", "coronal", "axial")
_POSITIVE = "RAS"
_NEGATIVE = "LPI"

# A second letter for a direction that leans at least this far (17 degrees) to another axis.
_SECOND_LETTER = 0.3
_STRAIGHT = 0.9999


def plane_name(plane: SlicePlane) -> str:
    """Return ``axial``, ``coronal`` or ``sagittal``, and its tilt where it has one."""
    return name_across(plane.normal)


def name_across(normal: npt.NDArray[np.float64]) -> str:
    """Return the name of the planes with a normal of length 1, as :func:`plane_name`."""
    along = np.abs(normal)
    axis = int(along.argmax())
    if along[axis] >= _STRAIGHT:
        return _PLANES[axis]
    tilt_deg = np.degrees(np.arccos(min(1.0, float(along[axis]))))
    return f"{_PLANES[axis]}, tilted {tilt_deg:.0f}°"


def slice_position(grid: SliceGrid, plane: SlicePlane) -> str:
    """Return where the middle of a slice lies along its main axis, such as ``S 28.5 mm``."""
    return _told(*_place(grid, plane))


def position_along(normal: npt.NDArray[np.float64], point_ras: npt.NDArray[np.float64]) -> str:
    """Return where a point lies along the main axis of a plane's normal, such as ``S 28.5 mm``."""
    axis = int(np.abs(normal).argmax())
    return _told(axis, float(point_ras[axis]))


def reading_order(grid: SliceGrid, plane: SlicePlane) -> tuple[int, float]:
    """Return a key that sorts slices as they are read.

    Axial, coronal, sagittal; from the head down, from the front back, from right to left.
    """
    axis, mm = _place(grid, plane)
    return (-axis, -mm)


def direction_letters(direction: npt.NDArray[np.float64]) -> str:
    """Return where a direction in RAS points: ``R``, or ``RA`` where it leans."""
    letters = ""
    for axis in np.argsort(-np.abs(direction), kind="stable")[:2]:
        if not letters or abs(direction[axis]) >= _SECOND_LETTER:
            letters += (_POSITIVE if direction[axis] > 0.0 else _NEGATIVE)[axis]
    return letters


def _place(grid: SliceGrid, plane: SlicePlane) -> tuple[int, float]:
    """Return a slice's main axis (0 = R, 1 = A, 2 = S) and where its middle lies along it, mm."""
    height, width = grid.shape
    centre = grid.local_ras_from_image_uv @ (0.5 * (width - 1), 0.5 * (height - 1), 0.0, 1.0)
    axis = int(np.abs(plane.normal).argmax())
    return axis, float(centre[axis])


def _told(axis: int, mm: float) -> str:
    return f"{(_POSITIVE if mm >= 0.0 else _NEGATIVE)[axis]} {abs(mm):.1f} mm"


def axes_letters(local_ras_from_ijk: npt.NDArray[np.float64]) -> str:
    """Return where i, j and k grow to, such as ``LPS``; the nearest axis each."""
    return "".join(direction_letters(local_ras_from_ijk[:3, axis])[0] for axis in range(3))
