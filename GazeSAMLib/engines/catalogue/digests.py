"""Digests of large files, several in one reading."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many bytes are done, and how many there are."""

ALGORITHMS = ("md5", "sha256", "git-blob")

_CHUNK = 1 << 20


def silent(_what: str, _done: int, _total: int) -> None:
    """Report nothing: the default :data:`Progress`."""


def file_digests(
    path: Path, algorithms: Iterable[str], progress: Progress = silent
) -> dict[str, str]:
    """Return the digests of a file as hexadecimal digits, by algorithm.

    Parameters
    ----------
    path : Path
        The file.
    algorithms : iterable of str
        Of :data:`ALGORITHMS`; ``git-blob`` is the name that git gives to the content.
    progress : Progress
        Called as it is read.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    size = path.stat().st_size
    hashes = {name: _begun(name, size) for name in algorithms}
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for one in hashes.values():
                one.update(chunk)
            done += len(chunk)
            progress(f"checking {path.name}", done, size)
    return {name: one.hexdigest() for name, one in hashes.items()}


def _begun(algorithm: str, size: int) -> "hashlib._Hash":
    # They find damage and mix-ups; on systems that forbid old ones for security they may do that.
    if algorithm == "git-blob":
        return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    return hashlib.new(algorithm, usedforsecurity=False)
