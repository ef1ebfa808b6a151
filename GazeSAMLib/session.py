"""The way of a gaze sample, top to bottom: the one place that knows the whole chain.

The session does no input or output of its own. The host feeds samples and events and gets a
:class:`Reaction`; a reaction's request goes to a segmenter (in this process or in the worker
process), whose answer comes back through :meth:`GazeSession.receive`. The same samples, events
and answers give the same segmentation, bit for bit.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.messages import Propagate, Propagated, PropagationEnded, StopPropagation
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.shown_slices import Hit, ShownSlices
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.foresight import Foresight
from GazeSAMLib.prompts.look import Look, Looks
from GazeSAMLib.prompts.policy import PromptPolicy, latest_look
from GazeSAMLib.prompts.prompt_set import NOT_THIS, PromptSet
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.journal import Journal
from GazeSAMLib.segmentation.propagator import Propagator
from GazeSAMLib.segmentation.segment import Edit, SegmentationWriter
from GazeSAMLib.signals.chain import SignalChain, SignalOptions
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import Fixation, FixationPhase, FixationUpdate

Request = SegmentRequest | Propagate | StopPropagation
Answer = SegmentAnswer | Propagated | PropagationEnded

# A fixation whose centre has moved this far asks again.
ASK_AGAIN_DEG = 0.15


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a session may be told.

    Attributes
    ----------
    signals : SignalOptions
        Smoothing and fixation detection.
    policy : PromptPolicy
        How looks become prompts.
    accuracy_deg : float
        How far the tracker's mean gaze typically lies from the true one.
    lead_ms : float
        See :class:`GazeSAMLib.prompts.look.Looks`.
    """

    signals: SignalOptions = field(default_factory=SignalOptions)
    policy: PromptPolicy = latest_look
    accuracy_deg: float = 0.5
    lead_ms: float = 200.0


@dataclass(frozen=True, eq=False)
class Step:
    """An accepted step: the look that was accepted and the voxels meant.

    Attributes
    ----------
    look : Look or None
        What was accepted; where slices were propagated, the look that they came from, and None
        where that was in an earlier session.
    edit : Edit
        The voxels meant.
    propagated : tuple of PlaneMask
        The slices that were propagated, where it is they that were accepted.
    """

    look: Look | None
    edit: Edit
    propagated: tuple[PlaneMask, ...] = ()


@dataclass(frozen=True, eq=False)
class Reaction:
    """What a sample, an event or an answer led to.

    Attributes
    ----------
    request : SegmentRequest, Propagate, StopPropagation or None
        To be answered by a segmenter.
    fixation : FixationUpdate or None
        What the signal chain made of a sample.
    step : Step or None
        What was accepted: it is in the journal and written.
    notice : str
        One sentence for the reader, or empty.
    """

    request: Request | None = None
    fixation: FixationUpdate | None = None
    step: Step | None = None
    notice: str = ""


NOTHING = Reaction()


