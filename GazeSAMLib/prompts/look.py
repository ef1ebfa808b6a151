"""Looks: fixations on slices with what was asked for them and what came back."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

REMEMBERED = 4


@dataclass(frozen=True, eq=False)
class Look:
    """One look at a structure.

    Attributes
    ----------
    hit : Hit
        Where the reader looks.
    start_ns : int
        When the fixation began.
    prompts : PromptSet
        What was asked last.
    number : int
        Number of the last request for it.
    candidates : MaskCandidates or None
        Best first, for the request `answered`; None before the first answer.
    answered : int
        Number of the request that `candidates` answers.
    shown : int
        Which candidate is in the preview.
    """

    hit: Hit
    start_ns: int
    prompts: PromptSet
    number: int
    candidates: MaskCandidates | None = None
    answered: int = -1
    shown: int = 0

    @property
    def pending(self) -> bool:
        """Whether the answer to the last request is still out."""
        return self.answered != self.number

    @property
    def mask(self) -> npt.NDArray[np.bool_] | None:
        """The mask in the preview, on the slice image."""
        return None if self.candidates is None else self.candidates.mask(self.shown)

    def refined(self) -> PromptSet:
        """Return its prompts as a refinement of the mask in the preview."""
        if self.candidates is None or self.candidates.low_res is None:
            return self.prompts
        return self.prompts.refining(self.candidates.low_res[self.shown])

    def resized(self, step: int) -> "Look":
        """Return the look with the next larger (+1) or smaller (-1) candidate shown."""
        if self.candidates is None:
            return self
        areas = self.candidates.inside.sum(axis=(1, 2))
        by_area = np.argsort(areas, kind="stable").tolist()
        position = by_area.index(self.shown) + step
        return replace(self, shown=by_area[min(max(position, 0), len(by_area) - 1)])


class Looks:
    """The last few looks, newest last: which one a key press means.

    Parameters
    ----------
    lead_ms : float
        A look that began less than this before a key press cannot have caused it, because
        the eye leaves while the hand moves: the look before it is meant.
    """

    def __init__(self, lead_ms: float) -> None:
        self._lead_ns = lead_ms * 1e6
        self._looks: list[Look] = []

    @property
    def newest(self) -> Look | None:
        """The look that began last, answered or not."""
        return self._looks[-1] if self._looks else None

    @property
    def preview(self) -> Look | None:
        """The newest look that has been answered."""
        return next((look for look in reversed(self._looks) if look.candidates is not None), None)

    def prompts_on(self, plane: SlicePlane) -> PromptSet | None:
        """Return the prompts of the look in the preview; None where it is not on `plane`."""
        running = self.preview
        on_plane = running is not None and running.hit.plane.key() == plane.key()
        return running.prompts if running is not None and on_plane else None

    def begin(self, look: Look) -> None:
        """Add a new look; one before it that was never answered is forgotten."""
        answered = [known for known in self._looks if known.candidates is not None]
        self._looks = [*answered[1 - REMEMBERED :], look]

    def replace_newest(self, look: Look) -> None:
        """Put `look` in place of the newest."""
        self._looks[-1:] = [look]

    def answer(self, number: int, candidates: MaskCandidates) -> Look | None:
        """Give the newest look its answer; None where the answer is outdated."""
        newest = self.newest
        if newest is None or newest.number != number:
            return None
        self._looks[-1] = replace(newest, candidates=candidates, answered=number, shown=0)
        return self._looks[-1]

    def resize_preview(self, step: int) -> None:
        """Show the next larger (+1) or smaller (-1) candidate of the look in the preview."""
        preview = self.preview
        self._looks = [look.resized(step) if look is preview else look for look in self._looks]

    def meant_at(self, t_ns: int) -> Look | None:
        """Return the look that a key press at `t_ns` means."""
        for look in reversed(self._looks):
            if t_ns - look.start_ns >= self._lead_ns:
                return look
        return self._looks[0] if self._looks else None

    def before(self, look: Look) -> Look | None:
        """Return the look before `look` on the same plane.

        Looks at the same place are passed over, if there is one elsewhere: the eye lands, and
        lands again a little nearer, before the hand presses a key.
        """
        index = next(i for i, known in enumerate(self._looks) if known is look)
        plane = look.hit.plane.key()
        earlier = [known for known in self._looks[:index] if known.hit.plane.key() == plane]
        here = tuple(look.hit.point_image_uv)
        elsewhere = [
            known
            for known in earlier
            if math.dist(here, tuple(known.hit.point_image_uv)) > 2.0 * look.prompts.sigma_px
        ]
        found = elsewhere or earlier
        return found[-1] if found else None

    def clear(self) -> None:
        """Forget all looks."""
        self._looks = []
