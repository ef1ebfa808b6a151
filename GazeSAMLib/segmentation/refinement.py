"""A mask that shapes alone have made, moved to the outline that the image shows nearby."""

import numpy as np

from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter
from GazeSAMLib.segmentation.narrow_band import grey_log_odds, moved_outline
from GazeSAMLib.segmentation.parts import cleaned, large_parts
from GazeSAMLib.segmentation.passage import Passage
from GazeSAMLib.segmentation.propagation import PropagatedSlice

REACH_PX = 2.0
"""So far the outline may move: what lies farther off belongs to something else."""

LEAST_KEPT = 0.6
"""Of the area; what would shrink or grow by more has no outline here and stays as it was."""


def refined(
    segmenter: Segmenter, made: PropagatedSlice, window: float, level: float
) -> PropagatedSlice:
    """Return a filled slice with its outline where grey values inside and outside part.

    One step of a localized active contour, on the slice's own image: that suffices where the
    outline is nearly right, and needs no decoding.

    Parameters
    ----------
    segmenter : Segmenter
        Of the scan.
    made : PropagatedSlice
        As :func:`GazeSAMLib.segmentation.fill_between.fill_between` gives it.
    window, level : float
        As displayed.

    Raises
    ------
    EngineError
        If the plane misses the scan.
    """
    if not made.mask.any():
        return made
    pixels = segmenter.pixels(EmbedRequest(0, made.plane, window, level))
    passage = Passage.of(made.mask, pixels, pixels, REACH_PX)
    mask = cleaned(moved_outline(passage, grey_log_odds(passage)), passage.expected)
    share = np.count_nonzero(mask) / np.count_nonzero(made.mask)
    if not LEAST_KEPT <= share <= 1.0 / LEAST_KEPT or large_parts(mask) != large_parts(
        passage.expected
    ):
        return made
    return PropagatedSlice(made.plane, passage.drawn(mask, made.mask.shape), made.confidence)
