"""One Lab Streaming Layer stream, asked again and again and never waited for.

liblsl connects, receives and compares clocks in threads of its own, in C++; every call here
returns at once with what there is.
"""

import socket
from types import ModuleType
from typing import Any, Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_clock import ClockDifference, StampClock
from GazeSAMLib.gaze.lsl_decoder import SampleDecoder
from GazeSAMLib.gaze.lsl_description import StreamDescription, parse_description
from GazeSAMLib.gaze.sample import GazeSample

BUFFER_S: Final = 10
"""How much liblsl keeps for a reader that does not read; older samples are dropped."""

_CHUNK: Final = 512
_MOST_CHUNKS: Final = 64
_CORRECTION_EVERY_NS: Final = 1_000_000_000


class StreamLostError(TrackerError):
    """The sender has gone away."""


class LslInlet:
    """Receives one stream.

    Parameters
    ----------
    lsl : module
        ``pylsl``.
    info : pylsl.StreamInfo
        As found by a resolver.
    """

    def __init__(self, lsl: ModuleType, info: Any) -> None:  # noqa: ANN401 - pylsl has no types
        self._lsl = lsl
        self.uid: str = info.uid()
        # The sender may come back with other channels: then it is found anew, not recovered.
        self._inlet = lsl.StreamInlet(info, max_buflen=BUFFER_S, recover=False)
        self._same_clock = info.hostname() == socket.gethostname()
        self._difference = ClockDifference()
        self._clock = StampClock()
        self._ask_clock_at_ns = 0
        self.decoder: SampleDecoder | None = None

    def description(self) -> StreamDescription | None:
        """Return what the stream says of itself; None while it has not arrived.

        Raises
        ------
        TrackerError
            If it cannot be understood, or the sender has gone away.
        """
        try:
            return parse_description(self._inlet.info(timeout=0.0).as_xml())
        except self._lsl.util.TimeoutError:
            return None
        except self._lsl.util.LostError as error:
            raise StreamLostError("the stream has ended") from error
        except (RuntimeError, UnicodeDecodeError) as error:
            raise TrackerError(f"a stream's description cannot be read: {error}") from error

    def read(self, now_ns: int, lsl_to_host_ns: int) -> list[GazeSample]:
        """Return the samples since the last call, oldest first.

        Parameters
        ----------
        now_ns : int
            Recording machine's monotonic clock.
        lsl_to_host_ns : int
            That clock minus liblsl's on this machine.

        Raises
        ------
        StreamLostError
            If the sender has gone away.
        """
        if self.decoder is None:
            return []
        difference_ns = self._difference_ns(now_ns)
        if difference_ns is None:
            return []
        to_host_ns = difference_ns + lsl_to_host_ns
        samples: list[GazeSample] = []
        try:
            for _ in range(_MOST_CHUNKS):
                rows, stamps = self._inlet.pull_chunk(timeout=0.0, max_samples=_CHUNK)
                for values, stamp_s in zip(rows, stamps, strict=True):
                    t_ns = self._clock.host_ns(round(stamp_s * 1e9) + to_host_ns, now_ns)
                    sample = None if t_ns is None else self.decoder.sample(values, t_ns)
                    if sample is not None:
                        samples.append(sample)
                if len(stamps) < _CHUNK:
                    break
        except self._lsl.util.LostError as error:
            if not samples:
                raise StreamLostError("the stream has ended") from error
        return samples

    def _difference_ns(self, now_ns: int) -> int | None:
        """Ours minus the sender's clock; None while it is not known.

        On one computer both are the same clock, and estimates would only add their error;
        they are asked for all the same, because computers may share a name.
        """
        if now_ns >= self._ask_clock_at_ns:
            try:
                self._difference.update(round(self._inlet.time_correction(timeout=0.0) * 1e9))
                self._ask_clock_at_ns = now_ns + _CORRECTION_EVERY_NS
            except self._lsl.util.TimeoutError:
                pass  # liblsl is measuring
            except self._lsl.util.LostError:
                pass  # samples that have arrived are still read; then reading says so
        if self._same_clock and abs(self._difference.ns or 0) < _CORRECTION_EVERY_NS // 200:
            return 0
        return self._difference.ns
