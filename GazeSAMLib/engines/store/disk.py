"""The folder of embeddings: shared by processes, bounded, the least recently used go first."""

import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.file_presence import is_there
from GazeSAMLib.engines.store.entry import BadEntryError, entry_bytes, read_entry
from GazeSAMLib.engines.store.key import EmbeddingKey

MOST_BYTES = 20_000_000_000
SHARE_OF_FREE = 0.1

_log = logging.getLogger(__name__)

_PART_SUFFIX = ".part"
_ABANDONED_S = 600.0
_KEPT_SHARE = 0.9
# How much of what is allowed may be written before looking at what others have written.
_UNSEEN_SHARE = 1 / 16


class DiskStore:
    """Embeddings in files, one each.

    An entry appears whole or not at all, and is checked when it is read: what a crash, a full
    disk or another program left behind is removed and counts as missing. Files carry the time
    of their last use, so that processes need not talk to each other.

    Parameters
    ----------
    folder : Path
        Made when it is first written to.
    most_bytes : int or None
        How much may be kept; None takes `MOST_BYTES` or `SHARE_OF_FREE` of the free disk,
        whichever is less.
    """

    def __init__(self, folder: Path, most_bytes: int | None = None) -> None:
        self.folder = folder
        self._asked = most_bytes
        self._allowed: int | None = None
        self._seen: int | None = None  # bytes at the last look at the folder
        self._unseen = 0  # bytes written since

    def path_of(self, key: EmbeddingKey) -> Path:
        """Return where an embedding is kept, if it is."""
        return self.folder / key.file_name()

    def holds(self, key: EmbeddingKey) -> bool:
        """Whether there is an entry; whether it is whole shows when it is read."""
        return is_there(self.path_of(key))

    def read(self, key: EmbeddingKey) -> PackedEmbedding | None:
        """Return an embedding, its arrays mapped into memory; None where there is none."""
        path = self.path_of(key)
        try:
            packed = read_entry(path, key.text())
        except BadEntryError as error:
            _log.warning("the embedding %s was removed: %s", path, error)
            self.remove(key)
            return None
        except OSError:
            return None
        self.touch(key)
        return packed

    def touch(self, key: EmbeddingKey) -> None:
        """Count an embedding, if it is there, as used now."""
        with suppress(OSError):  # the folder may be another user's
            os.utime(self.path_of(key))

    def write(self, key: EmbeddingKey, packed: PackedEmbedding) -> None:
        """Keep an embedding, unless an entry is there already.

        Raises
        ------
        OSError
            If the disk is full or cannot be written; then nothing is left of it.
        BadEntryError
            If it holds something else than arrays of numbers and JSON values.
        """
        path = self.path_of(key)
        if self.holds(key):
            return
        data = entry_bytes(key.text(), packed)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.folder / f"{uuid.uuid4().hex}{_PART_SUFFIX}"
        try:
            with beside.open("xb", buffering=0) as file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
            beside.replace(path)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        self._unseen += len(data)
        most = self.most_bytes
        if (
            self._seen is None
            or self._seen + self._unseen > most
            or self._unseen > _UNSEEN_SHARE * most
        ):
            self._tidy()

    def remove(self, key: EmbeddingKey) -> None:
        """Forget an embedding; one that is not there is no error."""
        with suppress(OSError):
            self.path_of(key).unlink(missing_ok=True)

    @property
    def most_bytes(self) -> int:
        """How much may be kept."""
        if self._asked is not None:
            return self._asked
        if self._allowed is None:
            free = shutil.disk_usage(_existing(self.folder)).free
            self._allowed = int(min(MOST_BYTES, SHARE_OF_FREE * (free + self.size_bytes())))
        return self._allowed

    def size_bytes(self) -> int:
        """How much is kept now, by all processes."""
        return sum(size for _, size, _ in self._entries())

    def _tidy(self) -> None:
        """Remove the least recently used entries that are too many, and what was left half done."""
        entries = sorted(self._entries())
        total, most = sum(size for _, size, _ in entries), self.most_bytes
        if total > most:
            for _, size, path in entries:
                if total <= _KEPT_SHARE * most:
                    break
                with suppress(OSError):  # another process was faster
                    path.unlink()
                total -= size
        self._seen, self._unseen = total, 0
        for path in self.folder.glob(f"*{_PART_SUFFIX}"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_S:
                    path.unlink()

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """Yield time of last use, size and path of each entry."""
        with suppress(OSError), os.scandir(self.folder) as found:
            for entry in found:
                if entry.name.endswith(_PART_SUFFIX):
                    continue
                with suppress(OSError):
                    stat = entry.stat()
                    yield stat.st_mtime_ns, stat.st_size, Path(entry.path)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if is_there(path))
