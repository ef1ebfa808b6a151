"""From all masks of a look to the best few that differ.

The best is not the mask with the highest score, which is often an outlier, but the one that is
expected to overlap most with the true one, where every mask is believed to be it by its score.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.evidence import FloatArray, describe
from GazeSAMLib.engines.compact.look import Surroundings
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import MASKS
from GazeSAMLib.engines.compact.points import Points
from GazeSAMLib.engines.scorer import Scorer

SAME_IOU, NEARLY_SAME_IOU = 0.75, 0.97
"""Masks that overlap more than this count as one; the second where too few differ more."""

FIRST_AHEAD = 0.05
"""So much more Dice must be expected of what else could be meant in a crop than of the first."""

BELIEF_WIDTH = 0.15
"""Scores that far apart differ in belief by a factor of e."""


def best_different(
    masks: list[CropMask],
    scorer: Scorer,
    points: Points,
    image_shape: tuple[int, int],
    count: int,
) -> list[CropMask]:
    """Return up to `count` different masks, best first, with their scores as expected IoU.

    With a box, a mask counts by how well it fills it.
    """
    iou, evidence = weighed(masks, points, image_shape)
    scores = scorer.expected_iou(evidence)
    there = np.array([mask.share > 0.0 for mask in masks])
    expected = expected_dice(scores, iou, there)
    if points.box is not None:
        expected *= np.array([_fit(mask, points.box) for mask in masks])
    chosen = different(expected, iou, there, count)
    # In the order of choice, but none better than the one before.
    honest = np.minimum.accumulate(scores[chosen])
    return [
        replace(masks[place], iou=float(score))
        for place, score in zip(chosen, honest.tolist(), strict=True)
    ]


def weighed(
    masks: list[CropMask], points: Points, image_shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Return how far masks agree, shape (n, n), and the evidence for each, (n, features)."""
    iou = Surroundings(points.look, image_shape).pairwise_iou(masks)
    return iou, describe(masks, iou, points, image_shape)


def expected_dice(scores: FloatArray, iou: FloatArray, there: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the Dice that each mask is expected to have with the true one, shape (n,).

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Expected IoU of each mask by itself.
    iou : ndarray, shape (n, n)
        How far the masks agree.
    there : ndarray of bool, shape (n,)
        Whether a mask is not empty.
    """
    belief = there * np.exp((scores - scores.max()) / BELIEF_WIDTH)
    expected: FloatArray = (2.0 * iou / (1.0 + iou)) @ (belief / max(float(belief.sum()), 1e-9))
    return expected


def different(
    expected: FloatArray, iou: FloatArray, there: npt.NDArray[np.bool_], count: int
) -> list[int]:
    """Return the places of up to `count` masks that differ, the most promising first.

    Masks of a crop stand together, the network's first one ahead.
    """
    chosen: list[int] = []
    behind = np.where(np.arange(len(expected)) % MASKS == 0, 0.0, FIRST_AHEAD)
    order = np.argsort(behind - expected, kind="stable").tolist()
    likeliest = [place for place in order if there[place]]
    # Where all agree, the next larger and smaller are all the choice there is.
    for same in (SAME_IOU, NEARLY_SAME_IOU):
        for place in likeliest:
            if len(chosen) < count and all(iou[place, known] < same for known in chosen):
                chosen.append(place)
    return chosen


def most_agreed(
    masks: list[CropMask], points: Points, image_shape: tuple[int, int], count: int
) -> list[CropMask]:
    """Return up to `count` of several views of one mask, best first.

    Each is believed by its expected IoU squared, and the best agree most with the others; how
    far they agree becomes their expected IoU.
    """
    masks = [mask for mask in masks if mask.share > 0.0]
    if not masks:
        return []
    own = np.array([mask.iou for mask in masks])
    iou = Surroundings(points.look, image_shape).pairwise_iou(masks)
    agreed = (iou @ own**2) / max(float((own**2).sum()), 1e-9)
    order = np.argsort(-agreed * np.sqrt(own), kind="stable")[:count]
    expected = np.minimum.accumulate(np.sqrt(own[order]) * agreed[order])
    return [
        replace(masks[place], iou=float(value))
        for place, value in zip(order.tolist(), expected.tolist(), strict=True)
    ]


def _fit(mask: CropMask, box: FloatArray) -> float:
    """Return the IoU of a mask's bounds and a box, both of whole pixels."""
    bounds = mask.bounds()
    if bounds is None:
        return 0.0
    common = np.minimum(bounds[1], box[1]) - np.maximum(bounds[0], box[0]) + 1.0
    shared = float(np.prod(np.maximum(common, 0.0)))
    areas = sum(float(np.prod(of[1] - of[0] + 1.0)) for of in (bounds, box))
    return shared / (areas - shared)
