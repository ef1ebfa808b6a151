"""A running session in Slicer: gaze in, previews on screen, accepted steps in the segmentation."""

from collections.abc import Callable

from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.hosts.slicer.accepted_slices import AcceptedSlices
from GazeSAMLib.hosts.slicer.gaze_meter import GazeMeter
from GazeSAMLib.hosts.slicer.gaze_overlay import GazeOverlay
from GazeSAMLib.hosts.slicer.preview import Preview
from GazeSAMLib.hosts.slicer.propagation_outlines import PropagationOutlines
from GazeSAMLib.hosts.slicer.recorder import GazeRecorder, RecordingTap
from GazeSAMLib.hosts.slicer.session_events import SessionEvents
from GazeSAMLib.hosts.slicer.session_parts import LiveOptions, SessionParts
from GazeSAMLib.hosts.slicer.views import ViewWatch
from GazeSAMLib.prompts.look import Look
from GazeSAMLib.session import Answer, Request
from GazeSAMLib.signals.types import Fixation, FixationPhase
from GazeSAMLib.signals.validity import merged_eyes


class LiveSession:
    """Feeds a session from Slicer, and Slicer from the session.

    Parameters
    ----------
    parts : SessionParts
        The session.
    send : callable
        Takes a request to the worker.
    changed : callable
        Called when the segmentation has been changed and the change saved.
    tell : callable
        Takes a sentence for the reader.

    Attributes
    ----------
    options : LiveOptions
        May be replaced at any time.
    feed : Feed
        Where gaze comes from.
    meter : GazeMeter
        How well the tracker works.
    tap : RecordingTap
        Holds the recorder, while gaze and keys are recorded.
    events : SessionEvents
        What keys do.
    drift : DriftKey
        The correction of the gaze.
    shown : dict
        The views on screen, by layout name.
    slices : AcceptedSlices
        Which slices of the current segment were looked at, and which propagated.
    """

    def __init__(
        self,
        parts: SessionParts,
        send: Callable[[Request], None],
        changed: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        self.options = LiveOptions()
        self.feed = parts.feed
        self.meter = GazeMeter(parts.display)
        self.tap = RecordingTap(tell)
        self.events = SessionEvents(parts, self.tap, send, changed, tell)
        self.drift = parts.drift
        self.slices = AcceptedSlices(parts)
        self._parts = parts
        self._views = ViewWatch(parts.scene_volume)
        self.shown = self._views.shown
        self._preview = Preview()
        self._propagated = PropagationOutlines(parts.scene_volume.volume)
        self._overlay = GazeOverlay(parts.display.screen_px_per_deg)
        self._fixation: Fixation | None = None
        self._dwelt_ns: int | None = None

    @property
    def outlined(self) -> Look | None:
        """The look whose outline is on screen."""
        return self._preview.look

    def look_at_views(self, transform: object) -> None:
        """Take in how the views have changed since the last call.

        Parameters
        ----------
        transform : object
            Another one whenever a transform above the volume has changed.

        Raises
        ------
        GeometryError
            If a view or the volume's transform describes no space; the session can go on.
        """
        for change in self._views.changes(transform):
            if change.view is not None:
                self._preview.move(change.view)
            if self.feed.recording is None:  # else the recording tells of its own views
                self.events.act(Event(self.feed.now_ns(), EventKind.VIEW, change.details()))
        self.slices.follow(self._views.shown, self.options.preview_opacity)

    def tick(self) -> None:
        """Take in the gaze since the last call, and bring the outline up to date.

        Raises
        ------
        GazeSAMError
            If something cannot be done; the session can go on.
        """
        items = self.feed.read()
        self.meter.expire(self.feed.now_ns())
        samples = [item for item in items if isinstance(item, GazeSample)]
        if samples and (event := self.drift.followed(self.feed.tracker, samples[0].t_ns)):
            self.events.act(event)
        self.tap.add_samples(samples)
        for item in items:
            if isinstance(item, Event):
                self.events.act(item)
            else:
                self._take(item)
        if samples:
            self._follow_gaze(samples[-1])
        self._dwell()
        self._show()

    def press(self, kind: EventKind) -> None:
        """Do what a key says.

        Raises
        ------
        GazeSAMError
            If it cannot be done; the session can go on.
        """
        now_ns = self.feed.now_ns()
        event = Event(now_ns, kind)
        if kind is EventKind.DRIFT:
            event = self.drift.pressed(now_ns)
            # The looks so far were elsewhere than they seemed.
            self.events.act(Event(now_ns, EventKind.CLEAR))
        self.events.act(event)
        self._show()

    def answered(self, answer: Answer) -> None:
        """Take an answer of the worker.

        Raises
        ------
        GazeSAMError
            As :meth:`press`, where a key waited for the answer.
        """
        self.events.follow_news(self._parts.session.receive(answer))
        self._show()

    def record(self, recorder: GazeRecorder | None) -> None:
        """Record from now on, beginning with the views as they are; None ends it."""
        now_ns = self.feed.now_ns()
        shown = self._views.shown.values()
        views = [Event(now_ns, EventKind.VIEW, view.details()) for view in shown]
        self.tap.switch(recorder, [*self.drift.begun(now_ns), *views])

    def close(self) -> None:
        """Leave nothing behind in the views, and end the recording."""
        self.feed.stop()
        self._preview.close()
        self._propagated.close()
        self.slices.close()
        self._overlay.close()
        self.tap.switch(None)

    def _take(self, sample: GazeSample) -> None:
        self.meter.add(sample)
        self.drift.add(sample)
        reaction = self._parts.session.add_sample(sample)
        update = reaction.fixation
        if update is not None:
            ended = update.phase is FixationPhase.ENDED
            self._fixation = None if ended else update.fixation
            if ended and self.options.show_heat_map:
                hit = self._parts.session.aim.locate(update.fixation.centre_display)
                self._overlay.add_look(hit, update.fixation.duration_ms)
        self.events.follow(reaction)

    def _follow_gaze(self, sample: GazeSample) -> None:
        point_display = merged_eyes(sample)
        if point_display is None:
            return
        on_screen = self._parts.display.screen_from_display(point_display)
        self.events.looked_at = self._views.name_at(on_screen) or self.events.looked_at
        if self.options.show_trail:
            self._overlay.add_gaze(sample.t_ns, self._parts.session.aim.locate(point_display))

    def _dwell(self) -> None:
        """Accept by a long look, once a look."""
        fixation, look = self._fixation, self._parts.session.preview
        if self.options.dwell_ms is None or fixation is None or look is None or look.pending:
            return
        lasts = fixation.duration_ms >= self.options.dwell_ms
        if lasts and look.start_ns == fixation.start_ns != self._dwelt_ns:
            self._dwelt_ns = fixation.start_ns
            self.press(EventKind.ACCEPT)

    def _show(self) -> None:
        color_rgb, options = self._parts.segment.segment.color_rgb, self.options
        look = self._parts.session.preview
        self._preview.follow(look, self._views.shown, color_rgb, options.preview_opacity)
        found = self._parts.session.propagator.preview
        self._propagated.follow(found, self._views.shown, color_rgb, options.preview_opacity)
        self._overlay.draw(
            self._views.shown, trail=options.show_trail, heat_map=options.show_heat_map
        )
