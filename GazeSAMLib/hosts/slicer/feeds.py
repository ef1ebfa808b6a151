"""Gaze as a session in Slicer reads it: by a timer, without waiting and without threads."""

import heapq
import time
from collections.abc import Callable
from operator import attrgetter
from typing import Protocol

import qt

from GazeSAMLib.frames import DisplayPoint, ScreenPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.pointer_source import PointerSource
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.replay import ReplaySource
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.gaze.source import GazeSource
from GazeSAMLib.geometry.display import DisplayGeometry

Clock = Callable[[], int]


class Feed(Protocol):
    """A gaze source with its clock.

    Attributes
    ----------
    tracker : Tracker
        Where the samples come from, for a recording's header.
    recording : Recording or None
        What is replayed: then the views are the recording's too.
    trouble : str
        What keeps samples from coming, in one sentence; empty while all is well.
    """

    tracker: Tracker
    recording: Recording | None
    trouble: str

    def start(self) -> None:
        """Connect and begin to collect samples."""

    def stop(self) -> None:
        """Disconnect; stopping twice is harmless."""

    def now_ns(self) -> int:
        """Return the time now on the samples' clock."""

    def read(self) -> list[GazeSample | Event]:
        """Return what came since the last call, in order of time, without waiting."""


class TrackerFeed:
    """An eye tracker.

    Parameters
    ----------
    source : GazeSource
        Reads it; with ``tracker`` and ``trouble``, as the sources of this package have them.
    name : str
        What it is called as long as it has not said so itself.
    clock_ns : callable
        The samples' clock.
    """

    def __init__(self, source: GazeSource, name: str, clock_ns: Clock = time.monotonic_ns) -> None:
        self.recording: Recording | None = None
        self._source, self._name, self._clock_ns = source, name, clock_ns

    @property
    def tracker(self) -> Tracker:
        """What is known of the tracker."""
        return getattr(self._source, "tracker", None) or Tracker(self._name)

    @property
    def trouble(self) -> str:
        """What keeps samples from coming, in one sentence; empty while all is well."""
        return str(getattr(self._source, "trouble", ""))

    def start(self) -> None:
        """Connect and begin to collect samples."""
        self._source.start()

    def stop(self) -> None:
        """Disconnect."""
        self._source.stop()

    def now_ns(self) -> int:
        """Return the time now."""
        return self._clock_ns()

    def read(self) -> list[GazeSample | Event]:
        """Return the samples since the last call."""
        return [*self._source.read()]


class PointerFeed(TrackerFeed):
    """The mouse pointer in place of the gaze.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    clock_ns : callable
        Monotonic clock.
    """

    def __init__(self, display: DisplayGeometry, clock_ns: Clock = time.monotonic_ns) -> None:
        super().__init__(
            PointerSource(lambda: pointer_display(display), clock_ns), "pointer", clock_ns
        )


class ReplayFeed:
    """A recording as it was made: samples, keys and views, at their pace.

    Parameters
    ----------
    recording : Recording
        What is replayed; it holds at least one sample.
    clock_ns : callable
        Monotonic clock.
    """

    def __init__(self, recording: Recording, clock_ns: Clock = time.monotonic_ns) -> None:
        self.tracker = recording.header.tracker
        self.recording: Recording | None = recording
        self.trouble = ""
        self._samples = ReplaySource(recording, clock_ns)
        self._events = recording.events
        self._next_event = 0
        self._clock_ns = clock_ns
        self._start_ns = 0
        self._first_ns = recording.samples[0].t_ns if len(recording.samples) else 0

    def start(self) -> None:
        """Begin with the first sample, and with the events before it."""
        self._samples.start()
        self._start_ns, self._next_event = self._clock_ns(), 0

    def stop(self) -> None:
        """End the replay."""
        self._samples.stop()

    def now_ns(self) -> int:
        """Return the time now on the recording's clock."""
        return self._first_ns + self._clock_ns() - self._start_ns

    def read(self) -> list[GazeSample | Event]:
        """Return what came due since the last call; at the same time events come first."""
        now_ns, first = self.now_ns(), self._next_event
        while self._next_event < len(self._events) and (
            self._events[self._next_event].t_ns <= now_ns
        ):
            self._next_event += 1
        due = self._events[first : self._next_event]
        return list(heapq.merge(due, self._samples.read(), key=attrgetter("t_ns")))

    @property
    def finished(self) -> bool:
        """Whether everything was read."""
        return self._samples.finished and self._next_event >= len(self._events)


def pointer_display(display: DisplayGeometry) -> DisplayPoint:
    """Return where the mouse pointer is on the tracked display."""
    at = qt.QCursor.pos()
    # The cursor is in the middle of the pixel that it names.
    return display.display_from_screen(ScreenPoint(at.x() + 0.5, at.y() + 0.5))
