"""The journal of a run among files and folders that a user names."""

import json
from pathlib import Path

from GazeSAMLib.errors import JournalError
from GazeSAMLib.segmentation.journal import FILE_NAME, journal_path


def is_journal(path: Path) -> bool:
    """Whether `path` is a journal, the folder of one, or the root of a run's journals."""
    if path.name == FILE_NAME or not path.is_dir():
        return path.name == FILE_NAME
    return (path / FILE_NAME).is_file() or any(path.glob(f"*/{FILE_NAME}"))


def journal_file(path: Path, scan_path: Path, digest: str) -> Path:
    """Return the file of the journal of a scan.

    Parameters
    ----------
    path : Path
        As for :func:`is_journal`.
    scan_path : Path
        The scan, for messages.
    digest : str
        Its digest.

    Raises
    ------
    JournalError
        If there is none.
    """
    if not path.exists():
        raise JournalError(f"{path} does not exist")
    places = (journal_path(path, digest), path / FILE_NAME, path)
    found = next((place for place in places if place.is_file()), None)
    if found is None or _digest_in(found) != digest:
        raise JournalError(
            f"{path} holds no journal of {scan_path} (digest {digest[:12]}...): give the scan, and "
            "the series, that the run had"
        )
    return found


def _digest_in(path: Path) -> str | None:
    """Return the digest in a journal's first line; None where there is no such line."""
    try:
        with path.open(encoding="utf-8") as file:
            head = json.loads(file.readline())
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError:
        head = None
    if not isinstance(head, dict) or "journal" not in head:
        raise JournalError(f"{path} is not a GazeSAM journal")
    return head.get("scan_digest")
