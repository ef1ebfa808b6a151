"""A stream's time stamps on the clock of the machine that records; knows no liblsl."""

from typing import Final

from GazeSAMLib.gaze.device_clock import STEP_BACK_NS, DeviceClock

OLDEST_NS: Final = 15_000_000_000
"""A sample that waited longer than this in buffers is not believed to be so old."""

FUTURE_NS: Final = 50_000_000
"""No sample is from later than now; clock corrections are good to a millisecond."""

STEP_NS: Final = 5_000_000
"""A change of the clocks' difference that no drift explains: one of them was set."""

_SHARE_FOLLOWED: Final = 0.1


class ClockDifference:
    """Follows the difference between the sender's clock and ours without steps.

    Estimates scatter by some 0.2 ms, which would tear the times of samples 0.8 ms apart.
    """

    def __init__(self) -> None:
        self.ns: int | None = None

    def update(self, estimate_ns: int) -> None:
        """Take in a new estimate of ours minus the sender's."""
        if self.ns is None or abs(estimate_ns - self.ns) > STEP_NS:
            self.ns = estimate_ns
        else:
            self.ns += round(_SHARE_FOLLOWED * (estimate_ns - self.ns))


class StampClock:
    """Tells when samples were taken.

    Stamps that can be true are taken as they are. From the first that cannot (later than now,
    far in the past, or clearly before its predecessor: the sender does not stamp on LSL's
    clock, or that clock was set), the stream's times are those of arrival, smoothed by the
    stamps. The times given rise strictly.
    """

    def __init__(self) -> None:
        self._device_clock: DeviceClock | None = None
        self._latest_ns: int | None = None

    @property
    def trusted(self) -> bool:
        """Whether the stream's own stamps are used."""
        return self._device_clock is None

    def host_ns(self, stamp_ns: int, arrival_ns: int) -> int | None:
        """Return when a sample was taken; None where it repeats or goes back in time.

        Parameters
        ----------
        stamp_ns : int
            The sample's stamp on our clock.
        arrival_ns : int
            Now, on our clock.
        """
        if self._device_clock is None and self._is_false(stamp_ns, arrival_ns):
            self._device_clock = DeviceClock()
        t_ns: int | None = stamp_ns
        if self._device_clock is not None:
            t_ns = self._device_clock.host_ns(stamp_ns, arrival_ns)
        if t_ns is None or (self._latest_ns is not None and t_ns <= self._latest_ns):
            return None
        self._latest_ns = t_ns
        return t_ns

    def _is_false(self, stamp_ns: int, arrival_ns: int) -> bool:
        if not arrival_ns - OLDEST_NS <= stamp_ns <= arrival_ns + FUTURE_NS:
            return True
        return self._latest_ns is not None and self._latest_ns - stamp_ns > STEP_BACK_NS
