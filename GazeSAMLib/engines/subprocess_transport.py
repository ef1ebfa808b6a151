"""The worker as a child process with plain pipes: every host but Slicer.

Two threads read its output and one writes its input, so that a worker which neither reads nor
writes cannot hold the host up, on any system. (Inside Slicer threads starve: there a
``QProcess`` moves the bytes.)
"""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, BinaryIO

from GazeSAMLib.errors import WorkerError

if sys.platform == "linux":
    import fcntl

_READ_SIZE = 1 << 18
_PIPE_SIZE = 1 << 20
_WORDS_KEPT = 8192
_PIPES_TIMEOUT_S = 1.0


class SubprocessTransport:
    """A worker and the bytes to and from it; it starts when this is made.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    environment : mapping
        All environment variables.

    Attributes
    ----------
    pid : int
        Of the worker.

    Raises
    ------
    WorkerError
        If the program cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise WorkerError(
                f"the engine process cannot be started: {command[0]}: {error.strerror or error}; "
                "name a Python interpreter that has GazeSAM's packages"
            ) from error
        self.pid = self._process.pid
        _widen(self._process.stdin)
        _widen(self._process.stdout)
        self._outgoing: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._words = b""
        self._threads = [
            threading.Thread(target=work, args=(pipe,), daemon=True)
            for work, pipe in (
                (self._write, self._process.stdin),
                (self._read, self._process.stdout),
                (self._overhear, self._process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()

    def send(self, data: bytes) -> None:
        """Send `data`, at once or as soon as the worker takes it."""
        if data:
            self._outgoing.put(data)

    def receive(self, timeout_s: float) -> bytes:
        """Return what came from the worker since the last call; empty if nothing came in time.

        Raises
        ------
        EOFError
            If the worker is gone and all that it sent has been returned.
        """
        try:
            pieces = [self._incoming.get(timeout=timeout_s)]
            while pieces[-1] and not self._incoming.empty():
                pieces.append(self._incoming.get_nowait())
        except queue.Empty:
            return b""
        if not pieces[-1]:  # the end, for the next call too
            self._incoming.put(b"")
        data = b"".join(pieces)
        if not data:
            raise EOFError
        return data

    def end(self, grace_s: float = 0.0) -> str:
        """End the worker; return how it ended and the last line it wrote on standard error.

        Parameters
        ----------
        grace_s : float
            How long it may take to end by itself, now that its input has ended.
        """
        self._outgoing.put(b"")
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            # Not for long: what the worker itself started may keep its standard error open.
            thread.join(_PIPES_TIMEOUT_S)
        return ": ".join([_how_it_ended(self._process.returncode), *self.last_words()[-1:]])

    def last_words(self) -> list[str]:
        """Return the last lines that the worker wrote on standard error, empty ones left out."""
        lines = self._words.decode(errors="replace").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def _write(self, pipe: BinaryIO) -> None:
        # That the worker is gone is seen where its output is read.
        with suppress(OSError), pipe:
            while data := self._outgoing.get():
                rest = memoryview(data)
                while rest:
                    rest = rest[pipe.write(rest) :]

    def _read(self, pipe: BinaryIO) -> None:
        with pipe:
            while data := pipe.read(_READ_SIZE):
                self._incoming.put(data)
        self._incoming.put(b"")

    def _overhear(self, pipe: BinaryIO) -> None:
        with pipe:
            while data := pipe.read(_READ_SIZE):
                self._words = (self._words + data)[-_WORDS_KEPT:]


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe take a whole message at once, which saves switching between processes."""
    if sys.platform == "linux" and pipe is not None:
        with suppress(OSError):  # a user may have only so much of it
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
