"""One structure on one slice, prompted again and again under one condition."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from GazeSAMLib.engines.engine import Engine
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import PromptSet
from GazeSAMLib.simulation.clicks import Mask, dice, next_click
from GazeSAMLib.simulation.truth import StructureSlice
from GazeSAMLib.simulation.window import Layout

MOST_PROMPTS = 5


@dataclass(frozen=True, slots=True)
class Condition:
    """How the reader sits and how well the tracker works.

    Attributes
    ----------
    layout : Layout
        How large a slice is on the display.
    gaze_error_deg : float
        Mean distance of the measured from the true gaze.
    """

    layout: Layout
    gaze_error_deg: float


@dataclass(frozen=True, eq=False)
class Trial:
    """What became of one structure on one slice.

    Attributes
    ----------
    case : StructureSlice
        What was to be segmented.
    condition : Condition
        Under which it was tried.
    prompts : PromptSet
        All that were given.
    dices : tuple of float
        Dice after the first, second, ... of at most 5 prompts. Shorter where nothing was
        left to correct.
    best_dice : float
        The best candidate's Dice at the first prompt; the first of `dices` is that of the
        candidate ranked first.
    first_mask_bits : ndarray of uint8
        The first result, eight pixels a byte.
    """

    case: StructureSlice
    condition: Condition
    prompts: PromptSet
    dices: tuple[float, ...]
    best_dice: float
    first_mask_bits: np.ndarray[tuple[int], np.dtype[np.uint8]]

    def dice_after(self, prompts: int) -> float:
        """Return the Dice after so many prompts; once nothing is left to correct it stays."""
        return self.dices[min(prompts, len(self.dices)) - 1]

    def prompts_to(self, goal: float) -> int | None:
        """Return how many prompts it took to reach a Dice; None where it was not reached."""
        return next((n for n, value in enumerate(self.dices, start=1) if value >= goal), None)

    @property
    def first_mask(self) -> Mask:
        """The result of the first prompt, on the slice image."""
        height, width = self.case.grid.shape
        bits = np.unpackbits(self.first_mask_bits, count=height * width)
        return bits.reshape(height, width).astype(bool)


def error_in_direction(
    normal_uv: tuple[float, float], gaze_error_deg: float, image_px_per_deg: float
) -> tuple[float, float]:
    """Return a gaze error in image pixels whose mean length is `gaze_error_deg`.

    Parameters
    ----------
    normal_uv : tuple of float
        Two standard normal numbers: the same ones under every condition and for every
        engine, so that these are compared on equal terms.
    gaze_error_deg : float
        Mean distance of the measured from the true gaze, as trackers' accuracy is stated.
    image_px_per_deg : float
        Pixels of the slice image in a degree of visual angle.
    """
    # The length of two normal numbers of standard deviation s is s sqrt(pi / 2) on average.
    scale = gaze_error_deg * image_px_per_deg / math.sqrt(0.5 * math.pi)
    return (normal_uv[0] * scale, normal_uv[1] * scale)


def run_trial(
    engine: Engine[Any],
    embedding: Any,  # noqa: ANN401 - each engine's own type
    case: StructureSlice,
    condition: Condition,
    error_uv: tuple[float, float],
    sigma_px: float | None,
) -> Trial:
    """Prompt for a structure up to five times, each time where the result is worst.

    The gaze error is the same for all prompts, as it is within a recording.

    Parameters
    ----------
    engine : Engine
        What is tried.
    embedding : object
        The engine's, of the slice image.
    case : StructureSlice
        What is to be segmented.
    condition : Condition
        Kept with the result.
    error_uv : tuple of float
        Measured minus true gaze on the slice image, pixels.
    sigma_px : float or None
        What the engine is told of the gaze's error. None tells it nothing, and takes its
        candidates as they come: what a plain point would give.
    """

    def asked(prompts: PromptSet) -> MaskCandidates:
        candidates = engine.decode(embedding, prompts)
        return candidates if sigma_px is None else rank(candidates, prompts)

    truth = case.mask
    prompts = PromptSet.at(_on_image(case.innermost_uv, error_uv, truth.shape), sigma_px or 0.0)
    candidates = asked(prompts)
    first_mask = candidates.mask(0)
    dices = [dice(first_mask, truth)]
    best_dice = max(dice(candidates.mask(n), truth) for n in range(len(candidates)))
    while len(dices) < MOST_PROMPTS:
        click = next_click(candidates.mask(0), truth)
        if click is None:
            break
        if candidates.low_res is not None:
            prompts = prompts.refining(candidates.low_res[0])
        point = _on_image(click.point_image_uv, error_uv, truth.shape)
        prompts = prompts.with_point(point, click.label)
        candidates = asked(prompts)
        dices.append(dice(candidates.mask(0), truth))
    bits = np.packbits(first_mask)
    return Trial(case, condition, prompts, tuple(dices), best_dice, bits)


def _on_image(
    point: ImagePoint, error_uv: tuple[float, float], shape: tuple[int, ...]
) -> ImagePoint:
    height, width = shape
    return ImagePoint(
        min(max(point.u + error_uv[0], 0.0), width - 1.0),
        min(max(point.v + error_uv[1], 0.0), height - 1.0),
    )
