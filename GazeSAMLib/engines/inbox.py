"""What the host asked of the worker and the worker has not begun: newest look first."""

import threading
from collections import deque
from collections.abc import Iterable

from GazeSAMLib.engines.look_ahead import LookAhead
from GazeSAMLib.engines.messages import (
    Cancel,
    Failure,
    OpenScan,
    Outdated,
    Ping,
    Propagate,
    Shutdown,
    StopPropagation,
    ToWorker,
    UseEngine,
)
from GazeSAMLib.engines.segmenter import EMBEDDINGS_IN_MEMORY, EmbedRequest, SegmentRequest

Order = OpenScan | UseEngine | LookAhead | Propagate | StopPropagation | Ping | Shutdown | Failure
Task = Order | Outdated | SegmentRequest | EmbedRequest

OUTDATED_AT_ONCE = 1000  # keeps a notice far below the longest header


class Inbox:
    """Takes messages as the reader thread finds them; gives out what to do next.

    First what is outdated is told; then come orders (scan, engine, ping, shutdown, failures to
    report) as they came in; then the newest look; then what may be embedded ahead. A new look
    drops the one that waits. A new scan or engine, and `Cancel`, drop all that wait.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._orders: deque[Order] = deque()
        self._look: SegmentRequest | None = None
        self._embeds: deque[EmbedRequest] = deque()
        self._outdated_looks: list[int] = []
        self._outdated_embeds: list[int] = []
        self._drops = 0
        self._drops_when_taken = 0

    def put(self, messages: Iterable[ToWorker | Failure]) -> None:
        """Add what the host sent, oldest first."""
        with self._changed:
            for message in messages:
                match message:
                    case SegmentRequest():
                        self._drop_look()
                        self._look = message
                    case EmbedRequest():
                        self._embeds.append(message)
                        # More would push one another out of the segmenter's memory.
                        if len(self._embeds) > EMBEDDINGS_IN_MEMORY:
                            self._outdated_embeds.append(self._embeds.popleft().number)
                    case Cancel():
                        self._drop_all()
                    case OpenScan() | UseEngine():
                        self._drop_all()
                        self._orders.append(message)
                    case _:
                        self._orders.append(message)
            self._changed.notify()

    def take(self, *, wait: bool = True) -> Task | None:
        """Return something to do: wait for it, or else None where there is nothing."""
        with self._changed:
            if wait:
                self._changed.wait_for(self._has_task)
            elif not (self._orders or self._look is not None or self._outdated_looks):
                return None  # what is embedded ahead waits, too
            if self._outdated_looks or self._outdated_embeds:
                return self._take_outdated()
            if self._orders:
                return self._orders.popleft()
            self._drops_when_taken = self._drops
            look, self._look = self._look, None
            return self._embeds.popleft() if look is None else look

    def is_wanted(self) -> bool:
        """Whether the look taken last is still to be answered: no newer one, not dropped."""
        with self._changed:
            return self._look is None and not self.is_dropped()

    def is_dropped(self) -> bool:
        """Whether a new scan, a new engine or `Cancel` came in since the last look was taken."""
        return self._drops != self._drops_when_taken

    def _has_task(self) -> bool:
        return bool(
            self._orders
            or self._look is not None
            or self._embeds
            or self._outdated_looks
            or self._outdated_embeds
        )

    def _take_outdated(self) -> Outdated:
        looks, embeds = self._outdated_looks, self._outdated_embeds
        notice = Outdated(tuple(looks[:OUTDATED_AT_ONCE]), tuple(embeds[:OUTDATED_AT_ONCE]))
        del looks[:OUTDATED_AT_ONCE], embeds[:OUTDATED_AT_ONCE]
        return notice

    def _drop_look(self) -> None:
        if self._look is not None:
            self._outdated_looks.append(self._look.number)
            self._look = None

    def _drop_all(self) -> None:
        self._drops += 1
        self._drop_look()
        self._outdated_embeds += [request.number for request in self._embeds]
        self._embeds.clear()
