"""What keys and views do in a running session."""

from collections.abc import Callable

from slicer.i18n import tr as _

from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.slicer.recorder import RecordingTap
from GazeSAMLib.hosts.slicer.session_parts import SessionParts
from GazeSAMLib.hosts.slicer.views import show_plane, step_slice
from GazeSAMLib.session import Reaction, Request

ACCEPTING = (EventKind.ACCEPT, EventKind.ACCEPT_REMOVE)
RESTORING = (EventKind.UNDO, EventKind.REDO)
# Down the body, as Slicer's own arrow keys.
SLICE_STEPS = {EventKind.NEXT_SLICE: -1, EventKind.PREVIOUS_SLICE: 1}
SEGMENT_STEPS = {EventKind.NEXT_SEGMENT: 1, EventKind.PREVIOUS_SEGMENT: -1}


class SessionEvents:
    """Hands events to the session, and does what only Slicer can do.

    Parameters
    ----------
    parts : SessionParts
        The session.
    tap : RecordingTap
        Records the events.
    send : callable
        Takes a request to the worker.
    changed : callable
        Called when the segmentation has been changed and the change saved.
    tell : callable
        Takes a sentence for the reader.

    Attributes
    ----------
    looked_at : str or None
        The view in which the slice keys work.
    """

    def __init__(
        self,
        parts: SessionParts,
        tap: RecordingTap,
        send: Callable[[Request], None],
        changed: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        self.looked_at: str | None = None
        self._parts, self._tap = parts, tap
        self._send, self._changed, self._tell = send, changed, tell

    @property
    def segment_id(self) -> str:
        """The segment that takes what is accepted."""
        return self._parts.segment.segment.id

    def refresh_segments(self) -> None:
        """Take over new segments, names and colours from the segmentation.

        Raises
        ------
        JournalError
            If a change cannot be saved.
        """
        self._parts.segment.refresh()

    def act(self, event: Event) -> None:
        """Do what an event says, be it of a key, of the views or of a recording.

        Raises
        ------
        GazeSAMError
            If it cannot be done; the session can go on.
        """
        if event.kind in SEGMENT_STEPS:
            event = self._step_segment(event)
        self._tap.add_event(event)
        if event.kind in SLICE_STEPS:
            self._step_slice(EventKind(event.kind))
        elif event.kind not in SEGMENT_STEPS:
            self._hand_over(event)

    def use_segment(self, segment_id: str) -> None:
        """Write into another segment from now on.

        Raises
        ------
        JournalError
            If it cannot be saved.
        """
        segment = self._parts.segment
        before = segment.segment.id
        segment.use(segment_id)
        if segment.segment.id != before:
            details = {"segment": segment.segment.name}
            now_ns = self._parts.feed.now_ns()
            self._tap.add_event(Event(now_ns, EventKind.NEXT_SEGMENT, details))

    def follow_news(self, reaction: Reaction) -> None:
        """Do what the session's answer to an event or an answer asks for; tell how far it is."""
        preview = self._parts.session.propagator.preview
        if preview is not None and preview.running:
            following = _("Following the structure: {count} slices so far …")
            self._tell(following.format(count=len(preview)))
        self.follow(reaction)

    def follow(self, reaction: Reaction) -> None:
        """Do what the session's answer to a sample, an event or an answer asks for."""
        if reaction.request is not None:
            self._send(reaction.request)
        if reaction.step is not None:
            self._changed()
            edit, count = reaction.step.edit, len(reaction.step.propagated)
            done = _("Added to '{segment}' and saved.")
            if edit.remove:
                done = _("Taken from '{segment}' and saved.")
            elif count:
                done = _("Added to '{segment}' on {count} slices and saved.")
            done = done.format(segment=edit.segment.name, count=count)
            self._tell(self._parts.writer.notice or done)
        if reaction.notice:
            self._tell(reaction.notice)

    def _hand_over(self, event: Event) -> None:
        parts, kind = self._parts, event.kind
        replays = parts.feed.recording is not None
        if kind == EventKind.VIEW and replays and event.details.get("visible", True):
            show_plane(SliceView.from_details(event.details), parts.scene_volume)
        if kind in ACCEPTING:
            parts.segment.refresh()
            parts.writer.check(parts.segment.segment)
        reaction = parts.session.handle(event)
        self.follow_news(reaction)
        if kind == EventKind.DRIFT and "x_display" in event.details and not replays:
            self._tell(_("The gaze is corrected until the end of the session."))
        if kind in RESTORING and not reaction.notice:
            self._changed()
            self._tell(_("Taken back.") if kind == EventKind.UNDO else _("Done again."))

    def _step_segment(self, event: Event) -> Event:
        """Change the segment; return the event with the name of the new one."""
        segment, name = self._parts.segment, event.details.get("segment")
        if name is None:
            segment.step(SEGMENT_STEPS[EventKind(event.kind)])
        else:
            segment.use_named(str(name))
        self._tell(_("Now in '{segment}'.").format(segment=segment.segment.name))
        return Event(event.t_ns, event.kind, {"segment": segment.segment.name})

    def _step_slice(self, kind: EventKind) -> None:
        # A recording turns the views itself.
        if self.looked_at is not None and self._parts.feed.recording is None:
            step_slice(self.looked_at, SLICE_STEPS[kind])