class Aim:
    """From gaze samples to looks: the chain itself, and what is asked for a look.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    display : DisplayGeometry
        The tracked display.
    options : SessionOptions
        What may be told.

    Attributes
    ----------
    slices : ShownSlices
        The slice views on screen.
    looks : Looks
        The last few looks.
    known : callable
        Returns the mask on a slice that looks at it correct; None where there is none.
    """

    def __init__(
        self, volume: VolumeGeometry, display: DisplayGeometry, options: SessionOptions
    ) -> None:
        self.slices = ShownSlices(volume)
        self.looks = Looks(options.lead_ms)
        self._display = display
        self._options = options
        self._chain = SignalChain(display, options.signals)
        self._foresight = Foresight()
        self._base: PromptSet | None = None  # what the running look builds on
        self._asked_at_deg: tuple[float, float] | None = None  # None: ask at the next update
        self._spent = True  # the running fixation has had its effect
        self._request_count = 0
        self.known: Callable[[Hit], PlaneMask | None] = lambda _hit: None

    def add(self, sample: GazeSample, *, may_ask: bool) -> Reaction:
        """Take a sample through signals, geometry and prompt to a request."""
        update = self._chain.add(sample)
        if update is None:
            foreseen = self._foresee() if may_ask else None
            return NOTHING if foreseen is None else Reaction(request=foreseen)
        if update.phase is FixationPhase.STARTED:
            self._spent, self._asked_at_deg = False, None
        asks = may_ask and not self._spent and update.phase is not FixationPhase.ENDED
        return Reaction(request=self._look(update.fixation) if asks else None, fixation=update)

    def locate(self, point_display: DisplayPoint) -> Hit | None:
        """Return where a gaze position falls on the slices shown now; None beside them."""
        if not point_display.on_display:
            return None
        return self.slices.locate(self._display.screen_from_display(point_display))

    def ask_instead(self, look: Look, prompts: PromptSet) -> SegmentRequest:
        """Ask for `prompts` at the place of `look`; the running fixation has had its effect."""
        self.looks.clear()
        self._foresight.clear()
        self._spent = True
        self._request_count += 1
        asked = Look(look.hit, look.start_ns, prompts, self._request_count)
        self.looks.begin(asked)
        return _request(asked, self.known(asked.hit))

    def answered(self, answer: SegmentAnswer) -> Look | None:
        """Give the newest look its answer; None where the answer is outdated, or foreseen."""
        if self._foresight.answer(answer.number, answer.candidates):
            return None
        return self.looks.answer(answer.number, answer.candidates)

    def resize_preview(self, step: int) -> None:
        """Show the next larger (+1) or smaller (-1) candidate, whatever the fixation does next."""
        self.looks.resize_preview(step)
        self._spent = True

    def look_away(self) -> None:
        """End the running fixation: what is on screen has changed."""
        self._chain.reset()
        self._foresight.clear()
        self._spent = True

    def correct_with(self, drift: DriftCorrection) -> None:
        """Take another systematic error out of the gaze from now on."""
        self._chain.correct_with(drift)
        self._foresight.clear()
        self._spent = True

    def clear(self) -> None:
        """Forget all looks; the running fixation has had its effect."""
        self.looks.clear()
        self._foresight.clear()
        self._spent = True

    def _foresee(self) -> SegmentRequest | None:
        """Ask for what may become a fixation, unless an answer is out that somebody waits for."""
        newest, latest = self.looks.newest, self._chain.newest
        if latest is None or (newest is not None and newest.pending):
            return None
        if not self._foresight.wants((latest[0].x_deg, latest[0].y_deg)):
            return None
        fixation = self._chain.foreseen
        hit = None if fixation is None else self.locate(fixation.centre_display)
        if fixation is None or hit is None:
            return None
        known = self.known(hit)
        look = self._look_at(hit, fixation, self.looks.prompts_on(hit.plane))
        centre_deg = self._display.degrees_from_display(fixation.centre_display)
        self._foresight.keep(look, centre_deg, _mask_of(known))
        return _request(look, known)

    def _look(self, fixation: Fixation) -> SegmentRequest | None:
        centre_deg = self._display.degrees_from_display(fixation.centre_display)
        begins = self._asked_at_deg is None
        if self._asked_at_deg and math.dist(centre_deg, self._asked_at_deg) < ASK_AGAIN_DEG:
            return None
        hit = self.locate(fixation.centre_display)
        if hit is None:
            return None
        self._asked_at_deg, known = centre_deg, self.known(hit)
        if begins:
            self._base = self.looks.prompts_on(hit.plane)
            foreseen = self._foresight.take(centre_deg, ASK_AGAIN_DEG, _mask_of(known))
            if foreseen is not None:
                look, self._asked_at_deg = foreseen
                self.looks.begin(replace(look, start_ns=fixation.start_ns))
                return None
        look = self._look_at(hit, fixation, self._base)
        newest = self.looks.newest
        if begins or newest is None:
            self.looks.begin(look)
        else:  # the last answer stays in view until the new one is there
            self.looks.replace_newest(
                replace(look, candidates=newest.candidates, answered=newest.answered)
            )
        return _request(look, known)

    def _look_at(self, hit: Hit, fixation: Fixation, base: PromptSet | None) -> Look:
        # Gaze samples within some 50 ms move together, so they count as one.
        mean_error_deg = fixation.spread_deg / math.sqrt(max(1.0, fixation.duration_ms / 50.0))
        sigma_deg = math.hypot(self._options.accuracy_deg, mean_error_deg)
        sigma_px = sigma_deg * self._display.screen_px_per_deg * hit.image_px_per_screen_px
        prompts = self._options.policy(base, hit.point_image_uv, sigma_px)
        self._request_count += 1
        return Look(hit, fixation.start_ns, prompts, self._request_count)


