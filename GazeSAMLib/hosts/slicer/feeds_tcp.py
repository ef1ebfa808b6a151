"""Qt's TCP sockets for gaze sources: bytes come through Slicer's event loop."""

from collections import deque
from collections.abc import Callable

import qt

from GazeSAMLib.gaze.tcp_link import MOST_BYTES, LinkState


class QtLink:
    """A connection that Qt serves while Slicer is idle (`GazeSAMLib.gaze.tcp_link.Link`).

    Each piece has the time at which Qt announced it, not that of the timer that takes it.

    Parameters
    ----------
    host : str
        An address as a number.
    port : int
        Its port.
    clock_ns : callable
        Monotonic clock.
    """

    def __init__(self, host: str, port: int, clock_ns: Callable[[], int]) -> None:
        self.state, self.was_open, self.why = LinkState.CONNECTING, False, ""
        self._clock_ns = clock_ns
        self._to_send = b""
        self._came: deque[tuple[int, bytes]] = deque()
        self._waiting = 0
        self._socket = qt.QTcpSocket()
        self._socket.connect("readyRead()", self._read)
        self._socket.connect("stateChanged(QAbstractSocket::SocketState)", self._look_after)
        # As text: QHostAddress("127.0.0.1") is another address under PythonQt.
        self._socket.connectToHost(host, port)

    def send(self, data: bytes) -> None:
        """Send `data`, at once or as soon as there is a connection."""
        if self.state is not LinkState.OPEN:
            self._to_send += data
        elif data:
            # Not the bytes themselves: they could be taken for text that ends at a zero.
            self._socket.write(qt.QByteArray(data))

    def take(self) -> list[tuple[int, bytes]]:
        """Return what has come since the last call."""
        came = list(self._came)
        self._came.clear()
        self._waiting = 0
        return came

    def close(self) -> None:
        """Close it; nothing more is heard of it."""
        if self._socket is None:
            return
        ended, self._socket = self._socket, None
        self.state = LinkState.BROKEN
        ended.abort()
        ended.deleteLater()

    def _read(self) -> None:
        if self._socket is None:
            return
        data = self._socket.readAll().data()
        if not data:
            return
        self._came.append((self._clock_ns(), data))
        self._waiting += len(data)
        while self._waiting > MOST_BYTES:  # nobody takes it: the newest counts
            self._waiting -= len(self._came.popleft()[1])

    def _look_after(self) -> None:
        if self._socket is None:
            return
        state = self._socket.state()
        if state == qt.QAbstractSocket.ConnectedState:
            self.state, self.was_open = LinkState.OPEN, True
            waiting, self._to_send = self._to_send, b""
            self.send(waiting)
        elif state == qt.QAbstractSocket.UnconnectedState:
            self._read()
            self.why = str(self._socket.errorString())
            self.state = LinkState.BROKEN
