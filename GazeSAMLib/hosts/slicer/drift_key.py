"""The correction of the gaze in a running session: the tracker's own, and "I look at this mark"."""

from dataclasses import replace

from slicer.i18n import tr as _

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.corrections import Corrections
from GazeSAMLib.hosts.slicer.feeds import pointer_display
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.mark_look import MarkLook


class DriftKey:
    """Tells the session, by events, which correction holds.

    The mark of the key is the mouse pointer: it is on screen already and goes wherever the gaze
    is off.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    drift : DriftCorrection
        The correction with which the session began.
    corrections : Corrections or None
        Those that are kept; None for a replay, which has its own.

    Attributes
    ----------
    drift : DriftCorrection
        The correction that holds.
    """

    def __init__(
        self, display: DisplayGeometry, drift: DriftCorrection, corrections: Corrections | None
    ) -> None:
        self.drift = drift
        self._display, self._corrections = display, corrections
        self._look = MarkLook(display)
        self._tracker: Tracker | None = None

    def add(self, sample: GazeSample) -> None:
        """Take in the next sample, as the tracker gave it."""
        self._look.add(sample)

    def followed(self, tracker: Tracker, now_ns: int) -> Event | None:
        """Return the event of another correction where another tracker sends now; None else.

        Raises
        ------
        TrackerError
            If the kept corrections cannot be read.
        """
        if self._corrections is None or tracker == self._tracker:
            return None
        self._tracker = tracker  # before what may fail: it is said once
        kept = self._corrections.of(tracker)
        return None if kept == self.drift else self._event(kept, now_ns)

    def pressed(self, now_ns: int) -> Event:
        """Return the event of the key: the reader looks at the pointer.

        It holds for this session: a change of posture is not the tracker's.

        Raises
        ------
        TrackerError
            If the reader does not look at the pointer, or this is a replay.
        """
        if self._corrections is None:
            raise TrackerError(_("this is a replay: its gaze is corrected as it was then"))
        mark = pointer_display(self._display)
        event = self._event(self._look.correction(self.drift, mark, now_ns), now_ns)
        return replace(event, details={**event.details, "x_display": mark.x, "y_display": mark.y})

    def begun(self, now_ns: int) -> list[Event]:
        """Return what a recording that begins now has to tell first."""
        return [] if self.drift.is_identity else [self._event(self.drift, now_ns)]

    def _event(self, drift: DriftCorrection, now_ns: int) -> Event:
        self.drift = drift
        return Event(now_ns, EventKind.DRIFT, drift.to_details())
