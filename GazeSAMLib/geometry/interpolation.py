"""Linear and area interpolation of voxels, in voxel indices alone: no millimetres here."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.affine import Matrix

Values = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

PIXELS_PER_BLOCK = 16384  # keeps the temporaries in the processor's cache; found by trying


def resample_rows(values: Values, count: int, step: float) -> Values:
    """Resample `values` along axis 0 to rows that are `step` old rows apart.

    Both grids begin at the outer edge of row 0. Where `step` is above one, a new row is the
    mean over the area that it covers; below, it lies on the line between the two nearest
    centres, and between the edge and the outermost centre it has that centre's value.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        What is resampled.
    count : int
        Number of new rows; each must begin inside the old ones.
    step : float
        Distance of the new rows in old rows.
    """
    n = values.shape[0]
    if step == 1.0 and count == n:
        return values
    if step > 1.0:
        edges = np.clip(np.arange(count + 1) * step, 0.0, n)
        sums = np.zeros((n + 1, values.shape[1]))
        np.cumsum(values, axis=0, dtype=np.float64, out=sums[1:])
        whole = np.minimum(edges.astype(np.intp), n - 1)
        at_edges = sums[whole] + (edges - whole)[:, None] * (sums[whole + 1] - sums[whole])
        means: Values = (np.diff(at_edges, axis=0) / np.diff(edges)[:, None]).astype(np.float32)
        return means
    centres = np.clip((np.arange(count) + 0.5) * step - 0.5, 0.0, n - 1)
    low = np.minimum(centres.astype(np.intp), max(n - 2, 0))
    fraction = (centres - low).astype(np.float32)[:, None]
    high = np.minimum(low + 1, n - 1)
    between: Values = values[low] + fraction * (values[high] - values[low])
    return between


def sample_plane(
    voxels_kji: npt.NDArray[np.generic],
    ijk_from_image_uv: Matrix,
    shape: tuple[int, int],
    beyond_ijk: npt.NDArray[np.float64],
) -> Values:
    """Interpolate voxels trilinearly on a plane.

    Between the centre of an outermost voxel and its edge the values are that centre's; the
    edge lies half a voxel and `beyond_ijk` from it, and beyond the edge the values are NaN.

    Parameters
    ----------
    voxels_kji : ndarray, shape (k, j, i)
        The values; in another memory order than C they are copied as a whole at each call.
    ijk_from_image_uv : ndarray, shape (4, 4)
        Maps (u, v, 0) of the image to continuous voxel indices.
    shape : (int, int)
        The image's height and width.
    beyond_ijk : ndarray, shape (3,)
        How far outside a point may lie and still count as on the edge, in voxels.
    """
    count_k, count_j, count_i = voxels_kji.shape
    counts = (count_i, count_j, count_k)
    flat = voxels_kji.reshape(-1)
    strides = [
        s if n > 1 else 0 for s, n in zip((1, count_i, count_i * count_j), counts, strict=True)
    ]
    first, end = _columns_inside(ijk_from_image_uv, shape, counts, 0.5 + beyond_ijk)
    image = np.full(shape, np.nan, dtype=np.float32)
    rows_per_block = max(1, PIXELS_PER_BLOCK // shape[1])
    for top in range(0, shape[0], rows_per_block):
        block = slice(top, min(top + rows_per_block, shape[0]))
        left, right = int(first[block].min()), int(end[block].max())
        if left >= right:
            continue
        rows = np.arange(block.start, block.stop, dtype=np.float64)
        columns = np.arange(left, right, dtype=np.float64)
        base = np.zeros((len(rows), len(columns)), dtype=np.intp)
        fractions = []
        for axis, count in enumerate(counts):
            step_u, step_v, _, start = ijk_from_image_uv[axis].tolist()
            at = np.add.outer(step_v * rows + start, step_u * columns)
            np.maximum(at, 0.0, out=at)
            # Just below the last centre, so that its upper neighbour is in the volume too.
            np.minimum(at, count - 1 - 1e-9, out=at)
            low = at.astype(np.intp)
            at -= low
            fractions.append(at.astype(np.float32))
            low *= strides[axis]
            base += low
        values = _interpolate(flat, base, fractions, strides)
        inside = (columns >= first[block, None]) & (columns < end[block, None])
        np.copyto(image[block, left:right], values, where=inside)
    return image


def _columns_inside(
    ijk_from_image_uv: Matrix,
    shape: tuple[int, int],
    counts: tuple[int, int, int],
    border_ijk: npt.NDArray[np.float64],
) -> tuple[Indices, Indices]:
    """Return, for each row, the first column inside the volume and the one after the last."""
    height, width = shape
    rows = np.arange(height, dtype=np.float64)
    first, last = np.zeros(height), np.full(height, width - 1.0)
    for axis, (count, border) in enumerate(zip(counts, border_ijk, strict=True)):
        step_u, step_v, _, start = ijk_from_image_uv[axis].tolist()
        at_row = step_v * rows + start
        to_low, to_high = -border - at_row, count - 1 + border - at_row
        if abs(step_u) * width < 1e-9:  # the whole row lies at one index
            last[(to_low > 0.0) | (to_high < 0.0)] = -1.0
            continue
        first = np.maximum(first, (to_low if step_u > 0.0 else to_high) / step_u)
        last = np.minimum(last, (to_high if step_u > 0.0 else to_low) / step_u)
    begin = np.clip(np.ceil(first), 0, width).astype(np.intp)
    return begin, np.maximum(begin, np.clip(np.floor(last) + 1, 0, width).astype(np.intp))


def _interpolate(
    flat: npt.NDArray[np.generic], base: Indices, fractions: list[Values], strides: list[int]
) -> Values:
    """Blend the eight voxels from `base` on: along i, then j, then k."""
    along_i, along_j, along_k = fractions
    step_i, step_j, step_k = strides

    def line(offset: int) -> Values:
        low = flat[offset:][base].astype(np.float32)
        high = flat[offset + step_i :][base].astype(np.float32)
        return _blend(low, high, along_i)

    def layer(offset: int) -> Values:
        return _blend(line(offset), line(offset + step_j), along_j)

    return _blend(layer(0), layer(step_k), along_k)


def _blend(low: Values, high: Values, fraction: Values) -> Values:
    """Return ``low + fraction * (high - low)``, written over `high`."""
    high -= low
    high *= fraction
    high += low
    return high
