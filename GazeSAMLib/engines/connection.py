"""A worker that comes back: started when it is needed, and again when it is lost."""

from collections.abc import Mapping, Sequence

from GazeSAMLib.engines.link import WorkerLink
from GazeSAMLib.engines.messages import FromWorker, ToWorker
from GazeSAMLib.engines.subprocess_transport import SubprocessTransport
from GazeSAMLib.errors import GazeSAMError

_LAST_BREATH_S = 2.0


class WorkerConnection:
    """Messages to and from a worker process, whichever one it is by now.

    Parameters
    ----------
    command : sequence of str
        What starts a worker.
    environment : mapping
        All its environment variables.

    Attributes
    ----------
    link : WorkerLink
        What a new worker is told.
    restarts : int
        How many workers have been lost and replaced.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.link = WorkerLink()
        self.restarts = 0
        self._command = command
        self._environment = environment
        self._transport: SubprocessTransport | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process id; None while none is running."""
        return None if self._transport is None else self._transport.pid

    def start(self) -> SubprocessTransport:
        """Start a worker unless one is running.

        Raises
        ------
        WorkerError
            If the program cannot be started.
        """
        if self._transport is None:
            self._transport = SubprocessTransport(self._command, self._environment)
            self._transport.send(self.link.begin())
        return self._transport

    def say(self, message: ToWorker) -> None:
        """Send `message`.

        Raises
        ------
        ProtocolError
            If it is too large to be sent.
        WorkerError
            If no worker runs and none can be started.
        """
        transport = self.start()
        transport.send(self.link.say(message))

    def hear(self, timeout_s: float) -> list[FromWorker]:
        """Return what came next; nothing if nothing came in time or the worker was replaced.

        Raises
        ------
        WorkerError
            If workers are lost again and again, or cannot be started.
        """
        transport = self.start()
        heard: list[FromWorker] = []
        try:
            for said in self.link.hear(transport.receive(timeout_s)):
                heard.append(said)  # noqa: PERF402 - what came before an error counts
        except EOFError:
            self._replace(transport.end(_LAST_BREATH_S))
        except GazeSAMError as error:
            self._replace(f"{error} ({transport.end()})")
        return heard

    def end(self, grace_s: float = 0.0) -> str:
        """End the worker; the next message starts another. Return how it ended."""
        transport, self._transport = self._transport, None
        return "" if transport is None else transport.end(grace_s)

    def _replace(self, why: str) -> None:
        self._transport = None
        self.link.ended(why)
        self.restarts += 1
        self.start()
