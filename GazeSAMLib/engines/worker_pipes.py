"""The worker's ends of the pipes to its host."""

import logging
import os
import sys
import threading
from pathlib import Path

from GazeSAMLib.engines import codec, scan_file
from GazeSAMLib.engines.inbox import Inbox
from GazeSAMLib.engines.messages import Failure, FromWorker, OpenScan, Shutdown, ToWorker
from GazeSAMLib.engines.protocol import FrameDecoder, Message
from GazeSAMLib.errors import GazeSAMError, ProtocolError

_log = logging.getLogger(__name__)

_READ_SIZE = 1 << 18


class WorkerPipes:
    """Frames on what were standard input and output.

    From here on the process's own standard input is empty and its standard output is its
    standard error, so that nothing that an engine or its libraries print gets between frames.
    """

    def __init__(self) -> None:
        self._input, self._output = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(self._input, os.O_BINARY)
            msvcrt.setmode(self._output, os.O_BINARY)
        self._sending = threading.Lock()
        self._scan_folder: Path | None = None

    def send(self, message: FromWorker) -> None:
        """Send `message` to the host; from any thread. Ends the process if the host is gone."""
        rest = memoryview(codec.frame(message))
        with self._sending:
            try:
                while rest:
                    rest = rest[os.write(self._output, rest) :]
            except OSError:
                self._leave()

    def listen(self, inbox: Inbox) -> None:
        """Put what the host sends into `inbox` until it ends, then end the process at once."""
        decoder = FrameDecoder()
        try:
            while data := os.read(self._input, _READ_SIZE):
                messages: list[ToWorker | Failure] = []
                try:
                    for message in decoder.feed(data):
                        messages.append(_said(message))  # noqa: PERF401 - see below
                except ProtocolError as error:  # what came before the bad frame counts
                    messages += [_failure("frame", -1, error), Shutdown()]
                opened = [said.path for said in messages if isinstance(said, OpenScan)]
                if opened:
                    self._scan_folder = Path(opened[-1]).parent
                inbox.put(messages)
        except OSError:
            pass  # a pipe that breaks has ended
        finally:
            # Nothing may leave a process behind that does not listen.
            if sys.exception() is not None:
                _log.error("the worker cannot listen any more", exc_info=True)
            self._leave()

    def _leave(self) -> None:
        try:
            if self._scan_folder is not None:
                scan_file.remove_abandoned(self._scan_folder)
        finally:
            # Not sys.exit: the main thread may be deep in an engine.
            os._exit(0)


def _said(message: Message) -> ToWorker | Failure:
    """Return what `message` says; if that is nothing, the failure to report."""
    try:
        said = codec.parse(message)
        if isinstance(said, ToWorker):
            return said
        raise ProtocolError(f"a message of the kind '{message.kind}' is not for the worker")
    except GazeSAMError as error:
        number = message.fields.get("number")
        return _failure(message.kind[:40], number if isinstance(number, int) else -1, error)


def _failure(about: str, number: int, error: GazeSAMError) -> Failure:
    return Failure(about, number, type(error).__name__, str(error))