class Refinement:
    """What keys say of a look beyond yes: not this, and the corners of a box.

    Parameters
    ----------
    aim : Aim
        What is looked at.
    """

    def __init__(self, aim: Aim) -> None:
        self._aim = aim
        self._corner: Hit | None = None

    def clear(self) -> None:
        """Forget the first corner of a box."""
        self._corner = None

    def not_this(self, event: Event) -> Reaction:
        """Ask again without what the last look was at."""
        leak = self._aim.looks.meant_at(event.t_ns)
        base = None if leak is None else self._aim.looks.before(leak)
        if leak is None or base is None:
            return Reaction(
                notice="Look at the structure first, then at what is not part of it, then press."
            )
        prompts = base.refined().with_point(leak.hit.point_image_uv, NOT_THIS)
        return Reaction(request=self._aim.ask_instead(base, prompts))

    def box_corner(self, event: Event) -> Reaction:
        """Take the last look as a corner of a box; ask for what is in it at the second."""
        look = self._aim.looks.meant_at(event.t_ns)
        if look is None:
            return Reaction(notice="Look at a corner of the box first.")
        first, self._corner = self._corner, None
        if first is None or first.plane.key() != look.hit.plane.key():
            self._corner = look.hit
            return Reaction(notice="Now look at the opposite corner and press again.")
        corners = np.array([tuple(first.point_image_uv), tuple(look.hit.point_image_uv)])
        box = np.concatenate((corners.min(axis=0), corners.max(axis=0)))
        prompts = PromptSet(np.empty((0, 2)), np.empty(0, dtype=np.int64), box_image_uv=box)
        return Reaction(request=self._aim.ask_instead(look, prompts))


class Following:
    """From the slice accepted last to its neighbours, by keys.

    Parameters
    ----------
    propagator : Propagator
        Does it.
    aim : Aim
        What is looked at.

    Attributes
    ----------
    seed : Look or None
        The look that was accepted last.
    """

    def __init__(self, propagator: Propagator, aim: Aim) -> None:
        self.seed: Look | None = None
        self._propagator, self._aim = propagator, aim

    def begin(self, *, whole: bool = True) -> Reaction:
        """Ask for the other slices of the structure, or for those next to the seed."""
        if not self._propagator.can_follow:
            return Reaction(
                notice="Propagation needs a volume whose transform is linear: harden it first."
            )
        # Slices that an earlier session accepted are followed as they are shown now.
        views = self._aim.slices.views() if self.seed is None else [self.seed.hit.view]
        order = None
        if views:
            order = self._propagator.begin(views[0].window, views[0].level, whole=whole)
        if order is None:
            return Reaction(notice="Nothing to propagate: accept the structure on a slice first.")
        return Reaction(request=order)

    def accept(self, event: Event) -> Reaction:
        """Write the slices that were found."""
        if event.kind == EventKind.ACCEPT_REMOVE:
            return Reaction(notice="Accept the slices that were found, or clear them, first.")
        accepted = self._propagator.accept()
        if accepted is None:
            return Reaction(notice="Nothing to accept yet: the first slices are being looked at.")
        edit, found, stop = accepted
        return Reaction(stop, step=Step(self.seed, edit, found))

    def smaller(self) -> Reaction:
        """Cut the slice in view and what is beyond it; else show the next smaller candidate."""
        if self._propagator.preview is not None:
            return Reaction(notice=self._propagator.cut(self._aim.slices.planes()))
        self._aim.resize_preview(-1)
        return NOTHING

    def undo(self, editor: SegmentEditor) -> Reaction:
        """Drop what was found, which is not written yet; else take the last step back."""
        if self._propagator.preview is not None:
            dropped = "The slices that were found are dropped."
            return Reaction(self._propagator.drop(), notice=dropped)
        return _told(editor.undo(), "There is nothing to undo.")


