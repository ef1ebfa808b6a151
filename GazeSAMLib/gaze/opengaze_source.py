"""Gazepoint trackers over a plain socket, outside Slicer (Qt's sockets feed the parser there)."""

import errno
import select
import socket
import time
from collections.abc import Callable

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.opengaze_records import DEFAULT_PORT, REQUESTS, OpenGazeParser
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import GazeSample

PATIENCE_NS = 3_000_000_000
"""How long the server may take to accept, and to say something that can be understood."""

RETRY_NS = 1_000_000_000
_START = "start it on that computer"
_CHUNK = 65536
_MOST_BYTES = 1 << 22  # a read: a minute that was not read, and no endless loop


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
        self._address = (host, port)
        self._clock_ns = clock_ns
        self._running = False
        self._socket: socket.socket | None = None
        self._parser = OpenGazeParser()
        self._to_send = b""
        self._connected = False
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
        if self._socket is None:
            if self._clock_ns() < self._retry_at_ns:
                return []
            self._connect()
        if self._socket is None or not (self._connected or self._finish_connecting()):
            return []
        return self._exchange(self._socket)

    def _connect(self) -> None:
        self._parser, self._to_send, self._connected = OpenGazeParser(), REQUESTS, False
        self._deadline_ns = self._clock_ns() + PATIENCE_NS
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self._socket.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY):
            self._fail(f"Gazepoint Control does not answer at {self._where}: {_START}")

    def _finish_connecting(self) -> bool:
        assert self._socket is not None
        _, ready, broken = select.select([], [self._socket], [self._socket], 0.0)
        if ready or broken:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0 and not broken:
                self._connected = True
                return True
            self._fail(f"Gazepoint Control does not answer at {self._where}: {_START}")
        elif self._clock_ns() > self._deadline_ns:
            self._fail(f"Gazepoint Control does not answer at {self._where}: {_START}")
        return False

    def _exchange(self, stream: socket.socket) -> list[GazeSample]:
        """Send what is still to be sent; take all that has come, at once."""
        came, trouble = bytearray(), ""
        try:
            if self._to_send:
                self._to_send = self._to_send[stream.send(self._to_send) :]
            while len(came) < _MOST_BYTES and not trouble:
                data = stream.recv(_CHUNK)
                came += data
                if not data:
                    trouble = f"Gazepoint Control at {self._where} closed the connection"
        except BlockingIOError:
            pass
        except OSError as error:
            trouble = f"the connection to Gazepoint Control at {self._where} broke: {error}"
        before = self._parser.record_count
        samples = self._parser.feed(bytes(came), self._clock_ns())
        if trouble:
            self._fail(trouble)
        else:
            self._judge(self._parser.record_count > before)
        return samples

    def _judge(self, understood: bool) -> None:
        now_ns = self._clock_ns()
        if understood:
            self.trouble = ""
            self._deadline_ns = now_ns + PATIENCE_NS
        elif now_ns > self._deadline_ns:
            if self._parser.record_count == 0:
                self._fail(
                    f"what answers at {self._where} is not Gazepoint Control; another program "
                    "may have taken the port"
                )
            else:
                self.trouble = f"Gazepoint at {self._where} sends nothing: is the tracker on?"

    @property
    def _where(self) -> str:
        return f"{self._address[0]}:{self._address[1]}"

    def _fail(self, trouble: str) -> None:
        self.trouble = trouble
        self._close()
        self._retry_at_ns = self._clock_ns() + RETRY_NS

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
