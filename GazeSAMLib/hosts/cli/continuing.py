"""Going on with a segmentation that is there already."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.journal_file import is_journal, journal_file
from GazeSAMLib.scans.read_labelmap import align_labels
from GazeSAMLib.scans.read_segments import read_segments
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.scans.terminology import Terminology
from GazeSAMLib.segmentation.edit_history import EditHistory
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.journal import JournalRecord, read_journal
from GazeSAMLib.segmentation.journal_steps import restore
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.segment import new_segment

ContinueOption = Annotated[
    Path | None,
    typer.Option(
        "--continue",
        metavar="LABELMAP",
        help="Segmentation to go on with: .seg.nrrd, NIfTI, DICOM segmentation, ..., or the "
        "journal of a run, which also tells which slices were looked at.",
    ),
]


@dataclass(frozen=True)
class Begun:
    """What was there before.

    Attributes
    ----------
    codes : dict
        What the segments are, by their ids.
    notes : tuple of str
        What the reader should know.
    history : EditHistory or None
        Of the steps of a journal, which can be undone; None where there are none.
    """

    codes: dict[str, Terminology] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    history: EditHistory | None = None


def begin_with(labelmap: Labelmap, path: Path | None, scan: Scan, digest: str) -> Begun:
    """Put the segments of a file into an empty labelmap; without a file nothing is done.

    Parameters
    ----------
    labelmap : Labelmap
        Changed. The steps of a journal can be undone in it; else there is nothing to undo.
    path : Path or None
        A segmentation on any grid, which is brought to the scan's by position in space; or the
        journal of a run on this scan.
    scan : Scan
        What is segmented.
    digest : str
        Its digest.

    Raises
    ------
    ScanError
        If the file cannot be read, holds no segment, or lies outside the scan.
    JournalError
        If a journal cannot be read, or is of another scan.
    """
    if path is None:
        return Begun()
    if is_journal(path):
        return _repeat(journal_file(path, scan.path, digest), labelmap, scan.volume)
    found = read_segments(path)
    if not found.segments:
        raise ScanError(f"{path} holds no segment to go on with")
    try:
        labels_kji = align_labels(found.flat(), found.volume, scan.volume)
    except ScanError as error:
        raise ScanError(f"{path} does not fit {scan.path}: {error}") from error
    labelmap.labels_kji = labels_kji.astype(np.uint8 if len(found.segments) < 255 else np.uint16)
    # Ids are counted, so that those of later segments are others.
    labelmap.segments = [
        replace(one.segment, id=new_segment(number).id)
        for number, one in enumerate(found.segments, start=1)
    ]
    notes = list(found.notes)
    if found.overlap():
        notes.append(f"segments of {path} overlap: there the later one was kept")
    codes = (one.terminology for one in found.segments)
    ids = (segment.id for segment in labelmap.segments)
    return Begun(dict(zip(ids, codes, strict=True)), tuple(notes))


def _repeat(path: Path, labelmap: Labelmap, volume: VolumeGeometry) -> Begun:
    records = _with_counted_ids(read_journal(path))
    labelmap.segments = restore(records, volume, labelmap)
    return Begun(history=EditHistory.of_records(records, volume))


def _with_counted_ids(records: list[JournalRecord]) -> list[JournalRecord]:
    ids: dict[str, str] = {}
    counted = []
    for record in records:
        segment = record.segment
        if segment is not None:
            new_id = ids.setdefault(segment.id, new_segment(len(ids) + 1).id)
            segment = replace(segment, id=new_id)
        counted.append(replace(record, segment=segment))
    return counted


def go_on_with(editor: SegmentEditor, labelmap: Labelmap) -> None:
    """Let a session know the segments that there are; its first one is the current one."""
    if labelmap.segments:
        editor.segments = list(labelmap.segments)
        editor.current = editor.segments[0]
