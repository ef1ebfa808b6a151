"""What a host is told of a task that goes wrong or takes its time."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from GazeSAMLib.engines.messages import Failure, FromWorker, Progress
from GazeSAMLib.errors import EngineError, GazeSAMError

Send = Callable[[FromWorker], None]

_log = logging.getLogger(__name__)


class Reporting:
    """Tells the host what goes wrong in a task, and lets the worker go on.

    That holds for errors of any kind: an engine is other people's code, and a failed look
    must not cost the models and embeddings that this process holds.

    Parameters
    ----------
    about : str
        The kind of the message that asked for the task.
    number : int
        Its number.
    send : callable
        Sends a message to the host.
    """

    def __init__(self, about: str, number: int, send: Send) -> None:
        self._about = about
        self._number = number
        self._send = send

    def __enter__(self) -> None:
        """Begin the task."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _where: TracebackType | None,
    ) -> bool:
        """Tell of `error`, if there is one, and go on."""
        if not isinstance(error, Exception):
            return False
        if isinstance(error, GazeSAMError):
            kind, sentence = type(error).__name__, str(error)
        else:
            _log.error("unexpected error", exc_info=error)
            kind = EngineError.__name__
            sentence = f"the engine failed unexpectedly: {type(error).__name__}: {error!s:.1000}"
        self._send(Failure(self._about, self._number, kind, sentence))
        return True


@contextmanager
def shown(what: str, send: Send) -> Iterator[None]:
    """Tell the host that this takes its time, and when it is done."""
    send(Progress(what, 0, 1))
    yield
    send(Progress(what, 1, 1))
