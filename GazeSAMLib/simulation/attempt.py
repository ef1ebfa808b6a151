"""One structure on one slice: look, wait for the outline, accept it or better it.

Where the outline does not fit, the reader does what a person would: takes the next larger
candidate, says "not this" where it leaks, accepts a good part and looks at what is missing, or
looks beside the structure where the outline lies on the other side of it.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.prompts.prompt_set import NOT_THIS
from GazeSAMLib.simulation.clicks import Mask, dice, inner_points, next_click, other_side
from GazeSAMLib.simulation.desk import Desk
from GazeSAMLib.simulation.layout import image_px_per_deg
from GazeSAMLib.simulation.performance import Performance
from GazeSAMLib.simulation.truth import StructureSlice

GOOD_DICE = 0.85  # accepted without more ado
USABLE_DICE = 0.5  # accepted where it does not get better
WORTH_A_KEY = 0.01
SEEN_DIFFERENCE = 0.05  # a smaller one escapes the reader
MOST_CORRECTIONS = 2
INNER_SHARE = 0.6  # a look goes to where the distance from the outline is at least this share
LARGEST_SHIFT_DEG = 1.0
AFTER_KEY_MS = 150.0
EYE_LEADS_MS = 60.0  # by so much the eye may leave before the key is down
EYE_LEADS_SHARE = 0.3
NEXT_LOOK_DEG = 2.0


class Outcome(StrEnum):
    """How a structure on a slice ended."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    POOR = "poor"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one structure on one slice.

    Attributes
    ----------
    structure : str
        Its name.
    layer : int
        The slice's number, from 0.
    start_ms : float
        When the first look at it began, since the beginning.
    outcome : Outcome
        Accepted at the first look, after corrections, accepted though poor, or given up.
    corrections : tuple of str
        What was tried, in order.
    dice : float
        Of all that was accepted there; 0 where nothing was.
    """

    structure: str
    layer: int
    start_ms: float
    outcome: Outcome
    corrections: tuple[str, ...]
    dice: float


class Attempt:
    """The reader's work on one structure on one slice.

    Parameters
    ----------
    case : StructureSlice
        What is to be segmented.
    view : SliceView
        Where it is shown.
    display : DisplayGeometry
        The tracked display.
    desk : Desk
        The session and what the reader sees of it.
    performance : Performance
        The reader's body; feeds the desk.
    rng : Generator
        Of the reader's choices.
    """

    def __init__(
        self,
        case: StructureSlice,
        view: SliceView,
        display: DisplayGeometry,
        desk: Desk,
        performance: Performance,
        rng: np.random.Generator,
    ) -> None:
        self._case = case
        self._truth = case.mask
        self._view = view
        self._desk = desk
        self._performance = performance
        self._rng = rng
        self._first_step = len(desk.steps)
        self._px_per_deg = image_px_per_deg(display, view, case.grid)

    def run(self) -> Reading:
        """Look, correct, and accept or give up."""
        start_ms = self._performance.t_ms
        inner_uv = inner_points(self._truth, INNER_SHARE)
        aim = ImagePoint(*inner_uv[self._rng.integers(len(inner_uv))].tolist())
        self._look(aim)
        tried: list[str] = []
        while not (fits := self._accept_if_good()) and len(tried) < MOST_CORRECTIONS:
            tried.append(self._correct(aim))
        if not fits:
            self._finish()
        reached = dice(self._accepted(), self._truth)
        return Reading(
            self._case.structure.name,
            self._case.layer,
            round(start_ms, 1),
            _outcome(reached, tried),
            tuple(tried),
            round(reached, 4),
        )

    def _accept_if_good(self) -> bool:
        """Accept an outline that fits; return whether the segment became what was shown."""
        return self._quality() >= GOOD_DICE and self._accept()

    def _finish(self) -> None:
        """Accept what is on screen where it is better than nothing, else clear it away."""
        accepted = dice(self._accepted(), self._truth)
        if self._quality() >= max(USABLE_DICE, accepted + WORTH_A_KEY):
            self._accept()
        else:
            self._press(EventKind.CLEAR, AFTER_KEY_MS)

    def _correct(self, aim: ImagePoint) -> str:
        """Do what a person would do about the outline on screen; return what that was."""
        shown = self._desk.preview_on(self._case)
        if not (shown & self._truth).any():
            self._look(other_side(aim, shown, LARGEST_SHIFT_DEG * self._px_per_deg))
            return "looked beside it"
        click = next_click(shown | self._accepted(), self._truth)
        if click is not None and click.label == NOT_THIS:
            self._look(click.point_image_uv)
            self._press(EventKind.NEGATIVE, self._performance.key_delay_ms())
            return "not this"
        if self._is_better_larger(shown):
            return "larger"
        if dice(self._desk.preview_on(self._case), self._truth) >= USABLE_DICE:
            self._accept()
        self._look(aim if click is None else click.point_image_uv)
        return "looked at the rest"

    def _is_better_larger(self, shown: Mask) -> bool:
        before = self._quality()
        self._press(EventKind.LARGER, self._performance.key_delay_ms())
        if self._quality() > before:
            return True
        if not np.array_equal(self._desk.preview_on(self._case), shown):
            self._press(EventKind.SMALLER, AFTER_KEY_MS)
        return False

    def _accept(self) -> bool:
        """Accept the outline on screen; undo and return false if the segment became another.

        Now and then the eye goes on before the key is down.
        """
        expected, steps = self._quality(), len(self._desk.steps)
        leads_ms = EYE_LEADS_MS if self._rng.random() < EYE_LEADS_SHARE else 0.0
        self._performance.press(EventKind.ACCEPT, leads_ms)
        if leads_ms > 0.0:
            u, v = self._rng.normal(0.0, NEXT_LOOK_DEG * self._px_per_deg, 2).tolist()
            at = self._case.innermost_uv
            next_place = self._case.grid.point_from_image(ImagePoint(at.u + u, at.v + v))
            self._performance.look_at_target(self._view, next_place)
        self._performance.hold(leads_ms + AFTER_KEY_MS)
        if dice(self._accepted(), self._truth) >= expected - SEEN_DIFFERENCE:
            return True
        if len(self._desk.steps) > steps:
            self._press(EventKind.UNDO, self._performance.key_delay_ms())
        return False

    def _press(self, kind: EventKind, then_ms: float) -> None:
        self._performance.press(kind)
        self._performance.hold(then_ms)

    def _look(self, point: ImagePoint) -> None:
        """Look, and stay until a key would follow: by then the outline has been seen."""
        self._performance.look_at_target(self._view, self._case.grid.point_from_image(point))
        self._performance.hold(self._performance.key_delay_ms())

    def _quality(self) -> float:
        """Return the Dice that there would be if the outline on screen were accepted."""
        return dice(self._desk.preview_on(self._case) | self._accepted(), self._truth)

    def _accepted(self) -> Mask:
        return self._desk.accepted_on(self._case, self._first_step)


def _outcome(reached: float, tried: list[str]) -> Outcome:
    if reached == 0.0:
        return Outcome.GIVEN_UP
    if reached < GOOD_DICE:
        return Outcome.POOR
    return Outcome.CORRECTED if tried else Outcome.ACCEPTED
