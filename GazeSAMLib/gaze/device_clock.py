"""A device's own times on the clock of the machine that records."""

from collections.abc import Iterator, Sequence

STEP_BACK_NS = 1_000_000_000
"""A device clock that goes back further was set anew; within that, samples are late or repeated."""

_WINDOW_NS = 10_000_000_000


class DeviceClock:
    """Maps device times to the recording machine's clock, as samples arrive.

    A sample cannot arrive before it was taken, so the smallest difference between arrival and
    device time is the offset between the clocks plus the shortest way. The smallest of the last
    10 to 20 seconds is used: it is deaf to chunks that were held up, and follows clocks that
    run apart. The times given rise strictly.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the device: the next sample is taken to have come without delay."""
        self._latest_device_ns: int | None = None
        self._latest_ns: int | None = None
        self._offset_ns: int | None = None
        self._previous_offset_ns: int | None = None
        self._window_end_ns = 0

    def host_ns(self, device_ns: int, arrival_ns: int) -> int | None:
        """Return when one sample was taken; as `host_times_ns`."""
        return self.host_times_ns([device_ns], arrival_ns)[0]

    def host_times_ns(self, device_times_ns: Sequence[int], arrival_ns: int) -> list[int | None]:
        """Return when samples were taken that arrived together.

        Parameters
        ----------
        device_times_ns : sequence of int
            The device's own times, in the order of arrival.
        arrival_ns : int
            Recording machine's monotonic clock.

        Returns
        -------
        list of int or None
            None for a sample that repeats or goes back in time.
        """
        return [
            t_ns
            for run in _runs(device_times_ns, self._latest_device_ns)
            for t_ns in self._run(run, arrival_ns)
        ]

    def _run(self, device_times_ns: Sequence[int], arrival_ns: int) -> Iterator[int | None]:
        newest_ns = max(device_times_ns)
        if self._latest_device_ns is not None and device_times_ns[0] < (
            self._latest_device_ns - STEP_BACK_NS
        ):
            self._offset_ns = self._previous_offset_ns = self._latest_device_ns = None
        if self._latest_device_ns is None or newest_ns > self._latest_device_ns:
            # The newest waited least: the others of the chunk keep their distance from it.
            offset_ns = self._follow(arrival_ns - newest_ns, arrival_ns)
        for device_ns in device_times_ns:
            if self._latest_device_ns is not None and device_ns <= self._latest_device_ns:
                yield None
                continue
            self._latest_device_ns = device_ns
            t_ns = device_ns + offset_ns
            if self._latest_ns is not None:
                t_ns = max(t_ns, self._latest_ns + 1)
            self._latest_ns = t_ns
            yield t_ns

    def _follow(self, offset_ns: int, arrival_ns: int) -> int:
        if self._offset_ns is None:
            self._offset_ns, self._window_end_ns = offset_ns, arrival_ns + _WINDOW_NS
        elif arrival_ns >= self._window_end_ns:
            self._previous_offset_ns, self._offset_ns = self._offset_ns, offset_ns
            self._window_end_ns = arrival_ns + _WINDOW_NS
        self._offset_ns = min(self._offset_ns, offset_ns)
        if self._previous_offset_ns is None:
            return self._offset_ns
        return min(self._offset_ns, self._previous_offset_ns)


def _runs(device_times_ns: Sequence[int], latest_ns: int | None) -> Iterator[list[int]]:
    """Cut a chunk where the device's clock was set back."""
    run: list[int] = []
    for device_ns in device_times_ns:
        if latest_ns is not None and device_ns < latest_ns - STEP_BACK_NS:
            if run:
                yield run
            run, latest_ns = [], device_ns
        run.append(device_ns)
        latest_ns = device_ns if latest_ns is None else max(latest_ns, device_ns)
    if run:
        yield run
