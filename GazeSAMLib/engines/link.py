"""A host's view of its worker: what to say to it, what it said, what to say again.

No input or output: the host moves the bytes, through a subprocess's pipes
(:mod:`GazeSAMLib.engines.client`) or, in Slicer, through a ``QProcess``.
"""

from collections.abc import Iterator
from dataclasses import replace

from GazeSAMLib.engines import codec
from GazeSAMLib.engines.look_ahead import LookAhead
from GazeSAMLib.engines.messages import (
    Cancel,
    Failure,
    FromWorker,
    Hello,
    OpenScan,
    Outdated,
    Propagate,
    Propagated,
    PropagationEnded,
    ScanDigest,
    StopPropagation,
    ToWorker,
    UseEngine,
)
from GazeSAMLib.engines.protocol import FrameDecoder
from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import ProtocolError, WorkerError

ENDS_IN_A_ROW = 5
# What nobody has asked for yet is not worth losing more workers than these.
ENDS_BEFORE_NO_AHEAD = 2


class WorkerLink:
    """Remembers what a worker that takes the place of a lost one has to know.

    Attributes
    ----------
    hello : Hello or None
        The running worker's greeting; None until it came.
    scan : OpenScan or None
        The scan that is open or being opened.
    engine : UseEngine or None
        The engine that is in use or being loaded.
    pending : SegmentRequest or None
        The newest request, until it is answered.
    propagation : Propagate or None
        The newest one, until it has ended: a new worker begins it again.
    ahead : LookAhead or None
        The newest one, where it names a view.
    scan_digest : str or None
        The digest of `scan`, once the worker has it.
    """

    def __init__(self) -> None:
        self.hello: Hello | None = None
        self.scan: OpenScan | None = None
        self.engine: UseEngine | None = None
        self.pending: SegmentRequest | None = None
        self.propagation: Propagate | None = None
        self.ahead: LookAhead | None = None
        self.scan_digest: str | None = None
        self._decoder = FrameDecoder()
        self._ends = 0

    def begin(self) -> bytes:
        """Return what a worker that has just been started is to be sent."""
        self.hello = None
        self._decoder = FrameDecoder()
        scan = self.scan
        if scan is not None:
            scan = replace(scan, digest_wanted=scan.digest_wanted and self.scan_digest is None)
        known = (scan, self.engine, self.pending, self.propagation, self.ahead)
        return b"".join(codec.frame(message) for message in known if message is not None)

    def say(self, message: ToWorker) -> bytes:
        """Return `message` as bytes to send, and remember what matters after a loss.

        Raises
        ------
        ProtocolError
            If it is too large to be sent.
        """
        data = codec.frame(message)
        match message:
            case OpenScan():
                self.scan, self.scan_digest, self.pending = message, None, None
                self.propagation = self.ahead = None
            case UseEngine():
                self.engine, self.pending, self.propagation = message, None, None
                self.ahead = None
            case LookAhead():
                self.ahead = message if message.views else None
            case SegmentRequest():
                self.pending = message
            case Propagate():
                self.propagation = message
            case StopPropagation():
                self.propagation = None
            case Cancel():
                self.pending = None
        return data

    def hear(self, data: bytes) -> Iterator[FromWorker]:
        """Take bytes from the worker and iterate over the messages complete now.

        Raises
        ------
        ProtocolError
            While iterating, if the bytes are no messages: then end the worker.
        GazeSAMError
            While iterating, if an answer contradicts itself: the same.
        """
        for message in self._decoder.feed(data):
            said = codec.parse(message)
            if not isinstance(said, FromWorker):
                raise ProtocolError(f"the engine process sent a '{message.kind}' message")
            self._note(said)
            yield said

    def ended(self, why: str) -> None:
        """Note that the worker is gone; start another and send it `begin`.

        Parameters
        ----------
        why : str
            Part of a sentence, such as "exit code 1: No module named numpy".

        Raises
        ------
        WorkerError
            If too many have gone without one answer between. Do not start another before
            there is something new to say; the request that was pending is dropped.
        """
        self._ends += 1
        if self._ends >= ENDS_BEFORE_NO_AHEAD:
            self.ahead = None
        if self._ends < ENDS_IN_A_ROW:
            return
        self._ends = 0
        self.pending = self.propagation = None
        if self.hello is None:
            raise WorkerError(
                f"the engine process does not start ({why}); check that its Python interpreter "
                "has GazeSAM's packages"
            )
        raise WorkerError(
            f"the engine process ended {ENDS_IN_A_ROW} times in a row without an answer ({why}); "
            "try another engine, or a smaller model if memory is short"
        )

    def forget(self, message: ToWorker) -> None:
        """Do not tell a next worker `message`: this one has not coped with it."""
        if message is self.scan:
            self.scan = None
        elif message is self.engine:
            self.engine = None
        elif message is self.pending:
            self.pending = None
        elif message is self.propagation:
            self.propagation = None

    def _note(self, said: FromWorker) -> None:
        match said:
            case Hello():
                self.hello = said
            case SegmentAnswer() | Failure(about="decode"):
                self._answered(said.number)
            case Outdated():
                for number in said.requests:
                    self._drop(number)
            case ScanDigest() if self.scan is not None and said.number == self.scan.number:
                self.scan_digest = said.digest
            case Propagated() | PropagationEnded() | Failure(about="propagate"):
                self._note_propagation(said)
            case Failure(about="look_ahead"):
                self.ahead = None
            case Failure(about="open_scan") if self.scan and said.number == self.scan.number:
                self.scan = None
            case Failure(about="use_engine") if self.engine and said.number == self.engine.number:
                self.engine = None

    def _note_propagation(self, said: Propagated | PropagationEnded | Failure) -> None:
        if isinstance(said, Propagated):
            self._ends = 0
        elif self.propagation is not None and self.propagation.number == said.number:
            self.propagation = None

    def _answered(self, number: int) -> None:
        self._ends = 0
        self._drop(number)

    def _drop(self, number: int) -> None:
        if self.pending is not None and self.pending.number == number:
            self.pending = None
