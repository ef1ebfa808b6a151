"""``gazesam restore``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from GazeSAMLib.errors import JournalError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.continuing import ContinueOption, begin_with
from GazeSAMLib.hosts.cli.outputs import check_dicom_outputs, check_outputs, write_output
from GazeSAMLib.hosts.cli.segment import OutputOption, OverwriteOption, ScanArgument, SeriesOption
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.segmentation import journal as journals
from GazeSAMLib.segmentation.labelmap import Labelmap

EPILOG = """\
Example:

gazesam restore liver.journal ct_folder --output liver.seg.nrrd
"""


def restore(
    journal: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="Folder or file of a journal.")
    ],
    scan: ScanArgument,
    *,
    output: OutputOption,
    series: SeriesOption = None,
    overwrite_segments: OverwriteOption = False,
    base: ContinueOption = None,
) -> None:
    """Make a segmentation of what a run had accepted before it crashed."""
    check_outputs(output, (scan, journal, *filter(None, (base,))))
    with progress_bars() as progress:
        read = read_scan(scan, series=series, progress=progress)
    check_dicom_outputs(output, read)
    path = _journal_file(journal, scan, scan_digest(read.voxels_kji, read.volume))
    labelmap = Labelmap(read.volume.shape_kji, overwrite=overwrite_segments)
    begun = begin_with(labelmap, base, read)
    segments = journals.restore(journals.read_journal(path), read.volume, labelmap)
    renamed = {segment.id: segment for segment in segments}
    labelmap.segments = [renamed.get(segment.id, segment) for segment in labelmap.segments]
    if not labelmap.labels_kji.any():
        raise JournalError(f"{path} holds nothing that was accepted: nothing was written")
    for note in begun.notes:
        tell(note)
    for one in output:
        for note in write_output(one, read, labelmap, codes=begun.codes):
            tell(note)
        results().print(f"written: {one}")


def _journal_file(journal: Path, scan: Path, digest: str) -> Path:
    """Return the file of the journal of this scan.

    Raises
    ------
    JournalError
        If there is none.
    """
    if not journal.exists():
        raise JournalError(f"{journal} does not exist")
    # The root of a run's journals, the folder of one, or its file.
    places = (journals.journal_path(journal, digest), journal / journals.FILE_NAME, journal)
    path = next((place for place in places if place.is_file()), None)
    if path is None or _digest_in(path) != digest:
        raise JournalError(
            f"{journal} holds no journal of {scan} (digest {digest[:12]}...): give the scan, and "
            "the series, that the run had"
        )
    return path


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
