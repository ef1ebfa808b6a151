"""The process in which engines live; :mod:`GazeSAMLib.hosts.worker` starts it.

It speaks the messages of :mod:`GazeSAMLib.engines.messages` on standard input and output and
ends when its input ends, whatever it is doing: then nobody is left to answer. What engines
print goes to standard error, of which the host keeps the last lines.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib import __version__
from GazeSAMLib.engines import codec
from GazeSAMLib.engines.engine import Engine
from GazeSAMLib.engines.inbox import Inbox, Task
from GazeSAMLib.engines.messages import (
    Embedded,
    EngineReady,
    Failure,
    FromWorker,
    Hello,
    Opened,
    OpenScan,
    Outdated,
    Ping,
    Pong,
    Progress,
    Propagate,
    Propagated,
    PropagationEnded,
    ScanDigest,
    Shutdown,
    StopPropagation,
    UseEngine,
)
from GazeSAMLib.engines.scan_file import map_voxels
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter, SegmentRequest
from GazeSAMLib.engines.worker_pipes import WorkerPipes
from GazeSAMLib.errors import EngineError, GazeSAMError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.volume import VolumeGeometry

MakeEngine = Callable[..., Engine[Any]]
Send = Callable[[FromWorker], None]
Follow = Callable[[Segmenter, Propagate], Iterator[Propagated | PropagationEnded]]

_log = logging.getLogger(__name__)


class Worker:
    """Does what the inbox says, one task after the other, and tells the host.

    Parameters
    ----------
    make_engine : callable
        Makes an engine from its name and options.
    follow : callable
        Follows a structure through its neighbouring slices, one message a slice.
    inbox : Inbox
        What to do.
    send : callable
        Sends a message to the host.
    """

    def __init__(self, make_engine: MakeEngine, follow: Follow, inbox: Inbox, send: Send) -> None:
        self._make_engine = make_engine
        self._follow = follow
        self._inbox = inbox
        self._send = send
        self._scan: tuple[npt.NDArray[np.generic], VolumeGeometry] | None = None
        self._engine: Engine[Any] | None = None
        self._segmenter: Segmenter | None = None
        self._propagation: tuple[int, Iterator[Propagated | PropagationEnded]] | None = None

    def run(self) -> None:
        """Work until the host says `Shutdown`; follow structures while there is nothing else."""
        while not isinstance(task := self._inbox.take(wait=self._propagation is None), Shutdown):
            if task is None:
                self._propagate()
                continue
            about, number = codec.kind_of(task), getattr(task, "number", -1)
            with _Reporting(about, number, self._send):
                self._do(task)

    def _do(self, task: Task) -> None:
        match task:
            case Outdated() | Failure():
                self._send(task)
            case Ping():
                self._send(Pong(task.number, task.data))
            case OpenScan():
                self._open(task)
            case UseEngine():
                self._use(task)
            case EmbedRequest():
                self._send(Embedded(task.number, self._embed(task)))
            case SegmentRequest():
                self._look(task)
            case Propagate():
                self._end_propagation()
                self._propagation = (task.number, self._follow(self._ready(), task))
            case StopPropagation():
                self._end_propagation()

    def _propagate(self) -> None:
        """Take the running propagation one slice further."""
        if self._propagation is None:
            return
        (number, steps), said = self._propagation, None
        with _Reporting("propagate", number, self._send):
            said = next(steps, None)
        if said is None or isinstance(said, PropagationEnded):
            self._propagation = None
        if said is not None:
            self._send(said)

    def _end_propagation(self) -> None:
        if self._propagation is not None:
            self._send(PropagationEnded(self._propagation[0], ()))
            self._propagation = None

    def _open(self, order: OpenScan) -> None:
        self._end_propagation()
        self._scan = self._segmenter = None
        if len(order.local_ras_from_ijk) != 16 or len(order.shape_kji) != 3:
            raise EngineError("a scan needs a shape of 3 and a matrix of 16 numbers")
        k, j, i = order.shape_kji
        volume = VolumeGeometry((k, j, i), np.reshape(order.local_ras_from_ijk, (4, 4)))
        voxels_kji = map_voxels(Path(order.path), order.dtype, volume)
        self._scan = (voxels_kji, volume)
        self._send(Opened(order.number))
        if order.digest_wanted:
            work = (order, voxels_kji, volume)
            threading.Thread(target=self._digest, args=work, daemon=True).start()

    def _digest(
        self, order: OpenScan, voxels_kji: npt.NDArray[np.generic], volume: VolumeGeometry
    ) -> None:
        with _Reporting("scan_digest", order.number, self._send):
            with self._shown("computing the scan's digest"):
                digest = scan_digest(voxels_kji, volume)
            self._send(ScanDigest(order.number, digest))

    def _use(self, order: UseEngine) -> None:
        self._end_propagation()
        self._engine = self._segmenter = None  # two models may not fit into memory
        with self._shown(f"loading the engine {order.name}"):
            self._engine = self._make_engine(order.name, **order.options)
        ready = EngineReady(order.number, order.name, self._engine.weights_digest)
        self._send(ready)

    def _look(self, request: SegmentRequest) -> None:
        embed_ms = self._embed(request)
        # Embedding can take seconds, in which the eye has gone on.
        if self._inbox.is_wanted():
            answer = self._ready().answer(request)
            if not self._inbox.is_dropped():
                self._send(replace(answer, embed_ms=embed_ms))
                return
        self._send(Outdated((request.number,)))

    def _embed(self, request: SegmentRequest | EmbedRequest) -> float:
        segmenter = self._ready()
        if segmenter.is_embedded(request):
            return 0.0
        with self._shown("embedding the slice"):
            return segmenter.embed(request)

    def _ready(self) -> Segmenter:
        if self._scan is None or self._engine is None:
            missing = "scan is open" if self._scan is None else "engine is chosen"
            raise EngineError(f"the engine process cannot segment: no {missing}")
        if self._segmenter is None:
            self._segmenter = Segmenter(self._engine, *self._scan)
        return self._segmenter

    @contextmanager
    def _shown(self, what: str) -> Iterator[None]:
        self._send(Progress(what, 0, 1))
        yield
        self._send(Progress(what, 1, 1))


class _Reporting:
    """Tells the host what goes wrong in a task, and lets the worker go on.

    That holds for errors of any kind: an engine is other people's code, and a failed look
    must not cost the models and embeddings that this process holds.
    """

    def __init__(self, about: str, number: int, send: Send) -> None:
        self._about = about
        self._number = number
        self._send = send

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _where: TracebackType | None,
    ) -> bool:
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


def serve(make_engine: MakeEngine, engine_names: Sequence[str], follow: Follow) -> None:
    """Be a worker with these engines until the host ends it.

    Parameters
    ----------
    make_engine : callable
        Makes an engine from its name and, as keywords, its options.
    engine_names : sequence of str
        For the greeting.
    follow : callable
        As :class:`Worker` takes it.
    """
    # Ctrl-C in a terminal reaches the worker too; the host decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipes, inbox = WorkerPipes(), Inbox()
    threading.Thread(target=pipes.listen, args=(inbox,), daemon=True).start()
    pipes.send(Hello(tuple(engine_names), __version__, os.getpid()))
    Worker(make_engine, follow, inbox, pipes.send).run()
