"""A recording as a gaze source, at the pace at which it was made."""

from collections.abc import Callable

from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import GazeSample


class ReplaySource:
    """Delivers the samples of a recording when their time has come.

    Samples keep their recorded times, so that what is computed from them is the same as
    when they were recorded, at any speed.

    Parameters
    ----------
    recording : Recording
        What is replayed.
    clock_ns : callable
        Monotonic clock, such as ``time.monotonic_ns``.
    speed : float
        2.0 replays twice as fast; infinity delivers everything at the first `read`.

    Raises
    ------
    ValueError
        If `speed` is not above zero.
    """

    def __init__(
        self, recording: Recording, clock_ns: Callable[[], int], speed: float = 1.0
    ) -> None:
        if not speed > 0.0:
            raise ValueError(f"speed must be above zero, got {speed}")
        self._samples = recording.samples
        self._clock_ns = clock_ns
        self._speed = speed
        self._start_ns: int | None = None
        self._next = 0

    def start(self) -> None:
        """Begin with the first sample, which is due at once."""
        self._start_ns = self._clock_ns()
        self._next = 0

    def stop(self) -> None:
        """End the replay; samples not yet read are dropped."""
        self._start_ns = None

    def read(self) -> list[GazeSample]:
        """Return the samples that came due since the last call, oldest first."""
        if self._start_ns is None:
            return []
        elapsed_ns = self._clock_ns() - self._start_ns
        due: list[GazeSample] = []
        while not self.finished:
            sample = self._samples[self._next]
            if (sample.t_ns - self._samples[0].t_ns) / self._speed > elapsed_ns:
                break
            due.append(sample)
            self._next += 1
        return due

    @property
    def finished(self) -> bool:
        """Whether every sample was read since the last start."""
        return self._next >= len(self._samples)
