"""A lock on a file that one process at a time holds, and that goes when its process dies."""

import errno
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

if sys.platform == "win32":
    import msvcrt

    def lock_now(descriptor: int) -> None:
        """Lock an open file, or raise `OSError` if another process has it."""
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock_now(descriptor: int) -> None:
        """Lock an open file, or raise `OSError` if another process has it."""
        # A POSIX lock, not flock: a forked child does not inherit it, and when its process
        # dies it goes before the process's pipes close.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class FileLock:
    """Holds a lock while it is entered.

    Parameters
    ----------
    path : Path
        The file of the lock; it stays, because removing it would let two have the lock.

    Raises
    ------
    BlockingIOError
        When entered, if another process holds it.
    OSError
        When entered, if the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock_now(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            if error.errno not in _TAKEN:
                raise
            raise BlockingIOError(error.errno, "another process holds the lock") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
