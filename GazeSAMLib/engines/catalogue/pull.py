"""Bringing a model to this machine: from its publisher, or from a file."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from GazeSAMLib.engines.catalogue.digests import Progress, silent
from GazeSAMLib.engines.catalogue.download import TIMEOUT_S, download
from GazeSAMLib.engines.catalogue.entry import ModelEntry
from GazeSAMLib.engines.catalogue.shelf import ModelShelf, check_file, in_use, not_here
from GazeSAMLib.engines.catalogue.sizes import told_size
from GazeSAMLib.engines.file_presence import is_there
from GazeSAMLib.errors import CheckpointError, ModelError

_CHUNK = 1 << 22


def pull(
    entry: ModelEntry,
    shelf: ModelShelf,
    *,
    timeout_s: float = TIMEOUT_S,
    progress: Progress = silent,
) -> Path:
    """Download a model's file and return where it lies; at once if it is here already.

    Parameters
    ----------
    entry : ModelEntry
        The model.
    shelf : ModelShelf
        Where to.
    timeout_s : float
        How long nothing may come.
    progress : Progress
        Called as bytes come, and as they are checked.

    Raises
    ------
    ModelError
        If it cannot be had, with what to do.
    CheckpointError
        If what came is not what the publisher offers; it is removed.
    """
    with _claimed(entry, shelf):
        if shelf.look_up(entry).is_here:
            return shelf.open(entry, progress)
        if not entry.url:
            raise ModelError(not_here(entry))
        part = shelf.part_of(entry)
        download(
            entry.url,
            part,
            size_bytes=entry.size_bytes if entry.size_is_exact else None,
            timeout_s=timeout_s,
            progress=progress,
        )
        try:
            path = shelf.put(entry, part.path, entry.url, progress)
        except CheckpointError as error:
            part.forget()
            raise CheckpointError(f"{error}; it was removed, pull it again") from error
        part.forget()
        return path


def pull_from(
    entry: ModelEntry, file: Path, shelf: ModelShelf, *, progress: Progress = silent
) -> Path:
    """Copy a model's file that was brought by other means, and return where it lies.

    Raises
    ------
    ModelError
        If it cannot be read or copied.
    CheckpointError
        If it is not what the publisher offers.
    """
    if not is_there(file):
        raise ModelError(f"{file} is not a file: name the {entry.file_name} that you downloaded")
    with _claimed(entry, shelf):
        before = shelf.look_up(entry)
        # Before the copy, so that a wrong file costs no space; the copy is checked as well.
        try:
            sha256 = check_file(file, entry, progress)
        except OSError as error:
            raise ModelError(f"{file} cannot be read: {error.strerror}") from error
        if before.is_here and before.record is not None:
            if before.record.sha256 == sha256:
                return shelf.open(entry, progress)
            raise ModelError(
                f"{entry.title} is here already with another file: remove that first with "
                f"`gazesam models remove {entry.name}`"
            )
        copy = shelf.part_of(entry)
        copy.forget()
        try:
            _copy(file, copy.path, progress)
            return shelf.put(entry, copy.path, str(file.resolve()), progress)
        finally:
            copy.forget()


@contextmanager
def _claimed(entry: ModelEntry, shelf: ModelShelf) -> Iterator[None]:
    try:
        with shelf.claim(entry):
            yield
    except BlockingIOError as error:
        raise ModelError(in_use(entry)) from error
    except OSError as error:
        raise ModelError(
            f"{error.filename or shelf.folder} cannot be used ({error.strerror or error}): let "
            "GAZESAM_CACHE name a folder on a disk that has space and can be written"
        ) from error


def _copy(source: Path, target: Path, progress: Progress) -> None:
    size = source.stat().st_size
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise ModelError(
            f"{source} has {told_size(size)} and {target.parent} {told_size(free)} left: free some "
            "space, or let GAZESAM_CACHE name a folder on another disk"
        )
    with source.open("rb") as reading, target.open("wb") as writing:
        done = 0
        while chunk := reading.read(_CHUNK):
            writing.write(chunk)
            done += len(chunk)
            progress(f"copying {source.name}", done, size)
