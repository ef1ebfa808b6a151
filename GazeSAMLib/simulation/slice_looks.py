"""The looks that one slice takes, whatever else is known of the structure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.segmenter import Segmenter, SegmentRequest
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.clicks import Click, Mask, dice, next_click
from GazeSAMLib.simulation.trial import MOST_PROMPTS
from GazeSAMLib.simulation.truth import StructureSlice


@dataclass(frozen=True, slots=True)
class Looked:
    """What a reader has of a slice after some looks at it.

    Attributes
    ----------
    looks : int
        How many.
    mask : ndarray of bool
        The best that was seen, on the slice image.
    """

    looks: int
    mask: Mask


class SliceLooks:
    """Looks at slices of one structure, each done once and remembered.

    Parameters
    ----------
    segmenter : Segmenter
        Of the scan.
    scan : Scan
        Shown with its default window.
    """

    def __init__(self, segmenter: Segmenter, scan: Scan) -> None:
        self._segmenter = segmenter
        self._scan = scan
        self._seen: dict[int, list[Mask]] = {}
        self._prompts: dict[int, PromptSet | None] = {}

    def until(self, case: StructureSlice, goal: float) -> list[Looked]:
        """Return the state after each look until a slice has the Dice `goal`, at most 5."""
        truth = case.mask
        states: list[Looked] = []
        best, best_dice = np.zeros_like(truth), 0.0
        for number in range(1, MOST_PROMPTS + 1):
            mask = self._after(case, truth, number)
            if mask is None:
                break
            gain = dice(mask, truth) - best_dice
            if gain >= 0.0:
                best, best_dice = mask, best_dice + gain
            states.append(Looked(number, best))
            if best_dice >= goal:
                break
        return states

    def correcting(self, case: StructureSlice, there: Mask, goal: float) -> list[Looked] | None:
        """Return the states after looks that refine a mask; None if the engine takes none."""
        truth = case.mask
        low_res = self._segmenter.low_res_of(there) if there.any() else None
        if low_res is None:
            return None
        prompts: PromptSet | None = None
        states: list[Looked] = []
        best, mask = there, there
        while len(states) < MOST_PROMPTS and dice(best, truth) < goal:
            click = next_click(mask, truth)
            if click is None:
                break
            prompts = _and_also(prompts, click, case).refining(low_res)
            mask, low_res = self._answer(case, prompts)
            best = max(best, mask, key=lambda found: dice(found, truth))
            states.append(Looked(len(states) + 1, best))
        return states

    def _after(self, case: StructureSlice, truth: Mask, number: int) -> Mask | None:
        """Return the result of look `number`; None where nothing was left to correct."""
        seen = self._seen.setdefault(case.layer, [])
        if len(seen) < number:
            running = self._prompts.get(case.layer)
            if running is None:
                prompts = PromptSet.at(case.innermost_uv)
            elif (click := next_click(seen[-1], truth)) is not None:
                prompts = running.with_point(click.point_image_uv, click.label)
            else:
                return None
            mask, low_res = self._answer(case, prompts)
            self._prompts[case.layer] = prompts.refining(low_res)
            seen.append(mask)
        return seen[number - 1]

    def _answer(
        self, case: StructureSlice, prompts: PromptSet
    ) -> tuple[Mask, npt.NDArray[np.float32] | None]:
        request = SegmentRequest(0, case.plane, self._scan.window, self._scan.level, prompts)
        found = self._segmenter.answer(request).candidates
        return found.mask(0), None if found.low_res is None else found.low_res[0]


def _and_also(prompts: PromptSet | None, click: Click, case: StructureSlice) -> PromptSet:
    """Return the prompts with a click more; before one that takes away comes what to keep."""
    if prompts is not None:
        return prompts.with_point(click.point_image_uv, click.label)
    if click.label == ADD:
        return PromptSet.at(click.point_image_uv)
    return PromptSet.at(case.innermost_uv).with_point(click.point_image_uv, click.label)
