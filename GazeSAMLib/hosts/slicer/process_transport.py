"""The worker as a child process of Slicer: bytes to and from it through the event loop."""

from collections.abc import Callable, Mapping, Sequence

import qt
from slicer.i18n import tr as _

END_GRACE_MS = 2_000
WORDS_KEPT = 8192


class ProcessTransport:
    """A worker and the bytes to and from it; it starts when this is made.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    environment : mapping
        All environment variables.
    received : callable
        Called with bytes from the worker.
    ended : callable
        Called once, with how, when the worker has ended by itself.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        received: Callable[[bytes], None],
        ended: Callable[[str], None],
    ) -> None:
        self._received, self._ended = received, ended
        self._words = b""
        self._has_started = False
        self._is_watched, self._is_over = True, False
        variables = qt.QProcessEnvironment()
        for name, value in environment.items():
            variables.insert(name, value)
        self._process = process = qt.QProcess()
        process.setProcessEnvironment(variables)
        process.connect("readyReadStandardOutput()", self._read)
        process.connect("readyReadStandardError()", self._overhear)
        process.connect("stateChanged(QProcess::ProcessState)", self._look_after)
        process.start(command[0], list(command[1:]))

    def send(self, data: bytes) -> None:
        """Send `data`, at once or as soon as the worker takes it."""
        if data:
            # Not the bytes themselves: they could be taken for text that ends at a zero.
            self._process.write(qt.QByteArray(data))

    def kill(self) -> None:
        """Kill the worker: it ends as if by itself."""
        self._process.kill()

    def end(self) -> None:
        """Let the worker end, in a while by force; nothing more is heard of it."""
        self._is_watched = False
        self._process.closeWriteChannel()  # the worker's sign to end
        # This also keeps the process from being killed at once with its Python object.
        qt.QTimer.singleShot(END_GRACE_MS, self._kill_if_there)

    def _kill_if_there(self) -> None:
        if not self._is_over:
            self._process.kill()

    def _read(self) -> None:
        data = self._process.readAllStandardOutput().data()
        if data and self._is_watched:
            self._received(data)

    def _overhear(self) -> None:
        words = self._words + self._process.readAllStandardError().data()
        self._words = words[-WORDS_KEPT:]

    def _look_after(self) -> None:
        state = self._process.state()
        self._has_started = self._has_started or state == qt.QProcess.Running
        if state != qt.QProcess.NotRunning:
            return
        self._read()
        self._overhear()
        self._is_over = True
        # Not at once: it is telling this. Its connections, and what hangs on them, go with it.
        self._process.deleteLater()
        if self._is_watched:
            self._is_watched = False
            self._ended(self._how_it_ended())

    def _how_it_ended(self) -> str:
        if not self._has_started:
            how = _("it could not be started")
        elif self._process.exitStatus() == qt.QProcess.CrashExit:
            how = _("it was killed or crashed")
        else:
            how = _("exit code {code}").format(code=self._process.exitCode())
        lines = self._words.decode(errors="replace").splitlines()
        return ": ".join([how, *[line.strip() for line in lines if line.strip()][-1:]])
