"""A region of a window, drawn on the slice image."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.engines.region.fronts import Front
from GazeSAMLib.engines.region.points import pixels_of
from GazeSAMLib.engines.region.pyramid import Image
from GazeSAMLib.engines.region.spread import FloatArray


def draw(logits: npt.NDArray[np.float32], front: Front, index: int, not_this: FloatArray) -> None:
    """Draw one region: above zero inside, graded by the time of arrival near its edge.

    Holes are filled, unless a point in one says that it is not part of the structure.

    Parameters
    ----------
    logits : ndarray, shape (H, W)
        Drawn upon, in place; elsewhere it keeps its values.
    front : Front
        The front.
    index : int
        Which of its regions.
    not_this : ndarray, shape (n, 2)
        Rows and columns of points that are not part of the structure.
    """
    window = front.window
    limit = float(front.family.limits[index])
    arrival = np.minimum(front.family.arrival, 2.0 * limit).reshape(window.grey.shape)
    filled = ndimage.binary_fill_holes(arrival < limit)
    held = [window.holds(row, column) for row, column in not_this.tolist()]
    if not filled.ravel()[pixels_of(not_this[held], window)].any():
        arrival = np.where(filled, np.minimum(arrival, 0.9 * limit), arrival)
    graded = (4.0 * (limit - arrival) / limit).astype(np.float32)
    # A large image costs as much as the region's part of it, a pixel more on each side.
    rows, columns = (_span(filled.any(axis=axis)) for axis in (1, 0))
    scale = 2**window.level
    top, left = (
        (first + span.start) * scale
        for first, span in zip(window.origin, (rows, columns), strict=True)
    )
    height, width = logits.shape
    bottom = min(top + (rows.stop - rows.start) * scale, height)
    right = min(left + (columns.stop - columns.start) * scale, width)
    inside = _enlarged(graded[rows, columns], bottom - top, scale)
    logits[top:bottom, left:right] = _enlarged(inside.T, right - left, scale).T


def _span(occupied: npt.NDArray[np.bool_]) -> slice:
    """Return where `occupied` is true, from first to last, and one more on each side."""
    where = np.flatnonzero(occupied)
    if len(where) == 0:
        return slice(0, len(occupied))
    return slice(max(int(where[0]) - 1, 0), min(int(where[-1]) + 2, len(occupied)))


def _enlarged(values: Image, count: int, scale: int) -> Image:
    """Interpolate `values` along axis 0 to `count` rows, each a `scale`-th of an old one."""
    at = (np.arange(count) + 0.5) / scale - 0.5
    low = np.clip(np.floor(at).astype(np.intp), 0, max(len(values) - 2, 0))
    high = np.minimum(low + 1, len(values) - 1)
    share = np.clip(at - low, 0.0, 1.0).astype(np.float32)[:, None]
    between: Image = values[low]
    between += (values[high] - between) * share
    return between
