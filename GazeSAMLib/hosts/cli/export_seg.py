"""``gazesam export-seg``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.cli.outputs import check_outputs
from GazeSAMLib.hosts.cli.segment import SeriesOption
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.read_segments import read_segments
from GazeSAMLib.scans.write_dicom_seg import DICOM_SEG_EXTENSION, write_dicom_seg

EPILOG = """\
Example:

gazesam export-seg liver.seg.nrrd --scan ct_folder --output liver.dcm

Names, colours and terminology come from the file; where it has none, a segment is "Tissue". The
scan must be the DICOM series that was segmented, with its UIDs.
"""

LabelmapArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LABELMAP",
        help="A segmentation: .seg.nrrd, .nrrd, NIfTI, MetaImage, DICOM segmentation.",
    ),
]


def export_seg(
    labelmap: LabelmapArgument,
    *,
    scan: Annotated[Path, typer.Option("--scan", metavar="SCAN", help="DICOM folder of the scan.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.dcm", help="Where to.")],
    series: SeriesOption = None,
    compress: Annotated[
        bool, typer.Option("--compress", help="Deflate the file; not every archive takes that.")
    ] = False,
) -> None:
    """Write a segmentation as a DICOM object for the archive (DICOM SEG)."""
    if not output.name.endswith(DICOM_SEG_EXTENSION):
        raise OutputError(f"cannot write {output}: let its name end in {DICOM_SEG_EXTENSION}")
    check_outputs([output], (labelmap, scan))
    found = read_segments(labelmap)
    with progress_bars() as progress:
        opened = read_scan(scan, series=series, progress=progress)
    for note in (
        *found.notes,
        *write_dicom_seg(output, found, opened.source_frames, compress=compress),
    ):
        tell(note)
    names = ", ".join(one.segment.name for one in found.segments)
    results().print(escape(f"written: {output} ({names})"))
