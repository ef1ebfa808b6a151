"""Voxel values as a scan keeps them: finite, compact, in the machine's byte order, grey."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import ScanError

Voxels = npt.NDArray[Any]

_KEPT = ("uint8", "int16", "uint16", "int32", "float32")


def compact(path: Path, values: Voxels) -> tuple[Voxels, tuple[str, ...]]:
    """Return `values` as uint8, int16, uint16, int32 or float32, finite, and notes on changes.

    A type that a scan keeps is kept; other whole numbers go to the smallest of these types
    that holds them, other real numbers to float32. NaN and infinite voxels become the
    smallest finite value.

    Parameters
    ----------
    path : Path
        Where the values are from, for the message.
    values : ndarray
        Any shape, type and byte order; changed in place where it may be.

    Raises
    ------
    ScanError
        If the values are not real numbers or none is finite.
    """
    kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.uint8), ()
    if kind not in "iuf":
        raise ScanError(f"{path} is no scan: its voxels are not grey values but {values.dtype}")
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if kind in "iu":
        if values.dtype.name in _KEPT:
            return values, ()
        dtype = integer_type(int(values.min()), int(values.max())) if values.size else np.int16
        return values.astype(dtype), ()
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite: see below
        values = values.astype(np.float32, copy=False)
    return _finite(path, values)


def integer_type(low: int, high: int) -> type[np.generic]:
    """Return the smallest type of a scan above 8 bits that holds whole numbers low to high."""
    for dtype in (np.int16, np.uint16, np.int32):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return dtype
    return np.float32


def _finite(path: Path, values: Voxels) -> tuple[Voxels, tuple[str, ...]]:
    finite = np.isfinite(values)
    count = values.size - int(np.count_nonzero(finite))
    if count == 0:
        return values, ()
    if count == values.size:
        raise ScanError(f"{path} is no scan: none of its voxels is a finite number")
    low = values.min(where=finite, initial=np.inf)
    if not values.flags.writeable:
        values = values.copy()
    values[~finite] = low
    noun = "voxel was" if count == 1 else "voxels were"
    return values, (f"{count} {noun} NaN or infinite and set to the smallest value, {low:g}",)


def luminance(rgb: Voxels) -> tuple[Voxels, tuple[str, ...]]:
    """Return grey values for colours, and a note where colour was lost.

    Weights of ITU-R BT.601 (0.299, 0.587, 0.114), as Pillow's conversion to ``L``.

    Parameters
    ----------
    rgb : ndarray, shape (..., 3) or more
        Red, green, blue; what follows (alpha) is ignored.
    """
    red, green, blue = (rgb[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.ascontiguousarray(red), ()
    precision = np.float32 if rgb.dtype.itemsize < 4 else np.float64
    grey = red * precision(0.299) + green * precision(0.587) + blue * precision(0.114)
    if rgb.dtype.kind in "iu":
        grey = np.rint(grey)
    return grey.astype(rgb.dtype), ("colour was turned into brightness (ITU-R BT.601)",)
