"""Embedding many slices of a scan at once, before anybody looks at them."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GazeSAMLib.engines.engine import EmbedsBatches, Engine
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter
from GazeSAMLib.engines.store.key import EmbeddingKey
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.slice_image import Pixels

OnSlices = Callable[[int, int], None]

# Reslicing and writing are for other processors than the one that feeds a graphics card.
_MOST_THREADS = 8
_MOST_UNWRITTEN = 64
_SHARE_OF_STORE = 0.9


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing has come to.

    Attributes
    ----------
    slices : int
        How many different slice images were asked for.
    embedded, at_hand : int
        How many were embedded now, and how many had been before.
    duration_s : float
        How long it took.
    size_bytes : int
        What all of them take on disk.
    most_slices : int
        How many the store has room for.
    """

    slices: int
    embedded: int
    at_hand: int
    duration_s: float
    size_bytes: int
    most_slices: int

    @property
    def is_complete(self) -> bool:
        """Whether all slices are at hand now."""
        return self.embedded + self.at_hand == self.slices


class Preparation:
    """Embeds slices with one engine, as many at once as it likes, and keeps them on disk.

    Parameters
    ----------
    engine : Engine
        Whose embeddings are kept.
    segmenter : Segmenter
        Of that engine and the scan.
    stored : StoredEmbeddings
        The segmenter's; on disk.

    Raises
    ------
    OutputError
        If nothing is kept on disk.
    """

    def __init__(self, engine: Engine[Any], segmenter: Segmenter, stored: StoredEmbeddings) -> None:
        if stored.keeper.disk is None:
            raise OutputError(
                "prepared slices are not kept, because GAZESAM_STORE_GB is 0: give them some room"
            )
        self._engine, self._segmenter, self._stored = engine, segmenter, stored
        self._disk = stored.keeper.disk

    def run(
        self,
        requests: Iterable[EmbedRequest],
        progress: OnSlices,
        is_cancelled: Callable[[], bool],
    ) -> Prepared:
        """Embed what is missing of `requests`.

        Parameters
        ----------
        requests : iterable of EmbedRequest
            The slices; those beside the scan do not count.
        progress : callable
            Called with how many of the missing slices are kept, and how many are missing.
        is_cancelled : callable
            Asked before each batch; what was embedded until then is kept.

        Raises
        ------
        EngineError
            If the engine fails.
        OutputError
            If the disk is full or cannot be written; what was kept before stays.
        """
        start_s = time.monotonic()
        wanted = {self._segmenter.stored_key(request): request for request in requests}
        slices = {key: request for key, request in wanted.items() if key is not None}
        missing = [(k, r) for k, r in slices.items() if not self._stored.is_at_hand(k)]
        at_hand = len(slices) - len(missing)
        for key in slices.keys() - {key for key, _ in missing}:
            for each in (key, key.with_everything()):
                self._disk.touch(each)  # or what is written now could take its place
        progress(0, len(missing))
        embedded = self._embed(missing, at_hand, progress, is_cancelled) if missing else 0
        # Where a device failed on the way, the rest is kept as made by what took its place.
        kept = {each for key in slices for each in (key, key.made_by(self._engine))}
        return Prepared(
            len(slices),
            embedded,
            at_hand,
            time.monotonic() - start_s,
            sum(_size_bytes(self._disk.path_of(key)) for key in kept),
            self._stored.most_slices(_SHARE_OF_STORE),
        )

    def _embed(
        self,
        missing: list[tuple[EmbeddingKey, EmbedRequest]],
        at_hand: int,
        progress: OnSlices,
        is_cancelled: Callable[[], bool],
    ) -> int:
        todo, unwritten, done = deque(missing), deque[Future[Any]](), 0
        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
            batch = self._begin(pool, todo, len(missing))
            while batch and not is_cancelled():
                images = [image.result() for _, image in batch]
                keys = [key for key, _ in batch]
                begun = at_hand + len(missing) - len(todo)
                # While the engine is at work on this one.
                batch = self._begin(pool, todo, self._stored.most_slices(_SHARE_OF_STORE) - begun)
                for key, embedding in zip(keys, self._embeddings(images), strict=True):
                    unwritten.append(pool.submit(self._stored.keep, key, embedding))
                # The first one shows for how many there is room.
                while unwritten and (
                    not done or unwritten[0].done() or len(unwritten) > _MOST_UNWRITTEN
                ):
                    done += self._written(unwritten.popleft())
                    progress(done, len(missing))
            for each in unwritten:
                done += self._written(each)
                progress(done, len(missing))
        return done

    def _begin(
        self, pool: ThreadPoolExecutor, todo: deque[tuple[EmbeddingKey, EmbedRequest]], room: int
    ) -> list[tuple[EmbeddingKey, Future[Pixels]]]:
        """Begin to reslice the next batch, of `room` slices at most."""
        engine = self._engine
        size = engine.batch_size if isinstance(engine, EmbedsBatches) else 1
        some = [todo.popleft() for _ in range(min(max(size, 1), len(todo), max(room, 0)))]
        return [(key, pool.submit(self._segmenter.pixels, request)) for key, request in some]

    def _embeddings(self, images: list[Pixels]) -> list[Any]:
        engine = self._engine
        if isinstance(engine, EmbedsBatches):
            return engine.embed_batch(images)
        return [engine.embed(image) for image in images]

    def _written(self, future: Future[Any]) -> int:
        future.result()
        if self._stored.keeper.failure:
            raise OutputError(self._stored.keeper.failure)
        return 1


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # another process was faster, and removed it
        return 0
