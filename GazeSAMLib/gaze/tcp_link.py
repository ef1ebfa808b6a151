"""Bytes over a TCP connection, for sources that know their protocol and no socket."""

import errno
import select
import socket
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

_CHUNK: Final = 65536
MOST_BYTES: Final = 1 << 22
"""Taken at once: a minute that was not read, and no endless loop."""


class LinkState(Enum):
    """How far a connection is."""

    CONNECTING = auto()
    OPEN = auto()
    BROKEN = auto()


class Link(Protocol):
    """One connection, from being opened to being closed; never waits.

    Attributes
    ----------
    state : LinkState
        How far it is, as of the last `take`.
    was_open : bool
        Whether the other side ever answered.
    why : str
        Why it broke, as part of a sentence; empty where the other side closed it.
    """

    state: LinkState
    was_open: bool
    why: str

    def send(self, data: bytes) -> None:
        """Send `data`, at once or as soon as the other side takes it."""

    def take(self) -> list[tuple[int, bytes]]:
        """Return what has come since the last call: pieces with their times of arrival, ns."""

    def close(self) -> None:
        """Close it; closing twice is harmless."""


LinkMaker = Callable[[str, int, Callable[[], int]], Link]
"""Opens a link to an address and a port, with a monotonic clock."""


class SocketLink:
    """A plain socket, asked again and again; what has come is taken to have come just now.

    Parameters
    ----------
    host : str
        An address as a number.
    port : int
        Its port.
    clock_ns : callable
        Monotonic clock.
    """

    def __init__(
        self, host: str, port: int, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.state, self.was_open, self.why = LinkState.CONNECTING, False, ""
        self._clock_ns = clock_ns
        self._to_send = b""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self._socket.connect_ex((host, port))
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY):
            self.state = LinkState.BROKEN

    def send(self, data: bytes) -> None:
        """Send `data`, as soon as the other side takes it."""
        self._to_send += data

    def take(self) -> list[tuple[int, bytes]]:
        """Return what has come since the last call, in one piece."""
        if self.state is LinkState.CONNECTING:
            self._finish_connecting()
        if self.state is not LinkState.OPEN:
            return []
        came = bytearray()
        try:
            if self._to_send:
                self._to_send = self._to_send[self._socket.send(self._to_send) :]
            while len(came) < MOST_BYTES and self.state is LinkState.OPEN:
                data = self._socket.recv(_CHUNK)
                came += data
                if not data:
                    self.state = LinkState.BROKEN
        except BlockingIOError:
            pass
        except OSError as error:
            self.state, self.why = LinkState.BROKEN, str(error)
        return [(self._clock_ns(), bytes(came))] if came else []

    def close(self) -> None:
        """Close it."""
        self._socket.close()
        self.state = LinkState.BROKEN

    def _finish_connecting(self) -> None:
        _, ready, broken = select.select([], [self._socket], [self._socket], 0.0)
        if ready or broken:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.was_open = code == 0 and not broken
            self.state = LinkState.OPEN if self.was_open else LinkState.BROKEN