class GazeSession:
    """One run of looking, from Start to Stop.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    display : DisplayGeometry
        The tracked display.
    writer : SegmentationWriter
        Where accepted steps are written.
    journal : Journal or None
        Where they are saved first; None keeps no journal.
    options : SessionOptions or None
        None takes the defaults.
    editor : SegmentEditor or None
        Takes the place of the one that `writer` and `journal` make.

    Attributes
    ----------
    aim : Aim
        What is looked at, and what was asked for it.
    editor : SegmentEditor
        The segments and what was accepted into them.
    propagator : Propagator
        Carries what was accepted to other slices; looks wait until that is accepted or dropped.
    """

    def __init__(
        self,
        volume: VolumeGeometry,
        display: DisplayGeometry,
        writer: SegmentationWriter,
        journal: Journal | None = None,
        options: SessionOptions | None = None,
        editor: SegmentEditor | None = None,
    ) -> None:
        self.editor = editor or SegmentEditor(volume, writer, journal)
        self.aim = Aim(volume, display, options or SessionOptions())
        self.aim.known = self.editor.propagated_on
        self.propagator = Propagator(self.editor, volume)
        self._following = Following(self.propagator, self.aim)
        self._refinement = Refinement(self.aim)
        self._accept_on_answer: EventKind | None = None
        self._paused = False
        self._handlers: dict[str, Callable[[Event], Reaction | None]] = {
            EventKind.VIEW: self._show,
            EventKind.ACCEPT: self._accept_key,
            EventKind.ACCEPT_REMOVE: self._accept_key,
            EventKind.NEGATIVE: self._refinement.not_this,
            EventKind.BOX_CORNER: self._refinement.box_corner,
            EventKind.LARGER: lambda _: self.aim.resize_preview(1),
            EventKind.SMALLER: lambda _: self._following.smaller(),
            EventKind.CLEAR: lambda _: self._discard(),
            EventKind.UNDO: lambda _: self._following.undo(self.editor),
            EventKind.REDO: lambda _: _told(self.editor.redo(), "There is nothing to redo."),
            # The host changes the slice and tells with a view event.
            EventKind.NEXT_SLICE: lambda _: None,
            EventKind.PREVIOUS_SLICE: lambda _: None,
            EventKind.NEXT_SEGMENT: lambda event: self.editor.change(
                event.details.get("segment"), 1
            ),
            EventKind.PREVIOUS_SEGMENT: lambda event: self.editor.change(
                event.details.get("segment"), -1
            ),
            EventKind.PROPAGATE: lambda _: self._propagate(),
            EventKind.PAUSE: lambda _: self._pause(True),
            EventKind.RESUME: lambda _: self._pause(False),
            EventKind.TARGET: lambda _: None,  # for the accuracy check
            EventKind.DRIFT: lambda event: self.aim.correct_with(
                DriftCorrection.from_details(event.details)
            ),
        }

    @property
    def preview(self) -> Look | None:
        """The look whose outline is to be shown."""
        return self.aim.looks.preview

    def add_sample(self, sample: GazeSample) -> Reaction:
        """Take one gaze sample through the chain."""
        if self._paused:
            return NOTHING
        waits = self._accept_on_answer is not None or self.propagator.preview is not None
        return self.aim.add(sample, may_ask=not waits)

    def receive(self, answer: Answer) -> Reaction:
        """Take the answer to a request; one that is outdated changes nothing.

        Raises
        ------
        JournalError
            As :meth:`handle`, where a key press waited for the answer.
        """
        if not isinstance(answer, SegmentAnswer):
            return Reaction(notice=self.propagator.take(answer))
        look = self.aim.answered(answer)
        if look is None or self._accept_on_answer is None:
            return NOTHING
        return self._accept(look, self._accept_on_answer)

    def handle(self, event: Event) -> Reaction:
        """Take one event: a key, a view, a pause.

        Raises
        ------
        GeometryError
            If a view or drift event is malformed.
        JournalError
            If an accepted step cannot be saved; then it is not written either.
        """
        handler = self._handlers.get(event.kind)
        if handler is None:
            return Reaction(notice=f"The event '{event.kind}' is unknown and was ignored.")
        return handler(event) or NOTHING

    def _show(self, event: Event) -> None:
        if event.details.get("visible", True):
            self.aim.slices.show(SliceView.from_details(event.details))
        else:
            self.aim.slices.hide(str(event.details.get("name")))
        self.aim.look_away()
        looks = (self.aim.looks.newest, self.aim.looks.preview)
        if any(look is not None and not self.aim.slices.still_show(look.hit) for look in looks):
            self._clear()

    def _accept_key(self, event: Event) -> Reaction:
        if self.propagator.preview is not None:
            return self._following.accept(event)
        look = self.aim.looks.meant_at(event.t_ns)
        if look is None:
            return Reaction(notice="Nothing to accept: look at a structure first.")
        kind = EventKind(event.kind)
        if look.pending:
            self._accept_on_answer = kind
            return NOTHING
        return self._accept(look, kind)

    def _accept(self, look: Look, kind: EventKind) -> Reaction:
        mask = look.mask
        self._clear()
        if mask is None or not mask.any():
            return Reaction(notice="Nothing to accept: no structure was found there.")
        edit = self.editor.accept(look.hit, mask, remove=kind is EventKind.ACCEPT_REMOVE)
        self._following.seed = look
        # A corrected slice takes its neighbours with it.
        corrected = edit.replaced is not None
        again = self._following.begin(whole=False).request if corrected else None
        return Reaction(step=Step(look, edit), request=again)

    def _propagate(self) -> Reaction:
        reaction = self._following.begin()
        if reaction.request is not None:
            self._clear()
        return reaction

    def _discard(self) -> Reaction:
        """Forget what is in the preview."""
        self._clear()
        return Reaction(self.propagator.drop())

    def _pause(self, paused: bool) -> Reaction:
        self._paused = paused
        self.aim.look_away()
        return self._discard()

    def _clear(self) -> None:
        self.aim.clear()
        self._refinement.clear()
        self._accept_on_answer = None


