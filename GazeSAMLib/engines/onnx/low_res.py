"""Low-resolution masks at the size of the slice image, as ``segment_anything`` enlarges them.

It interpolates twice, to the encoder's input and, cut to the image, to the image's size. Both
are linear along rows and along columns, so their product is one matrix for each, with a few
numbers a line.
"""

import functools

import numpy as np
import numpy.typing as npt
from scipy import sparse

from GazeSAMLib.engines.onnx.slice_input import resized_shape

FloatArray = npt.NDArray[np.float32]


def at_image_size(low_res: FloatArray, image_shape: tuple[int, int], image_px: int) -> FloatArray:
    """Return logits of shape (K, h, h) at the size of the slice image, (K, H, W)."""
    count, side, _ = low_res.shape
    rows, columns = (
        _enlarging(side, image_px, resized, wanted)
        for resized, wanted in zip(resized_shape(image_shape, image_px), image_shape, strict=True)
    )
    # Lines lie side by side for the matrix to run over them; rows come last, and stay in place.
    wide = np.ascontiguousarray((columns @ low_res.reshape(count * side, side).T).T)
    enlarged = np.empty((count, *image_shape), dtype=np.float32)
    for mask, lines in zip(enlarged, wide.reshape(count, side, -1), strict=True):
        mask[:] = rows @ lines
    return enlarged


@functools.lru_cache(maxsize=8)
def _enlarging(count: int, image_px: int, resized: int, side: int) -> sparse.csr_array:
    """Return what enlarges a line of `count` low-resolution logits, shape (side, count)."""
    to_input = _interpolating(count, image_px)[:resized]
    return (_interpolating(resized, side) @ to_input).astype(np.float32)


def _interpolating(count: int, wanted: int) -> sparse.csr_array:
    """Return the matrix, shape (wanted, count), of bilinear interpolation along a line.

    Pixels are areas, and beyond the outermost centres the edge goes on, as PyTorch has it with
    ``align_corners=False``.
    """
    step = np.float32(count / wanted)  # in the same precision as there, which moves outlines a hair
    places = np.arange(wanted, dtype=np.float32) + np.float32(0.5)
    at = np.clip(places * step - np.float32(0.5), 0.0, count - 1.0)
    low = np.floor(at).astype(np.intp)
    share = (at - low).astype(np.float64)
    lines = np.tile(np.arange(wanted), 2)
    taken = np.concatenate((low, np.minimum(low + 1, count - 1)))
    return sparse.csr_array(
        (np.concatenate((1.0 - share, share)), (lines, taken)), shape=(wanted, count)
    )
