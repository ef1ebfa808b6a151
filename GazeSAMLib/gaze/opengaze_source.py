"""Gazepoint trackers, from Gazepoint Control."""

import socket
import time
from collections.abc import Callable

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.opengaze_records import DEFAULT_PORT, REQUESTS, OpenGazeParser
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.gaze.tcp_link import Link, LinkMaker, LinkState, SocketLink

PATIENCE_NS = 3_000_000_000
"""How long the server may take to accept, and to say something that can be understood."""

RETRY_NS = 1_000_000_000


class OpenGazeSource:
    """Reads Gazepoint Control's Open Gaze API; never waits and needs no thread.

    A connection that fails or breaks is made again, about once a second.

    Parameters
    ----------
    host : str
        Address of the computer on which Gazepoint Control runs, as a number: looking up a
        name would wait.
    port : int
        Its Open Gaze port.
    clock_ns : callable
        Monotonic clock.
    link : callable
        Opens the connection: a plain socket, or inside Slicer one of Qt's.

    Attributes
    ----------
    trouble : str
        What keeps samples from coming, in one sentence; empty while all is well.

    Raises
    ------
    TrackerError
        If `host` or `port` is no address.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        link: LinkMaker = SocketLink,
    ) -> None:
        try:
            socket.inet_pton(socket.AF_INET, host)
        except OSError as error:
            raise TrackerError(
                f"{host} is no IP address: give Gazepoint's computer as one, such as 127.0.0.1"
            ) from error
        if not 0 < port < 65536:
            raise TrackerError(f"{port} is no port: Gazepoint Control's is usually {DEFAULT_PORT}")
        self.trouble = ""
        self._host, self._port = host, port
        self._clock_ns = clock_ns
        self._open = link
        self._running = False
        self._link: Link | None = None
        self._parser = OpenGazeParser()
        self._deadline_ns = 0
        self._retry_at_ns = 0

    @property
    def tracker(self) -> Tracker:
        """What the server says of itself, so far."""
        return self._parser.tracker

    def start(self) -> None:
        """Begin to connect; what goes wrong stands in `trouble`."""
        self.stop()
        self._running = True
        self._connect()

    def stop(self) -> None:
        """Disconnect; stopping twice is harmless."""
        self._running = False
        self.trouble = ""
        self._close()

    def read(self) -> list[GazeSample]:
        """Return the samples since the last call, oldest first, without waiting."""
        if not self._running:
            return []
        if self._link is None:
            if self._clock_ns() < self._retry_at_ns:
                return []
            self._link = self._connect()
        before = self._parser.record_count
        samples = [
            sample
            for arrival_ns, data in self._link.take()
            for sample in self._parser.feed(data, arrival_ns)
        ]
        self._judge(self._link, self._parser.record_count > before)
        return samples

    def _connect(self) -> Link:
        self._parser = OpenGazeParser()
        self._deadline_ns = self._clock_ns() + PATIENCE_NS
        self._link = self._open(self._host, self._port, self._clock_ns)
        self._link.send(REQUESTS)
        return self._link

    def _judge(self, link: Link, understood: bool) -> None:
        where = f"{self._host}:{self._port}"
        late = self._clock_ns() > self._deadline_ns
        if not link.was_open and (link.state is LinkState.BROKEN or late):
            self._fail(f"Gazepoint Control does not answer at {where}: start it on that computer")
        elif link.state is LinkState.BROKEN and link.why:
            self._fail(f"the connection to Gazepoint Control at {where} broke: {link.why}")
        elif link.state is LinkState.BROKEN:
            self._fail(f"Gazepoint Control at {where} closed the connection")
        elif understood:
            self.trouble = ""
            self._deadline_ns = self._clock_ns() + PATIENCE_NS
        elif late and self._parser.record_count == 0:
            self._fail(
                f"what answers at {where} is not Gazepoint Control; another program may have "
                "taken the port"
            )
        elif late:
            self.trouble = f"Gazepoint at {where} sends nothing: is the tracker on?"

    def _fail(self, trouble: str) -> None:
        self.trouble = trouble
        self._close()
        self._retry_at_ns = self._clock_ns() + RETRY_NS

    def _close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
