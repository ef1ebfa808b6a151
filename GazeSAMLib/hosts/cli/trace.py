"""What happened while a recording was replayed: fixations, accepted steps, notices, views."""

from collections import Counter
from dataclasses import dataclass, replace

from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.slice_key import SliceKey, slice_key
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.gaze_path import GazePath
from GazeSAMLib.session import GazeSession, Reaction, Step
from GazeSAMLib.signals.types import Fixation, FixationPhase


@dataclass(frozen=True, eq=False)
class SeenFixation:
    """A fixation on a slice.

    Attributes
    ----------
    fixation : Fixation
        From its first to its last sample.
    hit : Hit
        Where its centre lay, on the slice that was shown then.
    slice_key : SliceKey
        Which slice.
    """

    fixation: Fixation
    hit: Hit
    slice_key: SliceKey


@dataclass(frozen=True, eq=False)
class AcceptedStep:
    """A step that was accepted and, in the end, not undone.

    Attributes
    ----------
    t_ns : int
        When.
    step : Step
        What.
    slice_key : SliceKey or None
        The slice that was looked at; None where slices were propagated.
    """

    t_ns: int
    step: Step
    slice_key: SliceKey | None


@dataclass(frozen=True, eq=False)
class Visit:
    """A time in which one view showed one thing; `end_ns` is None while it lasts."""

    view: SliceView
    slice_key: SliceKey
    start_ns: int
    end_ns: int | None


class Trace:
    """Collects what a replay yields.

    Parameters
    ----------
    session : GazeSession
        That the recording goes through.
    volume : VolumeGeometry
        The scan.
    gaze : GazePath
        An empty one.

    Attributes
    ----------
    gaze : GazePath
        Every sample.
    fixations : list of SeenFixation
        Those on a slice, in order.
    steps : list of AcceptedStep
        Accepted and not undone, in order.
    undone : int
        How many undo events took a step back, redone ones not counted off.
    visits : list of Visit
        What was shown when, in order.
    notices : Counter of str
        The session's sentences, and how often each was said.
    """

    def __init__(self, session: GazeSession, volume: VolumeGeometry, gaze: GazePath) -> None:
        self.gaze = gaze
        self.fixations: list[SeenFixation] = []
        self.steps: list[AcceptedStep] = []
        self.undone = 0
        self.visits: list[Visit] = []
        self.notices: Counter[str] = Counter()
        self._session = session
        self._volume = volume
        self._taken_back: list[AcceptedStep | None] = []
        self._showing: dict[str, int] = {}  # view name -> index of its running visit
        self._fixation_counts = False

    def add(self, item: GazeSample | Event, reaction: Reaction) -> None:
        """Take in a sample or an event with what it led to."""
        if reaction.notice:
            self.notices[reaction.notice] += 1
        if reaction.step is not None:
            look, propagated = reaction.step.look, reaction.step.propagated
            key = None
            if look is not None and not propagated:
                key = slice_key(look.hit.plane, look.hit.grid)
            self.steps.append(AcceptedStep(item.t_ns, reaction.step, key))
            self._taken_back.clear()
        if isinstance(item, Event):
            self._add_event(item, reaction)
        elif reaction.fixation is not None:
            self._add_fixation(reaction.fixation.phase, reaction.fixation.fixation)

    def _add_event(self, event: Event, reaction: Reaction) -> None:
        if event.kind == EventKind.VIEW:
            self._add_view(event)
        elif event.kind == EventKind.UNDO and not reaction.notice:
            # A step of an earlier run, of which the journal told, is none of this one.
            self._taken_back.append(self.steps.pop() if self.steps else None)
            self.undone += 1
        elif event.kind == EventKind.REDO and not reaction.notice:
            again = self._taken_back.pop() if self._taken_back else None
            if again is not None:
                self.steps.append(again)

    def _add_view(self, event: Event) -> None:
        name = str(event.details.get("name"))
        if name in self._showing:
            running = self._showing.pop(name)
            self.visits[running] = replace(self.visits[running], end_ns=event.t_ns)
        if event.details.get("visible", True):
            self._showing[name] = len(self.visits)
            view = SliceView.from_details(event.details)
            plane = view.geometry.plane
            key = slice_key(plane, slice_grid(self._volume, plane))
            self.visits.append(Visit(view, key, event.t_ns, None))

    def _add_fixation(self, phase: FixationPhase, fixation: Fixation) -> None:
        if phase is FixationPhase.STARTED:
            hit = self._session.aim.locate(fixation.centre_display)
            self._fixation_counts = hit is not None
            if hit is not None:
                key = slice_key(hit.plane, hit.grid)
                self.fixations.append(SeenFixation(fixation, hit, key))
        elif self._fixation_counts:
            seen = replace(self.fixations[-1], fixation=fixation)
            if phase is FixationPhase.ENDED:
                hit = self._session.aim.locate(fixation.centre_display)
                seen = replace(seen, hit=hit or seen.hit)
            self.fixations[-1] = seen
