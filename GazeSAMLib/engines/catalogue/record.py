"""What is remembered of a model's file beside it, so that the next look at it is quick."""

import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that was found whole.

    Attributes
    ----------
    sha256 : str
        Of all of it.
    size_bytes, mtime_ns : int
        As the file system gave them then: a file with other ones is another file.
    source : str
        Address or path that it came from.
    date : str
        When, in ISO 8601 with time zone.
    """

    sha256: str
    size_bytes: int
    mtime_ns: int
    source: str
    date: str

    def fits(self, path: Path) -> bool:
        """Whether the file looks untouched since; raises `OSError` if it cannot be looked at."""
        found = path.stat()
        return (found.st_size, found.st_mtime_ns) == (self.size_bytes, self.mtime_ns)

    def write(self, path: Path) -> None:
        """Write the record; it appears whole or not at all."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return what was written; None where there is nothing that makes sense."""
        found = read_json(path)
        try:
            return cls(
                str(found["sha256"]),
                int(found["size_bytes"]),
                int(found["mtime_ns"]),
                str(found["source"]),
                str(found["date"]),
            )
        except (KeyError, TypeError, ValueError):
            return None


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write values as JSON; the file appears whole or not at all."""
    beside = path.with_name(f".{uuid.uuid4().hex}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(values, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """Return what :func:`write_json` wrote; nothing where the file is missing or damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
