"""The mouse in an eye tracker's place: to try a session, and for readers without a tracker."""

import time
from collections.abc import Callable

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import EyeSample, GazeSample


class PointerSource:
    """Takes where the pointer is for where both eyes look, each time it is read.

    Parameters
    ----------
    position : callable
        Returns where the pointer is on the display, or None where it is not known; only the
        host's window system can tell.
    clock_ns : callable
        Monotonic clock.

    Attributes
    ----------
    trouble : str
        Always empty: a pointer has none.
    """

    def __init__(
        self,
        position: Callable[[], DisplayPoint | None],
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.trouble = ""
        self._position = position
        self._clock_ns = clock_ns
        self._running = False
        self._latest_ns: int | None = None

    @property
    def tracker(self) -> Tracker:
        """What a recording's header says of it."""
        return Tracker("pointer")

    def start(self) -> None:
        """Begin to follow the pointer."""
        self._running = True

    def stop(self) -> None:
        """Follow it no longer; stopping twice is harmless."""
        self._running = False

    def read(self) -> list[GazeSample]:
        """Return one sample of where the pointer is now."""
        if not self._running:
            return []
        t_ns, point = self._clock_ns(), self._position()
        if point is None or (self._latest_ns is not None and t_ns <= self._latest_ns):
            return []
        self._latest_ns = t_ns
        eye = EyeSample(point, valid=True)
        return [GazeSample(t_ns, eye, eye)]
