"""The one place that ranks an engine's candidates."""

import math

import numpy as np
import numpy.typing as npt

from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet


def rank(candidates: MaskCandidates, prompts: PromptSet) -> MaskCandidates:
    """Return `candidates`, best first.

    A mask that is empty or fills the image comes last: neither is a structure. Before the score
    counts what the reader said: a mask that lies farther from a point to add than the point may
    be wrong, or that covers a point that is not part of it, comes after those that do not.

    Parameters
    ----------
    candidates : MaskCandidates
        As the engine returned them.
    prompts : PromptSet
        What the engine was asked.
    """
    masks = candidates.inside
    areas = np.array([np.count_nonzero(mask) for mask in masks])
    useless = (areas == 0) | (areas == masks[0].size)
    against = np.array([_contradictions(mask, prompts) for mask in masks])
    return candidates.taken(np.lexsort((-candidates.scores, against, useless)))


def _contradictions(mask: npt.NDArray[np.bool_], prompts: PromptSet) -> int:
    count = 0
    for (u, v), label in zip(
        prompts.points_image_uv.tolist(), prompts.labels.tolist(), strict=True
    ):
        if label == ADD:
            count += not _near(mask, u, v, 1.0 + 2.0 * prompts.sigma_px)
        else:
            count += _near(mask, u, v, 0.0)
    return count


def _near(mask: npt.NDArray[np.bool_], u: float, v: float, radius_px: float) -> bool:
    """Whether a pixel of `mask` lies within `radius_px` of (u, v), or is the nearest to it."""
    height, width = mask.shape
    row, column = (min(max(round(at), 0), side - 1) for at, side in ((v, height), (u, width)))
    reach = math.ceil(radius_px)
    top, left = max(row - reach, 0), max(column - reach, 0)
    rows, columns = np.nonzero(mask[top : row + reach + 1, left : column + reach + 1])
    distances = np.hypot(rows + top - row, columns + left - column)
    return bool((distances <= radius_px).any())
