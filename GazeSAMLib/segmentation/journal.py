"""What was accepted, on disk before the reader is told that it is saved.

A journal is a folder per scan digest with one file, ``journal.jsonl``: a first line that says
what it is, then one JSON object a line, appended and flushed to disk. A crash loses at most
the lines that were being written. A record that belongs to one step with the one before it says
``same_step``; in journals of before that each record is a step of its own.
"""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError, JournalError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.segmentation import rle
from GazeSAMLib.segmentation.segment import Segment

SCHEMA_VERSION = 1
FILE_NAME = "journal.jsonl"


class RecordKind(StrEnum):
    """What a line of the journal says happened."""

    ACCEPT = "accept"
    REMOVE = "remove"
    UNDO = "undo"
    REDO = "redo"
    SEGMENT = "segment"


@dataclass(frozen=True, eq=False)
class JournalRecord:
    """One line of a journal.

    Attributes
    ----------
    kind : RecordKind
        What happened.
    segment : Segment or None
        With accept and remove: the segment that was edited; with segment: the one that was
        added or renamed.
    plane : SlicePlane or None
        With accept and remove: where the mask lies.
    mask : ndarray of bool or None
        With accept and remove: the mask on the plane's slice image.
    propagated : bool
        Whether nobody has looked at this slice.
    same_step : bool
        Whether it belongs to one step with the record before it.
    """

    kind: RecordKind
    segment: Segment | None = None
    plane: SlicePlane | None = None
    mask: npt.NDArray[np.bool_] | None = None
    propagated: bool = False
    same_step: bool = False


class Journal:
    """Appends to the journal of one scan.

    Parameters
    ----------
    root : Path
        Folder of all journals; made if it is not there.
    scan_digest : str
        The scan's digest, 64 hexadecimal digits.

    Raises
    ------
    JournalError
        If the folder or file cannot be made.
    """

    def __init__(self, root: Path, scan_digest: str) -> None:
        self.path = journal_path(root, scan_digest)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self.path.open("ab", buffering=0)
            if self._file.tell() == 0:
                self._write({"journal": SCHEMA_VERSION, "scan_digest": scan_digest})
            elif not self.path.read_bytes().endswith(b"\n"):
                # A crash cut the last line: end it, so that the next one stands alone.
                self._file.write(b"\n")
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written: {error.strerror}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was appended is on disk already."""
        self._file.close()

    def append(self, *records: JournalRecord) -> None:
        """Write the records of one step, all or none, and return when they are on disk.

        Raises
        ------
        JournalError
            If it could not be written: a full disk, say. Nothing written before is lost.
        """
        try:
            lines = [_to_json(record) for record in records]
            self._write(*lines[:1], *({**line, "same_step": True} for line in lines[1:]))
        except OSError as error:
            raise JournalError(
                f"the step could not be saved to {self.path}: {error.strerror}; "
                "free some disk space and accept again"
            ) from error

    def _write(self, *lines: Mapping[str, Any]) -> None:
        data = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
        start = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(start)  # half a line must not stand before the next one
            raise


def journal_path(root: Path, scan_digest: str) -> Path:
    """Return where the journal of the scan with this digest lies."""
    return root / scan_digest / FILE_NAME


def read_journal(path: Path) -> list[JournalRecord]:
    """Return the records of a journal, oldest first; a last line cut short is left out.

    Raises
    ------
    JournalError
        If the file cannot be read, is not a journal, is of a newer version, or a line other
        than a cut one is malformed.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read: {error.strerror}") from error
    head = _parse(lines[0])
    if not isinstance(head, dict) or "journal" not in head:
        raise JournalError(f"{path} is not a GazeSAM journal")
    if head["journal"] != SCHEMA_VERSION:
        raise JournalError(
            f"{path} has journal version {head['journal']}; this GazeSAM reads {SCHEMA_VERSION}"
        )
    records = []
    for number, line in enumerate(lines[1:], start=2):
        values = _parse(line)
        if values is None:  # an empty line, or one that a crash cut short
            continue
        try:
            records.append(_from_json(values))
        except (KeyError, TypeError, ValueError, GeometryError) as error:
            raise JournalError(f"line {number} of {path} is malformed: {error}") from error
    return records


def _parse(line: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(line)
    except ValueError:
        return None


def _to_json(record: JournalRecord) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": record.kind.value}
    if record.segment is not None:
        segment = record.segment
        values["segment"] = {
            "id": segment.id,
            "name": segment.name,
            "color_rgb": list(segment.color_rgb),
        }
    if record.plane is not None:
        values["plane"] = {
            "origin": record.plane.origin_local_ras.tolist(),
            "row_direction": record.plane.row_direction.tolist(),
            "column_direction": record.plane.column_direction.tolist(),
        }
    if record.mask is not None:
        values["mask"] = rle.encode(record.mask)
    if record.propagated:
        values["propagated"] = True
    return values


def _from_json(values: dict[str, Any]) -> JournalRecord:
    kind = RecordKind(values["kind"])
    segment = plane = mask = None
    if "segment" in values:
        told = values["segment"]
        red, green, blue = (float(c) for c in told["color_rgb"])
        segment = Segment(str(told["id"]), str(told["name"]), (red, green, blue))
    if "plane" in values:
        told = values["plane"]
        plane = SlicePlane(told["origin"], told["row_direction"], told["column_direction"])
    if "mask" in values:
        mask = rle.decode(values["mask"])
    propagated, same_step = (values.get(name) is True for name in ("propagated", "same_step"))
    return JournalRecord(kind, segment, plane, mask, propagated, same_step)
