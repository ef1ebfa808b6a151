"""Pupil Core (Pupil Capture) over its Network API."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.pupil_messages import LONGEST_MESSAGE, TOPIC, PupilParser
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import GazeSample

if TYPE_CHECKING:
    import zmq

DEFAULT_PORT: Final = 50020
PATIENCE_NS: Final = 3_000_000_000
"""How long Pupil Capture may take to answer, and keep silent."""

RETRY_NS: Final = 1_000_000_000
_MOST_MESSAGES = 1024  # a read


class PupilSource:
    """Reads the gaze on the surface that is the display; never waits and needs no thread.

    ZeroMQ receives in its own native thread. A connection that fails or falls silent is made
    again: Pupil Capture has another port after each start.

    Parameters
    ----------
    host : str
        Address of the computer on which Pupil Capture runs.
    port : int
        Of its Network API.
    surface : str
        Name of the surface that was drawn around the display; empty takes the first.
    clock_ns : callable
        Monotonic clock.

    Attributes
    ----------
    trouble : str
        What keeps samples from coming, in one sentence; empty while all is well.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        surface: str = "",
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.trouble = ""
        self.tracker = Tracker("Pupil Core")
        self._host = host
        self._port = port
        self._surface = surface
        self._clock_ns = clock_ns
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._asking: zmq.Socket[bytes] | None = None
        self._listening: zmq.Socket[bytes] | None = None
        self._parser: PupilParser | None = None
        self._deadline_ns = 0
        self._retry_at_ns = 0

    def start(self) -> None:
        """Begin to connect; what goes wrong stands in `trouble`.

        Raises
        ------
        TrackerError
            If pyzmq or msgpack are not installed, or the address is none.
        """
        self.stop()
        self._parser = PupilParser(self._surface)
        try:
            import zmq
        except ImportError as error:
            raise TrackerError(
                "Pupil Core needs the packages msgpack and pyzmq: install gazesam[gaze]"
            ) from error
        self._context = zmq.Context()
        try:
            self._ask(self._context)
        except zmq.ZMQError as error:
            self.stop()
            raise TrackerError(f"{self._where} is no address of Pupil Capture: {error}") from error

    def stop(self) -> None:
        """Disconnect; stopping twice is harmless."""
        self._close()
        if self._context is not None:
            self._context.destroy(linger=0)
        self._context = self._parser = None
        self.trouble = ""

    def read(self) -> list[GazeSample]:
        """Return the samples since the last call, oldest first, without waiting."""
        if self._context is None or self._parser is None:
            return []
        now_ns = self._clock_ns()
        if self._listening is not None:
            return self._listen(self._listening, self._parser, now_ns)
        if self._asking is None:
            if now_ns >= self._retry_at_ns:
                self._ask(self._context)
        elif (port := self._answer(self._asking)) is not None:
            self._subscribe(self._context, port)
        elif now_ns > self._deadline_ns:
            self._fail(
                f"Pupil Capture does not answer at {self._where}: start it, with its plugin "
                "Network API"
            )
        return []

    def _ask(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        """Ask for the port on which gaze is published."""
        import zmq

        self._asking = context.socket(zmq.REQ)
        self._asking.setsockopt(zmq.LINGER, 0)
        self._asking.connect(f"tcp://{self._where}")
        self._asking.send(b"SUB_PORT", zmq.NOBLOCK)
        self._deadline_ns = self._clock_ns() + PATIENCE_NS

    def _answer(self, asking: "zmq.Socket[bytes]") -> int | None:
        import zmq

        try:
            told = asking.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None
        if told.isdigit() and 0 < int(told[:6]) < 65536:
            return int(told[:6])
        self._fail(f"what answers at {self._where} is not Pupil Capture")
        return None

    def _subscribe(self, context: "zmq.Context[zmq.Socket[bytes]]", port: int) -> None:
        import zmq

        self._close()
        self._listening = context.socket(zmq.SUB)
        self._listening.setsockopt(zmq.LINGER, 0)
        self._listening.setsockopt(zmq.MAXMSGSIZE, LONGEST_MESSAGE)
        self._listening.connect(f"tcp://{self._host}:{port}")
        self._listening.setsockopt(zmq.SUBSCRIBE, TOPIC)
        self._deadline_ns = self._clock_ns() + PATIENCE_NS

    def _listen(
        self, listening: "zmq.Socket[bytes]", parser: PupilParser, now_ns: int
    ) -> list[GazeSample]:
        import zmq

        came: list[tuple[bytes, bytes]] = []
        try:
            while len(came) < _MOST_MESSAGES:
                topic, *payload = listening.recv_multipart(zmq.NOBLOCK)
                came.append((topic, b"".join(payload[:1])))
        except zmq.Again:
            pass
        samples = parser.feed(came, now_ns)
        if samples:
            self.trouble, self._deadline_ns = "", now_ns + PATIENCE_NS
        elif now_ns > self._deadline_ns:
            self._fail(_silence(parser))
        return samples

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}"

    def _fail(self, trouble: str) -> None:
        self.trouble = trouble
        self._close()
        self._retry_at_ns = self._clock_ns() + RETRY_NS

    def _close(self) -> None:
        for opened in (self._asking, self._listening):
            if opened is not None:
                opened.close(linger=0)
        self._asking = self._listening = None


def _silence(parser: PupilParser) -> str:
    others = sorted(parser.surfaces - {parser.surface})
    if parser.surface and parser.surface not in parser.surfaces and others:
        return (
            f"Pupil Capture knows no surface named {parser.surface!r}; it knows: "
            f"{', '.join(others)}"
        )
    return (
        "Pupil Capture sends no gaze on a surface: in its Surface Tracker, draw a surface around "
        "the display, and keep its markers in view"
    )
