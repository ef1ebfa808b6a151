"""Boxes around what is looked at, for models that take nothing else.

A look says where a structure is, not how large. Classical region growing answers that with a few
regions of different size; their bounding boxes are what a person would have drawn, and each gives
a mask of its own, so that the keys for larger and smaller step through them.
"""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MARGIN = 0.003
"""On every side, of the image's longer one. MedSAM was trained with boxes up to 20 pixels of 1024
too large, never too small; more would be too much for small structures."""

LEAST_SIDE = 0.02
"""Of the image's longer side; a box also spans two standard deviations of the gaze each way."""

SAME = 0.8
"""Boxes that overlap by more (IoU) are one."""

GROWTH = 1.5
"""From one size to the next, where region growing is sure of a single one."""

WANTED = 3
STABLE = 1.0
"""A mask is as good as it stays the same when its logits are shifted by this (as SAM's is)."""


def boxes_around(prompts: PromptSet, regions: MaskCandidates) -> tuple[FloatArray, FloatArray]:
    """Return boxes, shape (B, 4), for one look, likeliest first, and how likely each is.

    Parameters
    ----------
    prompts : PromptSet
        With a point to add.
    regions : MaskCandidates
        Of the same prompts, best first.
    """
    shape = regions.logits.shape[1:]
    least = max(LEAST_SIDE * max(shape), 4.0 * prompts.sigma_px)
    boxes: list[FloatArray] = []
    scores: list[float] = []
    for mask, score in zip(regions.inside, regions.scores.tolist(), strict=True):
        if mask.any():
            _add(boxes, scores, _widened(bounds(mask), MARGIN * max(shape), least, shape), score)
    first, score = boxes[0], scores[0]
    for factor in (GROWTH, 1.0 / GROWTH):
        if len(boxes) < WANTED:
            spare = (factor - 1.0) / 2.0 * (first[2:] - first[:2])
            grown = np.concatenate((first[:2] - spare, first[2:] + spare))
            _add(boxes, scores, _widened(grown, 0.0, least, shape), score / GROWTH)
    return np.array(boxes), np.array(scores)


def mask_scores(logits: npt.NDArray[np.float32], boxes: FloatArray) -> FloatArray:
    """Return how good masks look that a model drew in boxes, 0 to 1.

    MedSAM's own estimate was not trained with it. A mask is believed that fills its box and
    has a clear outline.

    Parameters
    ----------
    logits : ndarray, shape (B, H, W)
        One mask for each box.
    boxes : ndarray, shape (B, 4)
        As (u_min, v_min, u_max, v_max).
    """
    scores = np.zeros(len(boxes))
    for place, (one, box) in enumerate(zip(logits, boxes, strict=True)):
        sure, possible = one > STABLE, one > -STABLE
        if (one > 0.0).any():
            stability = np.count_nonzero(sure) / np.count_nonzero(possible)
            scores[place] = stability * _overlap(bounds(one > 0.0), box)
    return scores


def bounds(mask: BoolArray) -> FloatArray:
    """Return the box of a mask, shape (H, W), that is not empty, to the edges of its pixels."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    edges = np.array((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1), dtype=np.float64)
    return edges - 0.5


def _add(boxes: list[FloatArray], scores: list[float], box: FloatArray, score: float) -> None:
    if all(_overlap(box, other) < SAME for other in boxes):
        boxes.append(box)
        scores.append(score)


def _widened(box: FloatArray, margin: float, least: float, shape: tuple[int, ...]) -> FloatArray:
    """Return `box` with a margin on all sides, at least `least` wide and high, in the image."""
    middle, half = (box[:2] + box[2:]) / 2.0, (box[2:] - box[:2]) / 2.0 + margin
    half = np.maximum(half, least / 2.0)
    last = np.array(shape[::-1]) - 0.5
    low, high = np.clip(middle - half, -0.5, last), np.clip(middle + half, -0.5, last)
    return np.concatenate((low, high))


def _overlap(box: FloatArray, other: FloatArray) -> float:
    low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
    both = float(np.prod(np.maximum(high - low, 0.0)))
    total = sum(float(np.prod(one[2:] - one[:2])) for one in (box, other))
    return both / (total - both) if total > both else 1.0
