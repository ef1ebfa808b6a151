"""A plain TCP connection that never waits."""

import select
import socket
from collections.abc import Callable

import pytest

from GazeSAMLib.gaze.tcp_link import MOST_BYTES, LinkState, SocketLink


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def wait(what: Callable[[], object]) -> object:
    for _ in range(2000):
        if found := what():
            return found
        select.select([], [], [], 0.002)
    return pytest.fail("it did not happen in time")


def opened(listener: socket.socket) -> tuple[SocketLink, socket.socket]:
    link = SocketLink(*listener.getsockname(), clock_ns=lambda: 7)
    other, _ = listener.accept()
    wait(lambda: link.take() or link.state is LinkState.OPEN)
    return link, other


def test_what_is_sent_before_it_is_open_arrives_and_what_comes_has_its_time(listener) -> None:
    link = SocketLink(*listener.getsockname(), clock_ns=lambda: 7)
    link.send(b"hello ")
    link.send(b"there")
    other, _ = listener.accept()
    with other:
        other.sendall(b"\x00\r\n")
        assert wait(link.take) == [(7, b"\x00\r\n")]
        assert link.was_open
        assert other.recv(100) == b"hello there"
    link.close()
    link.close()
    assert link.state is LinkState.BROKEN


def test_nobody_at_the_port_is_a_broken_link_that_was_never_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    link = SocketLink(*address)
    wait(lambda: link.take() or link.state is LinkState.BROKEN)
    assert not link.was_open
    link.close()


def test_the_last_bytes_come_before_the_end(listener) -> None:
    link, other = opened(listener)
    other.sendall(b"bye")
    other.close()
    assert wait(link.take) == [(7, b"bye")]
    wait(lambda: link.take() or link.state is LinkState.BROKEN)
    assert (link.was_open, link.why) == (True, "")
    link.close()


def test_a_reset_connection_says_why(listener) -> None:
    link, other = opened(listener)
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # on, no seconds: closing resets
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    other.close()
    wait(lambda: link.take() or link.state is LinkState.BROKEN)
    assert "reset" in link.why
    link.close()


def test_a_flood_is_taken_in_bounded_pieces(listener) -> None:
    link, other = opened(listener)
    other.setblocking(False)
    taken, chunk = 0, b"x" * 65536
    with other:
        while taken < 2 * MOST_BYTES:
            try:
                other.send(chunk)
            except BlockingIOError:
                for _, data in link.take():
                    assert len(data) <= MOST_BYTES + 65536
                    taken += len(data)
    link.close()
