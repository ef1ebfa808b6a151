"""Files that appear whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from GazeSAMLib.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write beside `path`; when all went well it takes the place of `path`.

    If anything fails, `path` stays as it was and the other file is removed. The name given
    keeps the extensions of `path`, because libraries choose the format by them.

    Raises
    ------
    OutputError
        If the folder is missing or cannot be written to, or the disk is full.
    """
    beside = path.with_name(f".{uuid.uuid4().hex}{''.join(path.suffixes[-2:])}")
    try:
        try:
            yield beside
            with beside.open("rb+") as written:
                os.fsync(written.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"could not write {path}: {error.strerror or error}") from error
