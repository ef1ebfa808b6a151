"""A worker for a host without Qt: the command line, evaluations, tests."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.connection import WorkerConnection
from GazeSAMLib.engines.interpreter import find_python, worker_command, worker_environment
from GazeSAMLib.engines.look_ahead import LookAhead
from GazeSAMLib.engines.messages import (
    Cancel,
    EngineReady,
    Failure,
    FromWorker,
    Notice,
    Opened,
    OpenScan,
    Outdated,
    Ping,
    Pong,
    Progress,
    Propagate,
    Propagated,
    PropagationEnded,
    UseEngine,
)
from GazeSAMLib.engines.replies import Question, ReplyT, is_about, replies
from GazeSAMLib.engines.scan_file import ScanFolder, file_dtype, remove_leftovers
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import GazeSAMError, GeometryError, WorkerError
from GazeSAMLib.geometry.volume import VolumeGeometry

OnProgress = Callable[[str, int, int], None]

_END_GRACE_S = 2.0
_UNREAD_KEPT = 1000


class WorkerClient:
    """Engines in a process of their own, as a context manager.

    A worker that dies is replaced without a word: the new one gets the scan, the engine and
    the request that is out. Only when several die in a row, one call says so.

    Parameters
    ----------
    command : sequence of str or None
        What starts a worker; None runs :mod:`GazeSAMLib.hosts.worker` with the interpreter
        of :func:`GazeSAMLib.engines.interpreter.find_python`.
    environment : mapping or None
        Its environment variables; None takes those of this process.
    scan_parent : Path or None
        Where the scan's file lies meanwhile; None takes the folder for temporary files.
    timeout_s : float
        How long a reply may take: loading a large model, embedding on a slow machine.
    on_progress : callable or None
        Called with what takes its time, how much is done, and of how much.
    on_notice : callable or None
        Called with sentences that a person should know.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        scan_parent: Path | None = None,
        timeout_s: float = 600.0,
        on_progress: OnProgress | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        command = command or worker_command(find_python())
        environment = worker_environment(os.environ if environment is None else environment)
        self.connection = WorkerConnection(command, environment)
        self._scan_parent = scan_parent
        self._timeout_s = timeout_s
        self._on_progress = on_progress or _ignore
        self._on_notice = on_notice or _ignore
        self._folder: ScanFolder | None = None
        self._count = 0
        self._unread: deque[FromWorker] = deque(maxlen=_UNREAD_KEPT)

    def __enter__(self) -> Self:
        remove_leftovers(self._scan_parent)
        self.connection.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self.connection.end(_END_GRACE_S)
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def open_scan(
        self,
        voxels_kji: npt.NDArray[np.generic],
        volume: VolumeGeometry,
        *,
        digest_wanted: bool = True,
    ) -> None:
        """Hand a scan over; requests are about it from now on.

        Parameters
        ----------
        voxels_kji : ndarray, shape (k, j, i)
            Of any type of numbers.
        volume : VolumeGeometry
            The grid of `voxels_kji`.
        digest_wanted : bool
            Whether the worker computes the scan's digest; ``connection.link.scan_digest`` has
            it when it is done.

        Raises
        ------
        EngineError
            If the disk is full or the worker cannot open it.
        GeometryError
            If `voxels_kji` does not have the volume's shape.
        """
        if voxels_kji.shape != volume.shape_kji:
            raise GeometryError(
                f"voxels must have the volume's shape {volume.shape_kji}, got {voxels_kji.shape}"
            )
        if self._folder is None:
            self._folder = ScanFolder(self._scan_parent)
        before = self.connection.link.scan
        path = self._folder.write(voxels_kji)
        dtype, matrix = file_dtype(voxels_kji).str, volume.local_ras_from_ijk.ravel().tolist()
        self._count += 1
        order = OpenScan(
            self._count, str(path), dtype, volume.shape_kji, tuple(matrix), digest_wanted
        )
        try:
            self._ask(order, Opened)
        except GazeSAMError:
            self.connection.link.forget(order)
            self._folder.discard(path)
            raise
        if before is not None:
            self._folder.discard(Path(before.path))

    def use_engine(self, name: str, **options: Any) -> EngineReady:  # noqa: ANN401 - JSON values
        """Load an engine; requests are answered by it from now on.

        Raises
        ------
        EngineError
            If it cannot be loaded.
        """
        self._count += 1
        return self._ask(UseEngine(self._count, name, options), EngineReady)

    def request(self, request: SegmentRequest | EmbedRequest | LookAhead | Cancel) -> None:
        """Send `request` and do not wait; :meth:`poll` returns what comes of it."""
        self.connection.say(request)

    def answer(self, request: SegmentRequest, timeout_s: float | None = None) -> SegmentAnswer:
        """Send `request` and wait for its answer, `timeout_s` at most (None: as for the client).

        Raises
        ------
        GazeSAMError
            What the engine raised.
        WorkerError
            If workers die again and again, or the answer does not come in time.
        """
        return self._ask(request, SegmentAnswer, timeout_s)

    def follow(self, order: Propagate) -> Iterator[Propagated | PropagationEnded]:
        """Send `order` and iterate over the slices found, and its end, as they come.

        Raises
        ------
        GazeSAMError
            While iterating, what the engine raised.
        WorkerError
            While iterating, if workers die again and again, or a slice does not come in time.
        """
        self.connection.say(order)
        deadline_s = time.monotonic() + self._timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            self._hear(left_s)
            heard = [said for said in self._unread if is_about(said, order)]
            for said in heard:
                self._unread.remove(said)
                if isinstance(said, Failure):
                    raise said.exception()
                yield said
                if isinstance(said, PropagationEnded):
                    return
                deadline_s = time.monotonic() + self._timeout_s
        self.connection.link.forget(order)
        how = self.connection.end()
        raise WorkerError(
            f"the engine process found no further slice within {self._timeout_s:g} s and was ended "
            f"({how})"
        )

    def poll(self) -> list[FromWorker]:
        """Return what has come and was not waited for, without waiting.

        Raises
        ------
        WorkerError
            If workers die again and again.
        """
        self._hear(0.0)
        unread = list(self._unread)
        self._unread.clear()
        return unread

    def ping(self, data: bytes = b"") -> bytes:
        """Send `data` to the worker and wait for it to come back.

        Raises
        ------
        WorkerError
            As for :meth:`answer`.
        """
        self._count += 1
        ping = Ping(self._count, np.frombuffer(data, dtype=np.uint8))
        return self._ask(ping, Pong).data.tobytes()

    def _ask(
        self, question: Question, kind: type[ReplyT], timeout_s: float | None = None
    ) -> ReplyT:
        """Send `question` and wait for the reply, of type `kind`, with the same number."""
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        self.connection.say(question)
        restarts = self.connection.restarts
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            reply = self._hear(left_s, question)
            if isinstance(reply, kind):
                return reply
            if isinstance(reply, Failure):
                raise reply.exception()
            if isinstance(reply, Outdated):
                raise WorkerError(f"request {question.number} was overtaken by a newer one")
            if isinstance(question, Ping) and self.connection.restarts > restarts:
                restarts = self.connection.restarts
                self.connection.say(question)  # everything else the link says again
        self.connection.link.forget(question)
        how = self.connection.end()
        raise WorkerError(
            f"the engine process did not answer within {timeout_s:g} s and was ended ({how})"
        )

    def _hear(self, timeout_s: float, question: Question | None = None) -> FromWorker | None:
        """Return the reply to `question` if it came next; keep what else came for `poll`."""
        reply = None
        for said in self.connection.hear(timeout_s):
            if isinstance(said, Progress):
                self._on_progress(said.what, said.done, said.total)
            elif isinstance(said, Notice):
                self._on_notice(said.sentence)
            elif question is not None and replies(said, question):
                reply = said
            else:
                self._unread.append(said)
        return reply


def _ignore(*_said: object) -> None:
    """Tell nobody."""
