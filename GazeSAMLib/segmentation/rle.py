"""Run-length coding of a mask, as in COCO's uncompressed form: by columns, zeros first."""

from typing import Any

import numpy as np
import numpy.typing as npt


def encode(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return ``{"size": [h, w], "counts": [zeros, ones, zeros, ...]}`` for `mask`, shape (h, w)."""
    flat = np.concatenate(([False], mask.ravel(order="F"), [False]))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    bounds = np.concatenate(([0], edges, [mask.size]))
    counts = np.diff(bounds).tolist()
    if mask.size and counts[-1] == 0:  # the mask ends with ones: no zeros after them
        counts.pop()
    return {"size": list(mask.shape), "counts": counts}


def decode(rle: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """Return the mask that :func:`encode` coded.

    Raises
    ------
    ValueError
        If the counts do not add up to the size, or either is not made of whole numbers.
    """
    try:
        height, width = (int(n) for n in rle["size"])
        counts = np.array(rle["counts"], dtype=np.int64).reshape(-1)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"not a run-length code: {error}") from error
    if height < 0 or width < 0 or (counts < 0).any() or counts.sum() != height * width:
        raise ValueError(f"run lengths must add up to {height} x {width}")
    ones = np.zeros(len(counts), dtype=bool)
    ones[1::2] = True
    return np.repeat(ones, counts).reshape((height, width), order="F")
