"""The mouse in an eye tracker's place: to try a session, and for readers without a tracker."""

import time
from collections.abc import Callable

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

# A host that is busy reads late: a pointer that is where it was has rested there meanwhile.
RESTING_NS, LONGEST_REST_NS = 32_000_000, 1_000_000_000


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
        self._latest: tuple[int, DisplayPoint] | None = None

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
        """Return a sample of where the pointer is now, after those of a rest until then."""
        if not self._running:
            return []
        t_ns, point = self._clock_ns(), self._position()
        if point is None or (self._latest is not None and t_ns <= self._latest[0]):
            return []
        before, self._latest = self._latest, (t_ns, point)
        times_ns = [t_ns]
        if before is not None and before[1] == point and t_ns - before[0] <= LONGEST_REST_NS:
            times_ns = [*range(before[0] + RESTING_NS, t_ns, RESTING_NS), t_ns]
        eye = EyeSample(point, valid=True)
        return [GazeSample(each_ns, eye, eye) for each_ns in times_ns]
