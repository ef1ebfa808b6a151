"""The embeddings of one engine on one scan: found where they are kept, else made and kept."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from GazeSAMLib.engines.engine import EmbedsInSteps, Engine, PackedEmbedding, StoresEmbeddings
from GazeSAMLib.engines.right_of_way import RightOfWay
from GazeSAMLib.engines.store.keeper import EmbeddingKeeper, default_keeper, packed_size
from GazeSAMLib.engines.store.key import EmbeddingKey
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.slice_image import Pixels, SliceGrid

MakePixels = Callable[[], Pixels]
Sized = tuple[Any, int]

_ANY_NUMBER = 1 << 30


@dataclass(eq=False)
class _UnderWay:
    """What is being made ahead; `made` stays None where that fails or was not needed."""

    key: EmbeddingKey
    made: PackedEmbedding | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class StoredEmbeddings:
    """Makes each embedding once, whoever needs it: the thread that answers or the one ahead.

    Parameters
    ----------
    engine : Engine
        Of the kind :class:`GazeSAMLib.engines.engine.StoresEmbeddings`.
    keeper : EmbeddingKeeper
        Where they are kept.
    scan_digest : callable
        Returns the scan's digest; called when it is needed, and may take its time.
    way : RightOfWay or None
        Given while the thread that answers waits for the one ahead; None where there is none.

    Attributes
    ----------
    keeper : EmbeddingKeeper
        Where they are kept.
    is_waited_for : bool
        Whether the thread that answers waits for what is being made ahead.
    """

    def __init__(
        self,
        engine: Engine[Any],
        keeper: EmbeddingKeeper,
        scan_digest: Callable[[], str],
        way: RightOfWay | None = None,
    ) -> None:
        if not isinstance(engine, StoresEmbeddings):
            raise EngineError(f"embeddings of the engine '{engine.name}' cannot be kept")
        self.keeper = keeper
        self._engine: Any = engine
        self._scan_digest, self._digest = scan_digest, ""
        self._way = way or RightOfWay()
        self._slice_bytes = 0
        self.is_waited_for = False
        self._ahead: _UnderWay | None = None

    def key(self, grid: SliceGrid, window: float, level: float) -> EmbeddingKey:
        """Return the key of a slice image."""
        self._digest = self._digest or self._scan_digest()
        return EmbeddingKey.of(self._engine, self._digest, grid, window, level)

    def is_at_hand(self, key: EmbeddingKey) -> bool:
        """Whether an embedding seems to be kept."""
        return self.keeper.holds(key) or self.keeper.holds(key.with_everything())

    def most_slices(self, share: float) -> int:
        """Return how many slices there is room for in a share of what may be kept."""
        if not self._slice_bytes:
            return _ANY_NUMBER
        return max(1, int(share * self.keeper.most_bytes) // self._slice_bytes)

    def obtain(self, key: EmbeddingKey, pixels: MakePixels) -> Sized:
        """Return an embedding and the bytes of its arrays: being made ahead, kept, or made now.

        For the thread that answers.

        Raises
        ------
        GazeSAMError
            What `pixels` or the engine raise.
        """
        # First what is being made: where that has just ended, it is kept.
        packed = self._wait_for(key)
        if packed is None:
            kept = self._read(key)
            if kept is not None:
                return kept
            packed = self.keep(key, self._engine.embed(pixels()))
        return self._opened(packed)

    def make_ahead(
        self, key: EmbeddingKey, pixels: MakePixels, make_way: Callable[[], None]
    ) -> bool:
        """Make and keep an embedding; return whether that was needed. For the thread ahead.

        Parameters
        ----------
        key : EmbeddingKey
            Its key.
        pixels : callable
            Makes the slice image.
        make_way : callable
            Called between steps; may wait, or raise to give up.

        Raises
        ------
        Exception
            What `make_way`, `pixels` or the engine raise.
        """
        self._ahead = under_way = _UnderWay(key)
        try:
            under_way.made = self._made_in_steps(key, pixels, make_way)
        finally:
            self._ahead = None
            under_way.ended.set()
        return under_way.made is not None

    def _made_in_steps(
        self, key: EmbeddingKey, pixels: MakePixels, make_way: Callable[[], None]
    ) -> PackedEmbedding | None:
        make_way()
        if self.is_at_hand(key):  # the other thread may have made it meanwhile
            return None
        image, engine = pixels(), self._engine
        make_way()
        if isinstance(engine, EmbedsInSteps):
            return self.keep(key, engine.embed_in_steps(image, make_way))
        return self.keep(key, engine.embed(image))

    def _wait_for(self, key: EmbeddingKey) -> PackedEmbedding | None:
        """Return what is being made ahead once it is made; None where it is not, or fails."""
        under_way = self._ahead
        if under_way is None or under_way.key != key:
            return None
        self.is_waited_for = True
        with self._way.given():
            under_way.ended.wait()
        self.is_waited_for = False
        return under_way.made

    def _read(self, key: EmbeddingKey) -> Sized | None:
        """Return an embedding that is kept, with all masks of the slice where they are known."""
        return self._read_one(key.with_everything()) or self._read_one(key)

    def _read_one(self, key: EmbeddingKey) -> Sized | None:
        packed = self.keeper.read(key)
        if packed is None:
            return None
        try:
            return self._opened(packed)
        except EngineError:  # of another version of the engine
            self.keeper.remove(key)
            return None

    def keep(self, key: EmbeddingKey, embedding: Any) -> PackedEmbedding:  # noqa: ANN401 - each engine's own type
        """Keep an embedding that was just made; return it as it will be read."""
        packed: PackedEmbedding = self._engine.pack(embedding)
        self.keeper.write(key.made_by(self._engine), packed)
        self._slice_bytes = packed_size(packed)
        return packed

    def _opened(self, packed: PackedEmbedding) -> Sized:
        """Return an embedding, rounded as it is kept, and the bytes of its arrays.

        Also one that was just made: a look must not be answered otherwise than the same look
        a minute later.
        """
        self._slice_bytes = packed_size(packed)
        return self._engine.unpack(packed), self._slice_bytes


def stored_for(
    engine: Engine[Any], scan_digest: Callable[[], str], note: Callable[[str], None]
) -> StoredEmbeddings | None:
    """Return the embeddings that this user keeps; None where an engine's are not worth keeping.

    Parameters
    ----------
    engine : Engine
        Whose embeddings.
    scan_digest : callable
        As :class:`StoredEmbeddings` takes it.
    note : callable
        Takes a sentence where they cannot be kept on disk.

    Raises
    ------
    EngineError
        If the environment asks for a store of a size that is none.
    """
    if not isinstance(engine, StoresEmbeddings):
        return None
    return StoredEmbeddings(engine, default_keeper(note), scan_digest)
