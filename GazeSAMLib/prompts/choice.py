"""The one place that ranks an engine's candidates."""

import math

import numpy as np
import numpy.typing as npt

from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet

BoolArray = npt.NDArray[np.bool_]

DRAWN = 64
"""So many points stand for where the reader may truly have looked."""

LIKELY = 0.5
"""A mask that holds this share of them is not doubted."""

DOUBT = 0.25
"""Power of the share below that. Found with simulated looks at synthetic and real slices."""

LEAST_SHARE = 0.05


def rank(candidates: MaskCandidates, prompts: PromptSet) -> MaskCandidates:
    """Return `candidates`, best first.

    A mask that is empty or fills the image comes last: neither is a structure. Before the score
    counts what the reader said: a mask that lies farther from a point to add than the point may
    be wrong, or that covers a point that is not part of it, comes after those that do not. The
    score counts less for a mask that holds little of the places where the reader may truly have
    looked, so far as the gaze is unsure.

    Parameters
    ----------
    candidates : MaskCandidates
        As the engine returned them; they keep their scores.
    prompts : PromptSet
        What the engine was asked.
    """
    masks = candidates.inside
    areas = np.array([np.count_nonzero(mask) for mask in masks])
    useless = (areas == 0) | (areas == masks[0].size)
    against = np.array([_contradictions(mask, prompts) for mask in masks])
    believed = candidates.scores * np.array([_belief(mask, prompts) for mask in masks])
    return candidates.taken(np.lexsort((-believed, against, useless)))


def _contradictions(mask: BoolArray, prompts: PromptSet) -> int:
    count = 0
    for (u, v), label in zip(
        prompts.points_image_uv.tolist(), prompts.labels.tolist(), strict=True
    ):
        if label == ADD:
            count += not _near(mask, u, v, 1.0 + 2.0 * prompts.sigma_px)
        else:
            count += _near(mask, u, v, 0.0)
    return count


def _belief(mask: BoolArray, prompts: PromptSet) -> float:
    """Return how well a mask explains the looks, 0 to 1; 1 where the gaze is sure."""
    looks = prompts.points_image_uv[prompts.labels == ADD]
    if prompts.sigma_px == 0.0 or not len(looks):
        return 1.0
    drawn = (looks[:, None, :] + prompts.sigma_px * _normal_points()).reshape(-1, 2)
    column, row = np.rint(drawn).astype(np.intp).T
    height, width = mask.shape
    on_image = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    held = on_image & mask[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    share = (float(held.mean()) + LEAST_SHARE) / LIKELY
    return float(min(share, 1.0) ** DOUBT)


def _normal_points() -> npt.NDArray[np.float64]:
    """Return points that are spread as two normal numbers are, always the same, shape (n, 2).

    Laid out as the seeds of a sunflower (Vogel 1979), which leave no gaps.

    References
    ----------
    Vogel (1979). A better way to construct the sunflower head. Mathematical Biosciences.
    https://doi.org/10.1016/0025-5564(79)90080-4
    """
    number = np.arange(DRAWN)
    angle = number * math.pi * (3.0 - math.sqrt(5.0))
    radius = np.sqrt(-2.0 * np.log(1.0 - (number + 0.5) / DRAWN))
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)


def _near(mask: BoolArray, u: float, v: float, radius_px: float) -> bool:
    """Whether a pixel of `mask` lies within `radius_px` of (u, v), or is the nearest to it."""
    height, width = mask.shape
    row, column = (min(max(round(at), 0), side - 1) for at, side in ((v, height), (u, width)))
    reach = math.ceil(radius_px)
    top, left = max(row - reach, 0), max(column - reach, 0)
    rows, columns = np.nonzero(mask[top : row + reach + 1, left : column + reach + 1])
    distances = np.hypot(rows + top - row, columns + left - column)
    return bool((distances <= radius_px).any())
