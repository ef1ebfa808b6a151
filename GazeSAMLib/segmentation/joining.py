"""Two slices that a person confirmed, and what lies between them."""

from collections.abc import Iterator, Sequence

import numpy as np

from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.segmentation.agreement import overlap
from GazeSAMLib.segmentation.fill_between import fill_between
from GazeSAMLib.segmentation.motion import box_of
from GazeSAMLib.segmentation.parts import cleaned
from GazeSAMLib.segmentation.propagation import PropagatedSlice, PropagationSeed
from GazeSAMLib.segmentation.refinement import refined


def join(
    segmenter: Segmenter,
    first: PropagationSeed,
    last: PropagationSeed,
    forward: Sequence[PropagatedSlice],
    backward: Sequence[PropagatedSlice],
) -> Iterator[PropagatedSlice]:
    """Yield the slices between two confirmed ones, each from what is known on both sides of it.

    Three opinions vote on each pixel: what was propagated from either side, and the shape
    between the two, moved to the image's outline. Of a propagation that stopped on its way the
    shape takes the place.

    Parameters
    ----------
    segmenter : Segmenter
        Of the scan.
    first, last : PropagationSeed
        The confirmed slices, of one orientation, `last` farther along the normal.
    forward : sequence of PropagatedSlice
        Propagated from `first` along the normal, nearest first.
    backward : sequence of PropagatedSlice
        Propagated from `last` against the normal, nearest first.

    Yields
    ------
    PropagatedSlice
        Along the normal; none where no slice lies between them, or one of them is empty.

    Raises
    ------
    EngineError
        If the segmenter cannot read a slice.
    """
    ends = [PropagatedSlice(seed.plane, seed.mask, 1.0) for seed in (first, last)]
    filled = fill_between(segmenter.volume, ends)
    count = len(filled) + 1
    for step, shape in enumerate(filled, start=1):
        between = refined(segmenter, shape, first.window, first.level)
        ahead = forward[step - 1] if step <= len(forward) else between
        behind = backward[count - step - 1] if count - step <= len(backward) else between
        yield _voted(between, ahead, behind, step / count)


def _voted(
    between: PropagatedSlice, ahead: PropagatedSlice, behind: PropagatedSlice, way: float
) -> PropagatedSlice:
    if not between.mask.any():
        return between
    box = box_of(between.mask | ahead.mask | behind.mask, 2)
    a, b, c = between.mask[box], ahead.mask[box], behind.mask[box]
    mask = np.zeros_like(between.mask)
    mask[box] = cleaned((a & b) | (b & c) | (a & c), a)
    alike = overlap(b, c)
    sure = (1.0 - way) * ahead.confidence + way * behind.confidence
    return PropagatedSlice(between.plane, mask, sure * (0.5 + 0.5 * alike))
