"""The process in which engines live; :mod:`GazeSAMLib.hosts.worker` starts it.

It speaks the messages of :mod:`GazeSAMLib.engines.messages` on standard input and output and
ends when its input ends, whatever it is doing: then nobody is left to answer. What engines
print goes to standard error, of which the host keeps the last lines.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from GazeSAMLib import __version__
from GazeSAMLib.engines import codec
from GazeSAMLib.engines.engine import Engine, StoresEmbeddings
from GazeSAMLib.engines.engine_notes import EngineNotes
from GazeSAMLib.engines.inbox import Inbox, Task
from GazeSAMLib.engines.look_ahead import LookAhead
from GazeSAMLib.engines.messages import (
    Embedded,
    EngineReady,
    Failure,
    FromWorker,
    Hello,
    Notice,
    Opened,
    OpenScan,
    Outdated,
    Ping,
    Pong,
    Propagate,
    Propagated,
    PropagationEnded,
    ScanDigest,
    Shutdown,
    StopPropagation,
    UseEngine,
)
from GazeSAMLib.engines.opened_scan import OpenedScan
from GazeSAMLib.engines.prefetcher import Prefetcher
from GazeSAMLib.engines.reporting import Reporting, shown
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter, SegmentRequest
from GazeSAMLib.engines.store.keeper import EmbeddingKeeper, default_keeper
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.engines.worker_pipes import WorkerPipes
from GazeSAMLib.errors import EngineError

MakeEngine = Callable[..., Engine[Any]]
Send = Callable[[FromWorker], None]
Follow = Callable[[Segmenter, Propagate], Iterator[Propagated | PropagationEnded]]


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
        self._notes = EngineNotes(send)
        self._ahead = Prefetcher(send)
        self._keeper: EmbeddingKeeper | None = None
        self._scan: OpenedScan | None = None
        self._engine: Engine[Any] | None = None
        self._segmenter: Segmenter | None = None
        self._propagation: tuple[int, Iterator[Propagated | PropagationEnded]] | None = None

    def run(self) -> None:
        """Work until the host says `Shutdown`; follow structures while there is nothing else."""
        try:
            while not isinstance(task := self._next(), Shutdown):
                if task is None:
                    self._propagate()
                    continue
                about, number = codec.kind_of(task), getattr(task, "number", -1)
                with Reporting(about, number, self._send):
                    self._do(task)
        finally:
            self._ahead.close()

    def _next(self) -> Task | None:
        """Return what to do next; None where that is a step of the propagation."""
        if self._propagation is not None:
            return self._inbox.take(wait=False)
        with self._ahead.way.given():
            return self._inbox.take()

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
            case LookAhead():
                self._ahead.follow(self._ready(), task)
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
        with Reporting("propagate", number, self._send):
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
        self._leave()
        self._scan = None
        self._scan = OpenedScan.of(order)
        self._send(Opened(order.number))
        if order.digest_wanted:
            work = (order.number, self._scan, self._send)
            threading.Thread(target=_tell_digest, args=work, daemon=True).start()

    def _use(self, order: UseEngine) -> None:
        self._leave()
        self._engine = None  # two models may not fit into memory
        with shown(f"loading the engine {order.name}", self._send):
            self._engine = self._make_engine(order.name, **order.options)
        stores = isinstance(self._engine, StoresEmbeddings)
        self._send(EngineReady(order.number, order.name, self._engine.weights_digest, stores))
        self._notes.begin(self._engine)

    def _look(self, request: SegmentRequest) -> None:
        embed_ms = self._embed(request)
        # Embedding can take seconds, in which the eye has gone on.
        if self._inbox.is_wanted():
            answer = self._ready().answer(request)
            if not self._inbox.is_dropped():
                self._send(replace(answer, embed_ms=embed_ms))
                self._notes.tell(self._engine)
                return
        self._send(Outdated((request.number,)))

    def _embed(self, request: SegmentRequest | EmbedRequest) -> float:
        segmenter = self._ready()
        if segmenter.is_embedded(request):
            return 0.0
        with shown("embedding the slice", self._send):
            return segmenter.embed(request)

    def _ready(self) -> Segmenter:
        engine, scan = self._engine, self._scan
        if scan is None or engine is None:
            missing = "scan is open" if scan is None else "engine is chosen"
            raise EngineError(f"the engine process cannot segment: no {missing}")
        if self._segmenter is None:
            stored = None
            if isinstance(engine, StoresEmbeddings):
                keeper = self._keeper or default_keeper(lambda said: self._send(Notice(said)))
                self._keeper = keeper
                stored = StoredEmbeddings(engine, keeper, scan.digest, self._ahead.way)
            self._segmenter = Segmenter(engine, scan.voxels_kji, scan.volume, stored)
        return self._segmenter

    def _leave(self) -> None:
        """End all work with the scan or the engine that is about to be replaced."""
        self._ahead.end()
        self._end_propagation()
        self._segmenter = None


def _tell_digest(number: int, scan: OpenedScan, send: Send) -> None:
    with Reporting("scan_digest", number, send):
        with shown("computing the scan's digest", send):
            digest = scan.digest()
        send(ScanDigest(number, digest))


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
