"""Keeping embeddings on disk where that works, in memory where it does not."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from GazeSAMLib.engines.cache_folder import cache_folder
from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.store.disk import DiskStore
from GazeSAMLib.engines.store.entry import BadEntryError
from GazeSAMLib.engines.store.key import EmbeddingKey
from GazeSAMLib.engines.store.memory import RecentlyUsed
from GazeSAMLib.errors import EngineError

VARIABLE = "GAZESAM_STORE_GB"
FOLDER_NAME = "embeddings"
MOST_BYTES_IN_MEMORY = 1 << 30

_COUNTLESS = 1 << 30


class EmbeddingKeeper:
    """Keeps embeddings, from any thread.

    Parameters
    ----------
    disk : DiskStore or None
        Where they are kept; None keeps them in memory alone, as does a disk that has failed.
    note : callable
        Takes a sentence, once, when the disk fails.
    most_bytes_in_memory : int
        How much is kept without a disk.

    Attributes
    ----------
    disk : DiskStore or None
        As given.
    failure : str
        Why nothing is kept on disk any more; empty while nothing went wrong.
    """

    def __init__(
        self,
        disk: DiskStore | None,
        note: Callable[[str], None],
        most_bytes_in_memory: int = MOST_BYTES_IN_MEMORY,
    ) -> None:
        self.disk = disk
        self.failure = ""
        self._writes = disk is not None
        self._note = note
        self._lock = threading.Lock()
        self._most_bytes_in_memory = most_bytes_in_memory
        self._memory = RecentlyUsed[EmbeddingKey, PackedEmbedding](_COUNTLESS, most_bytes_in_memory)

    @property
    def most_bytes(self) -> int:
        """How much is kept before the least recently used goes."""
        if self.disk is not None and self._writes:
            return self.disk.most_bytes
        return self._most_bytes_in_memory

    def holds(self, key: EmbeddingKey) -> bool:
        """Whether an embedding is kept."""
        with self._lock:
            if key in self._memory:
                return True
        return self.disk is not None and self.disk.holds(key)

    def read(self, key: EmbeddingKey) -> PackedEmbedding | None:
        """Return an embedding, read-only; None where none is kept, or a damaged one was."""
        with self._lock:
            packed = self._memory.get(key)
        if packed is None and self.disk is not None:
            packed = self.disk.read(key)
        return packed

    def write(self, key: EmbeddingKey, packed: PackedEmbedding) -> None:
        """Keep an embedding.

        Raises
        ------
        EngineError
            If it is not made of arrays of numbers and JSON values: a mistake of the engine.
        """
        if self.disk is not None and self._writes:
            try:
                self.disk.write(key, packed)
            except OSError as error:
                self._give_up_writing(error)
            except BadEntryError as error:
                raise EngineError(f"the engine's embedding cannot be kept: {error}") from error
            else:
                return
        with self._lock:
            self._memory.put(key, packed, packed_size(packed))

    def remove(self, key: EmbeddingKey) -> None:
        """Forget an embedding that has turned out to be useless."""
        with self._lock:
            self._memory.drop(key)
        if self.disk is not None:
            self.disk.remove(key)

    def _give_up_writing(self, error: OSError) -> None:
        with self._lock:
            is_first, self._writes = self._writes, False
        if is_first and self.disk is not None:
            self.failure = (
                f"prepared slices cannot be kept in {self.disk.folder} "
                f"({error.strerror or error}): free some space there, or let GAZESAM_CACHE name "
                "another folder"
            )
            self._note(f"{self.failure}; until then they are kept in memory")


def packed_size(packed: PackedEmbedding) -> int:
    """Return the bytes of an embedding's arrays."""
    return sum(values.nbytes for values in packed.arrays.values())


def default_keeper(note: Callable[[str], None]) -> EmbeddingKeeper:
    """Return the keeper of this user's embeddings.

    It is bounded by what the environment variable ``GAZESAM_STORE_GB`` says, in gigabytes; zero
    keeps nothing on disk.

    Raises
    ------
    EngineError
        If the variable is not a number.
    """
    asked = os.environ.get(VARIABLE, "")
    try:
        most_bytes = int(float(asked) * 1e9) if asked else None
        if most_bytes is not None and most_bytes < 0:
            raise ValueError
    except (ValueError, OverflowError):
        raise EngineError(
            f"the environment variable {VARIABLE} must be a number of gigabytes, got '{asked}'"
        ) from None
    if most_bytes == 0:
        return EmbeddingKeeper(None, note)
    return EmbeddingKeeper(DiskStore(store_folder(), most_bytes), note)


def store_folder() -> Path:
    """Return the folder of this user's embeddings; it may not exist yet."""
    return cache_folder() / FOLDER_NAME
