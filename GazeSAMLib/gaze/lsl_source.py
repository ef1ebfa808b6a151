"""Any tracker that speaks Lab Streaming Layer, as a gaze source."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_channel_file import NamedChannels, read_channel_file
from GazeSAMLib.gaze.lsl_channels import looks_like_gaze, map_channels
from GazeSAMLib.gaze.lsl_decoder import SampleDecoder, TrackedDisplay
from GazeSAMLib.gaze.lsl_description import StreamDescription
from GazeSAMLib.gaze.lsl_inlet import LslInlet, StreamLostError
from GazeSAMLib.gaze.lsl_library import load_lsl
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import GazeSample

PATIENCE_NS: Final = 3_000_000_000
"""How long a stream may keep silent before `trouble` says so."""

GONE_NS: Final = 5_000_000_000
"""A silent stream that is not announced either is given up after this."""

AGAIN_NS: Final = 2_000_000_000
"""How long a stream that was lost is left alone, for one that takes its place to be found."""

_SEARCH_EVERY_NS: Final = 100_000_000
_SAME_CLOCK_NS: Final = 2_000_000


class LslSource:
    """Finds a gaze stream, reads it, and finds it again; never waits and needs no thread.

    Parameters
    ----------
    name : str
        Of the stream; empty takes the first that carries gaze, and stays with its name.
    channel_file : path or None
        The user's own word on channels and units (`lsl_channel_file`).
    display : TrackedDisplay or None
        Needed by trackers that give pixels or degrees.
    network : bool
        Look beyond this computer.
    clock_ns : callable
        Monotonic clock of the samples.

    Attributes
    ----------
    trouble : str
        What keeps samples from coming, in one sentence; empty while all is well.
    """

    def __init__(
        self,
        name: str = "",
        *,
        channel_file: Path | None = None,
        display: TrackedDisplay | None = None,
        network: bool = False,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.trouble = ""
        self._name = name
        self._channel_file = channel_file
        self._display = display
        self._network = network
        self._clock_ns = clock_ns
        self._lsl: ModuleType | None = None
        self._resolver: Any = None
        self._named: dict[str, NamedChannels] = {}
        self._avoided_until_ns: dict[str, float] = {}
        self._inlet: LslInlet | None = None
        self._description: StreamDescription | None = None
        self._lsl_to_host_ns = 0
        self._search_at_ns = 0
        self._heard_at_ns = 0

    @property
    def tracker(self) -> Tracker | None:
        """What the stream says of its tracker; None until one was found."""
        return None if self._description is None else self._description.tracker

    @property
    def description(self) -> StreamDescription | None:
        """What the stream says of itself; None until one was found."""
        return self._description

    def start(self) -> None:
        """Begin to look for a stream.

        Raises
        ------
        TrackerError
            If Lab Streaming Layer is not installed or the channel file cannot be used.
        """
        self.stop()
        self._named = {} if self._channel_file is None else read_channel_file(self._channel_file)
        self._lsl = load_lsl(network=self._network)
        self._lsl_to_host_ns = _lsl_to_host_ns(self._lsl, self._clock_ns)
        self._resolver = self._lsl.ContinuousResolver(forget_after=GONE_NS / 1e9)
        self._heard_at_ns = self._search_at_ns = self._clock_ns()

    def stop(self) -> None:
        """Disconnect; stopping twice is harmless."""
        self._lsl = self._resolver = self._inlet = self._description = None
        self._avoided_until_ns = {}
        self.trouble = ""

    def read(self) -> list[GazeSample]:
        """Return the samples since the last call, oldest first, without waiting."""
        now_ns = self._clock_ns()
        if self._lsl is None:
            return []
        samples: list[GazeSample] = []
        try:
            if self._inlet is None:
                self._inlet = self._found(self._lsl, now_ns)
            if self._inlet is not None and self._is_described(self._inlet):
                samples = self._inlet.read(now_ns, self._lsl_to_host_ns)
        except StreamLostError:
            self._lose(now_ns)
        except TrackerError as error:
            self._refuse(str(error))
        if samples:
            self._heard_at_ns, self.trouble = now_ns, ""
        elif now_ns - self._heard_at_ns > PATIENCE_NS:
            self._say_why_silent(now_ns)
        return samples

    def _found(self, lsl: ModuleType, now_ns: int) -> LslInlet | None:
        if now_ns < self._search_at_ns:
            return None
        self._search_at_ns = now_ns + _SEARCH_EVERY_NS
        for info in sorted(self._resolver.results(), key=lambda info: info.name()):
            wanted = info.name() == self._name if self._name else self._may_be_gaze(info)
            if wanted and now_ns >= self._avoided_until_ns.get(info.uid(), 0):
                return LslInlet(lsl, info)
        return None

    def _may_be_gaze(self, info: Any) -> bool:  # noqa: ANN401 - pylsl has no types
        return info.name() in self._named or looks_like_gaze(info.name(), info.type())

    def _is_described(self, inlet: LslInlet) -> bool:
        """Whether the stream is understood; asks it what it is as long as it is not."""
        if inlet.decoder is None:
            stream = inlet.description()
            if stream is None:
                return False
            named = self._named.get(stream.name)
            channels = map_channels(stream) if named is None else named.channel_map(stream)
            inlet.decoder = SampleDecoder(stream, channels, self._display)
            self._description, self._name = stream, stream.name
        return True

    def _lose(self, now_ns: int) -> None:
        if self._inlet is not None:
            # Resolvers go on announcing what is gone; if it was the network, it comes back.
            self._avoided_until_ns[self._inlet.uid] = now_ns + AGAIN_NS
            self._inlet = None
        self._search_at_ns = now_ns
        name = self._description.name if self._description else self._name
        self.trouble = f"the gaze stream '{name}' was lost; it is being looked for"

    def _refuse(self, why: str) -> None:
        if self._inlet is not None:
            self._avoided_until_ns[self._inlet.uid] = math.inf
            self.trouble, self._inlet = why, None

    def _say_why_silent(self, now_ns: int) -> None:
        if self._inlet is None:
            if not self.trouble:
                what = f"gaze stream '{self._name}'" if self._name else "gaze stream"
                where = "on the network" if self._network else "on this computer"
                self.trouble = (
                    f"no {what} was found {where}: start the tracker's program or "
                    "`gazesam bridge tobii`"
                )
        elif now_ns - self._heard_at_ns > GONE_NS and self._inlet.uid not in {
            info.uid() for info in self._resolver.results()
        }:
            self._lose(now_ns)
        else:
            self.trouble = f"the gaze stream '{self._name}' is silent: is the tracker on?"


def _lsl_to_host_ns(lsl: ModuleType, clock_ns: Callable[[], int]) -> int:
    """Return our clock minus liblsl's; 0 where they are the same clock, as on Linux."""
    readings = []
    for _ in range(5):
        before_ns, stamp_s, after_ns = clock_ns(), lsl.local_clock(), clock_ns()
        readings.append((after_ns - before_ns, (before_ns + after_ns) // 2 - round(stamp_s * 1e9)))
    _, difference_ns = min(readings)
    return 0 if abs(difference_ns) < _SAME_CLOCK_NS else difference_ns
