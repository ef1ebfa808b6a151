"""``gazesam restore``."""

from pathlib import Path
from typing import Annotated

import typer

from GazeSAMLib.errors import JournalError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.continuing import ContinueOption, begin_with
from GazeSAMLib.hosts.cli.journal_file import journal_file
from GazeSAMLib.hosts.cli.outputs import check_dicom_outputs, check_outputs, write_output
from GazeSAMLib.hosts.cli.segment import OutputOption, OverwriteOption, ScanArgument, SeriesOption
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.segmentation.journal import read_journal
from GazeSAMLib.segmentation.journal_steps import restore as restore_steps
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
    digest = scan_digest(read.voxels_kji, read.volume)
    path = journal_file(journal, scan, digest)
    labelmap = Labelmap(read.volume.shape_kji, overwrite=overwrite_segments)
    begun = begin_with(labelmap, base, read, digest)
    segments = restore_steps(read_journal(path), read.volume, labelmap)
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