def _request(look: Look, refines: PlaneMask | None) -> SegmentRequest:
    view = look.hit.view
    return SegmentRequest(
        look.number, look.hit.plane, view.window, view.level, look.prompts, refines
    )


def _mask_of(known: PlaneMask | None) -> npt.NDArray[np.bool_] | None:
    return None if known is None else known.mask


def _told(done: bool, notice: str) -> Reaction:
    return NOTHING if done else Reaction(notice=notice)


Follow = Callable[[Propagate], Iterable[Propagated | PropagationEnded]]


def replay(
    session: GazeSession,
    recording: Recording,
    answer: Callable[[SegmentRequest], SegmentAnswer],
    follow: Follow | None = None,
) -> Iterator[tuple[GazeSample | Event, Reaction]]:
    """Take a recording through `session`; yield every sample and event with its reactions.

    Parameters
    ----------
    session : GazeSession
        A fresh session for the scan on which the recording was made.
    recording : Recording
        Samples and events.
    answer : callable
        Answers a look at once, such as :meth:`Segmenter.answer`.
    follow : callable or None
        Follows a structure from slice to slice to its end; None finds nothing.
    """
    for item in recording.merged():
        reaction = session.handle(item) if isinstance(item, Event) else session.add_sample(item)
        yield item, reaction
        answers = answers_to(reaction.request, answer, follow)
        while (answered := next(answers, None)) is not None:
            reaction = session.receive(answered)
            yield item, reaction
            if reaction.request is not None:  # a corrected slice takes its neighbours with it
                answers = answers_to(reaction.request, answer, follow)


def answers_to(
    request: Request | None,
    answer: Callable[[SegmentRequest], SegmentAnswer],
    follow: Follow | None = None,
) -> Iterator[Answer]:
    """Yield all answers to a request; see :func:`replay`."""
    match request:
        case SegmentRequest():
            yield answer(request)
        case Propagate() if follow is not None:
            yield from follow(request)
        case Propagate():
            yield PropagationEnded(request.number, ("nothing follows structures here",))
