"""The models' files on this machine: one folder a model, in the cache folder."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from GazeSAMLib.engines.cache_folder import cache_folder
from GazeSAMLib.engines.catalogue.digests import Progress, file_digests, silent
from GazeSAMLib.engines.catalogue.entry import ModelEntry
from GazeSAMLib.engines.catalogue.part import Part
from GazeSAMLib.engines.catalogue.record import FileRecord
from GazeSAMLib.engines.file_lock import FileLock
from GazeSAMLib.engines.file_presence import is_there
from GazeSAMLib.errors import CheckpointError, ModelError

_TOO_SMALL_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a model is on this machine.

    Attributes
    ----------
    is_here : bool
        Whether its file is.
    size_bytes : int
        Of the file, or of the part of it that has come.
    record : FileRecord or None
        What is remembered of the file.
    """

    is_here: bool
    size_bytes: int
    record: FileRecord | None


class ModelShelf:
    """The models' files on this machine.

    Parameters
    ----------
    folder : Path or None
        Where they lie; None takes the cache folder's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_folder() / "models" if folder is None else folder

    def file_of(self, entry: ModelEntry) -> Path:
        """Return where the model's file lies, or would."""
        return self.folder / entry.name / entry.file_name

    def part_of(self, entry: ModelEntry) -> Part:
        """Return the part of the file that has come."""
        return Part(self.folder / entry.name / f"{entry.file_name}.part")

    def look_up(self, entry: ModelEntry) -> Kept:
        """Return what of the model is here, without reading the file."""
        path = self.file_of(entry)
        if is_there(path):
            return Kept(True, path.stat().st_size, FileRecord.read(self._record_of(entry)))
        return Kept(False, self.part_of(entry).size_bytes, None)

    def open(self, entry: ModelEntry, progress: Progress = silent) -> Path:
        """Return the model's file, which is whole as far as a quick look tells.

        Raises
        ------
        ModelError
            If it is not here, with the command that brings it.
        CheckpointError
            If it is not what was brought here once.
        """
        path = self.file_of(entry)
        try:
            record = FileRecord.read(self._record_of(entry))
            if record is None or not record.fits(path) or _is_outdated(record, entry):
                self.verify(entry, progress)
        except OSError as error:
            raise ModelError(not_here(entry)) from error
        return path

    def verify(self, entry: ModelEntry, progress: Progress = silent) -> FileRecord:
        """Read all of the model's file, and return what is now remembered of it.

        Raises
        ------
        ModelError
            If it is not here, or cannot be read.
        CheckpointError
            If it is not what its publisher offers, or not what was brought here once.
        """
        path = self.file_of(entry)
        if not is_there(path):
            raise ModelError(not_here(entry))
        before = FileRecord.read(self._record_of(entry))
        again = f"remove it with `gazesam models remove {entry.name}` and pull it again"
        try:
            sha256 = check_file(path, entry, progress)
        except CheckpointError as error:
            raise CheckpointError(f"{error}; {again}") from error
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}") from error
        if before is not None and before.sha256 != sha256:
            raise CheckpointError(
                f"{path} has changed since it was brought here on {before.date[:10]}: {again}"
            )
        return self._remember(entry, sha256, before)

    def put(self, entry: ModelEntry, whole: Path, source: str, progress: Progress = silent) -> Path:
        """Move a file that lies in the model's folder to its place, if it is the right one.

        Raises
        ------
        CheckpointError
            If it is not what the model's publisher offers.
        """
        sha256 = check_file(whole, entry, progress)
        with whole.open("rb+") as file:
            os.fsync(file.fileno())
        self._record_of(entry).unlink(missing_ok=True)
        path = self.file_of(entry)
        whole.replace(path)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._remember(entry, sha256, FileRecord(sha256, 0, 0, source, now))
        return path

    def claim(self, entry: ModelEntry) -> FileLock:
        """Return the lock to hold while the model's folder is changed; the folder is made.

        Raises
        ------
        OSError
            If the folder cannot be made.
        """
        folder = self.folder / entry.name
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / "lock")

    def remove(self, entry: ModelEntry) -> int:
        """Remove all of a model that is here, and return how many bytes that were.

        Raises
        ------
        ModelError
            If something cannot be removed, or another process brings it here right now.
        """
        folder = self.folder / entry.name
        try:
            if not folder.is_dir():
                return 0
            with self.claim(entry):
                freed = 0
                for path in folder.iterdir():
                    if path.is_file() and path.name != "lock":
                        freed += path.stat().st_size
                        path.unlink()
        except BlockingIOError as error:
            raise ModelError(in_use(entry)) from error
        except OSError as error:
            raise ModelError(
                f"{error.filename or folder} could not be removed: {error.strerror}"
            ) from error
        return freed

    def _record_of(self, entry: ModelEntry) -> Path:
        return self.folder / entry.name / "record.json"

    def _remember(self, entry: ModelEntry, sha256: str, before: FileRecord | None) -> FileRecord:
        path = self.file_of(entry)
        found = path.stat()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record = FileRecord(
            sha256,
            found.st_size,
            found.st_mtime_ns,
            str(path) if before is None else before.source,
            now if before is None else before.date,
        )
        try:
            record.write(self._record_of(entry))
        except OSError:
            return record  # a folder that is read-only: the next look takes as long as this one
        return record


def _is_outdated(record: FileRecord, entry: ModelEntry) -> bool:
    """Whether another file is meant by now: it was brought here by an older GazeSAM."""
    return entry.digests.get("sha256", record.sha256) != record.sha256


def check_file(path: Path, entry: ModelEntry, progress: Progress = silent) -> str:
    """Return the SHA-256 of a file that is the model's, as far as anyone can tell.

    Raises
    ------
    CheckpointError
        If its size or a digest is another, or it is no file of weights at all.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64).lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")) or size < _TOO_SMALL_BYTES:
        raise CheckpointError(
            f"{path} is no file of weights but a web page or the like: download {entry.file_name} "
            f"again from {entry.page}"
        )
    if entry.size_is_exact and size != entry.size_bytes:
        kind = "cut short" if size < entry.size_bytes else "another file"
        raise CheckpointError(
            f"{path} has {size} bytes and {entry.title}'s file {entry.size_bytes}: it is {kind}"
        )
    found = file_digests(path, {*entry.digests, "sha256"}, progress)
    for algorithm, digest in entry.digests.items():
        if found[algorithm] != digest:
            raise CheckpointError(
                f"{path} is not {entry.title}'s file, or it is damaged: its {algorithm} is "
                f"{found[algorithm]}, the publisher's {digest}"
            )
    return found["sha256"]


def not_here(entry: ModelEntry) -> str:
    """Return the sentence that says how the model gets here."""
    if not entry.url:
        return (
            f"the model '{entry.name}' is not on this machine, and its publisher offers it on a "
            f"page only: download {entry.file_name} from {entry.page} and type: "
            f"{entry.pull_command} --from {entry.file_name}"
        )
    return f"the model '{entry.name}' is not on this machine yet; type: {entry.pull_command}"


def in_use(entry: ModelEntry) -> str:
    """Return the sentence that says that another process is at it."""
    return (
        f"another process is bringing the model '{entry.name}' here right now: wait until it is "
        "done"
    )
