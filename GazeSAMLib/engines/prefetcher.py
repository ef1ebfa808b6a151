"""Embedding the slices that may be looked at next, in a thread that makes room at once."""

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice

from GazeSAMLib.engines.look_ahead import LookAhead, count_ahead, planes_ahead
from GazeSAMLib.engines.messages import FromWorker, PreparedAhead
from GazeSAMLib.engines.reporting import Reporting
from GazeSAMLib.engines.right_of_way import RightOfWay
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter
from GazeSAMLib.engines.store.key import EmbeddingKey
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.geometry.slice import SlicePlane

TELL_EVERY_S = 0.25

_PACE_OF = 8  # slices
# The rest of the store is for what was kept before.
_SHARE_OF_STORE = 0.5

Slices = Sequence[tuple[EmbeddingKey, EmbedRequest]]


class GivenUpError(Exception):
    """What was begun is not wanted any more."""


class Prefetcher:
    """Does what the newest `LookAhead` says while nothing is answered.

    One thread for all engines and scans, because some runtimes plan anew for each thread. It
    works while `way` is given; at each step of an engine it looks whether that still holds.

    Parameters
    ----------
    send : callable
        Sends a message to the host, from any thread.

    Attributes
    ----------
    way : RightOfWay
        Taken by the thread that answers, while it does.
    """

    def __init__(self, send: Callable[[FromWorker], None]) -> None:
        self.way = RightOfWay()
        self._send = send
        self._order: tuple[Segmenter, StoredEmbeddings, LookAhead] | None = None
        self._begun: LookAhead | None = None
        self._failed: StoredEmbeddings | None = None
        self._is_at_work = self._is_closed = False
        self._waited_s = self._told_s = 0.0
        self._pace_s: deque[float] = deque(maxlen=_PACE_OF)
        self._thread = threading.Thread(target=self._run, name="prefetcher", daemon=True)

    def follow(self, segmenter: Segmenter, order: LookAhead) -> None:
        """Do what `order` says, and nothing that was said before, from the next step on."""
        stored = segmenter.stored
        if stored is None or stored is self._failed:
            return
        with self.way.changed:
            self._order = (segmenter, stored, order)
            self.way.changed.notify_all()
        if not self._thread.is_alive():
            self._thread.start()

    def end(self) -> None:
        """Give up what was said; returns when the engine is left alone, and held no more."""
        with self.way.changed:
            self._order = None
            self.way.changed.notify_all()
            self.way.changed.wait_for(lambda: not self._is_at_work)
        self._failed = None
        self._pace_s.clear()

    def close(self) -> None:
        """End the thread."""
        self.end()
        with self.way.changed:
            self._is_closed = True
            self.way.changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while self._begin():
            order = self._order
            if order is not None:
                segmenter, stored, said = order
                went_well = False
                with Reporting("look_ahead", said.number, self._send):
                    with suppress(GivenUpError):
                        self._prepare(segmenter, stored, said)
                    went_well = True
                if not went_well:  # and would not the next time
                    self._failed = stored
                del segmenter, stored  # an engine that is about to go is not held while waiting
            del order

    def _begin(self) -> bool:
        """Wait for something new to do; false where the thread is to end."""
        with self.way.changed:
            self._is_at_work = False
            self.way.changed.notify_all()
            self.way.changed.wait_for(
                lambda: (
                    self._is_closed
                    or (self._order is not None and self._order[2] is not self._begun)
                )
            )
            self._is_at_work = not self._is_closed
            self._begun = None if self._order is None else self._order[2]
        return not self._is_closed

    def _prepare(self, segmenter: Segmenter, stored: StoredEmbeddings, order: LookAhead) -> None:
        planes = planes_ahead(order.views)
        # What is in view first, before looking for what is missing elsewhere.
        seen: set[EmbeddingKey] = set()
        for key, request in self._missing(segmenter, order, islice(planes, len(order.views)), seen):
            if not self._pace_s:  # or else nothing is told before the first is done
                self._tell(order, 0, count_ahead(order.views))
            self._embed(segmenter, stored, key, request)
        todo = deque(self._missing(segmenter, order, planes, seen))
        done = len(seen) - len(todo)
        while todo and done < (most := stored.most_slices(_SHARE_OF_STORE)):
            self._tell(order, done, min(done + len(todo), most))
            self._embed(segmenter, stored, *todo.popleft())
            done += 1
        self._told_s = 0.0
        self._tell(order, done, done)

    def _missing(
        self,
        segmenter: Segmenter,
        order: LookAhead,
        planes: Iterable[SlicePlane],
        seen: set[EmbeddingKey],
    ) -> Slices:
        """Return those of `planes` that are not at hand, and add all that are not new to `seen`."""
        missing = []
        for plane in planes:
            self._make_way()
            request = EmbedRequest(order.number, plane, order.window, order.level)
            key = segmenter.stored_key(request)
            if key is None or key in seen:  # beside the scan, or in another view as well
                continue
            seen.add(key)
            if segmenter.stored is not None and not segmenter.stored.is_at_hand(key):
                missing.append((key, request))
        return missing

    def _embed(
        self,
        segmenter: Segmenter,
        stored: StoredEmbeddings,
        key: EmbeddingKey,
        request: EmbedRequest,
    ) -> None:
        self._waited_s, start_s = 0.0, time.monotonic()
        pixels = partial(segmenter.pixels, request)
        if stored.make_ahead(key, pixels, partial(self._make_way, key)):
            self._pace_s.append(time.monotonic() - start_s - self._waited_s)

    def _make_way(self, key: EmbeddingKey | None = None) -> None:
        """Wait while something is answered or this is paused; give up what is outdated."""
        start_s = time.monotonic()
        self.way.wait_until(self._may_go_on)
        self._waited_s += time.monotonic() - start_s
        order = self._order
        if order is None:
            raise GivenUpError
        segmenter, stored, newest = order
        if newest is self._begun or stored.is_waited_for:
            return
        if key is None or key not in _in_view(segmenter, newest):
            raise GivenUpError

    def _may_go_on(self) -> bool:
        order = self._order
        if order is None or order[1].is_waited_for:
            return True
        return not (self.way.is_taken or order[2].paused)

    def _tell(self, order: LookAhead, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= TELL_EVERY_S:
            self._told_s = now_s
            left_s = (total - done) * statistics.median(self._pace_s) if self._pace_s else -1.0
            self._send(PreparedAhead(order.number, done, total, left_s))


def _in_view(segmenter: Segmenter, order: LookAhead) -> set[EmbeddingKey | None]:
    """Return the slices that are on screen."""
    return {
        segmenter.stored_key(EmbedRequest(order.number, view.plane, order.window, order.level))
        for view in order.views
    }
