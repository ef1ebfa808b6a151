"""``gazesam export-gaze``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.foreign_display import (
    ForeignDisplayMmOption,
    ForeignDisplayOption,
    ForeignDistanceOption,
    told_display,
)
from GazeSAMLib.hosts.cli.illustrating import make_folder, write_png
from GazeSAMLib.hosts.cli.research.bids import Run, begin_derivatives, write_bids
from GazeSAMLib.hosts.cli.research.gaze_table import GazeTable, gaze_table
from GazeSAMLib.hosts.cli.research.heat import heat_volume, write_heat_volume
from GazeSAMLib.hosts.cli.research.parquet import check_parquet, write_parquet
from GazeSAMLib.hosts.cli.research.slice_gaze import gaze_by_slice
from GazeSAMLib.hosts.cli.research.slice_pictures import heat_picture, path_picture
from GazeSAMLib.hosts.cli.same_scan import check_same_scan
from GazeSAMLib.hosts.cli.segment import JsonOption, SeriesOption
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell
from GazeSAMLib.scans.progress import Progress
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.session import SessionOptions

EPILOG = """\
Examples:

gazesam export-gaze monday --output study --subject 07

gazesam export-gaze monday --scan ct_folder --output study --parquet

The folder becomes a BIDS dataset; several recordings may go into one. With the scan there are
voxel indices too, a picture of each slice that was looked at (heat map, scan path) and a heat map
of the whole scan in derivatives/gazesam. No file names a patient: the scan stands in them by its
digest.
"""

ACCURACY_DEG = SessionOptions().accuracy_deg

RecordingArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RECORDING", help="Recording of gaze: GazeSAM's folder, or another program's file."
    ),
]
ScanOption = Annotated[
    Path | None, typer.Option("--scan", metavar="SCAN", help="The scan that was looked at.")
]
AccuracyOption = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0.0,
        max=20.0,
        help="How far the tracker's gaze typically lies from the true one, degrees.",
    ),
]


def export_gaze(
    recording: RecordingArgument,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the BIDS dataset.")
    ],
    scan: ScanOption = None,
    series: SeriesOption = None,
    subject: Annotated[str, typer.Option(metavar="S", help="Label of the reader.")] = "01",
    session: Annotated[str, typer.Option(metavar="S", help="Label of the session.")] = "",
    task: Annotated[str, typer.Option(metavar="T", help="Label of the task.")] = "reading",
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write one Parquet table too (needs pyarrow).")
    ] = False,
    accuracy_deg: AccuracyOption = ACCURACY_DEG,
    display: ForeignDisplayOption = None,
    display_mm: ForeignDisplayMmOption = None,
    distance_mm: ForeignDistanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a recording as researchers use it: BIDS, Parquet, heat maps, scan paths."""
    run = Run(subject, task, session)
    if parquet:
        check_parquet()
    read = read_gaze(recording, told_display(display, display_mm, distance_mm))
    notes = list(read.notes)
    with progress_bars() as progress:
        opened = None
        if scan is not None:
            opened = read_scan(scan, series=series, progress=progress)
            digest = scan_digest(opened.voxels_kji, opened.volume)
            note = check_same_scan(recording, read.header, scan, digest)
            notes += [note] if note else []
        table = gaze_table(read, None if opened is None else opened.volume, progress=progress)
        written = write_bids(output, read, table, run)
        derived = output / "derivatives" / "gazesam" / run.folder
        if parquet or opened is not None:
            make_folder(derived)
            written += begin_derivatives(output)
        if parquet:
            written.append(derived / f"{run.stem}_gaze.parquet")
            write_parquet(written[-1], table)
        if opened is not None:
            written += _write_maps(derived, run, opened, table, accuracy_deg, progress)
    if as_json:
        found = {"written": [str(path) for path in written], "notes": notes}
        typer.echo(json.dumps(found, indent=2))
        return
    for note in notes:
        tell(note)
    results().print(
        f"{len(table)} samples, {len(table.fixations)} fixations: {len(written)} files written to "
        f"{escape(str(output))}"
    )


def _write_maps(
    folder: Path,
    run: Run,
    scan: Scan,
    table: GazeTable,
    accuracy_deg: float,
    progress: Progress,
) -> list[Path]:
    slices = gaze_by_slice(table, scan.volume, accuracy_deg)
    written = [folder / f"{run.stem}_heat.nii.gz"]
    write_heat_volume(written[0], heat_volume(slices, scan.volume), scan.volume)
    for number, gaze in enumerate(slices, start=1):
        for kind, draw in (("heat", heat_picture), ("path", path_picture)):
            written.append(folder / f"{run.stem}_slice-{number:03d}_{kind}.png")
            write_png(written[-1], draw(scan, gaze))
        progress("drawing", number, len(slices))
    return written
