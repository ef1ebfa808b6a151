"""``gazesam report``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.errors import OutputError
from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.export_gaze import RecordingArgument, ScanOption
from GazeSAMLib.hosts.cli.foreign_display import (
    ForeignDisplayMmOption,
    ForeignDisplayOption,
    ForeignDistanceOption,
    told_display,
)
from GazeSAMLib.hosts.cli.replaying import own_drift
from GazeSAMLib.hosts.cli.research.gaze_report import (
    GazeReport,
    fixation_rows,
    gaze_report,
    quality_rows,
    write_gaze_report,
)
from GazeSAMLib.hosts.cli.research.gaze_table import gaze_table
from GazeSAMLib.hosts.cli.same_scan import check_same_scan
from GazeSAMLib.hosts.cli.segment import JsonOption, SeriesOption
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.signals.chain import Detector, SignalOptions
from GazeSAMLib.simulation.truth import read_structures

EPILOG = """\
Examples:

gazesam report monday

gazesam report monday --scan abdomen.nii.gz --labels organs.nii.gz --output monday.html
"""


def report(
    recording: RecordingArgument,
    *,
    scan: ScanOption = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(metavar="LABELMAP", help="Structures of the scan; several times if need be."),
    ] = None,
    series: SeriesOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write it to a .html or .json file too."
        ),
    ] = None,
    fixations: Annotated[
        Detector, typer.Option(help="How they are found: I-DT (dispersion) or I-VT (velocity).")
    ] = Detector.DISPERSION,
    display: ForeignDisplayOption = None,
    display_mm: ForeignDisplayMmOption = None,
    distance_mm: ForeignDistanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell of a recording: signal quality, fixations, time per structure."""
    if labels and scan is None:
        raise typer.BadParameter("--labels needs the --scan that they belong to")
    _check_output(output)
    read = read_gaze(recording, told_display(display, display_mm, distance_mm))
    notes = list(read.notes)
    options = SignalOptions(drift=own_drift(read.header), detector=fixations)
    with progress_bars() as progress:
        volume, structures = None, []
        if scan is not None:
            opened = read_scan(scan, series=series, progress=progress)
            volume = opened.volume
            digest = scan_digest(opened.voxels_kji, volume)
            note = check_same_scan(recording, read.header, scan, digest)
            notes += [note] if note else []
            structures = read_structures(labels or [], opened)
        table = gaze_table(read, volume, options, progress)
    found = gaze_report(table, read.header, structures, notes)
    if output is not None:
        _write(output, found, recording.name)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
        return
    for note in notes:
        tell(note)
    _show(found)


def _check_output(output: Path | None) -> None:
    if output is None:
        return
    if output.suffix not in (".html", ".json"):
        raise OutputError(f"{output}: end its name in .html or .json")
    if not output.parent.is_dir():
        raise OutputError(f"the folder {output.parent} does not exist: make it first")


def _write(output: Path, found: GazeReport, title: str) -> None:
    if output.suffix == ".html":
        write_gaze_report(output, found, title)
        return
    with replacing(output) as beside:
        beside.write_text(json.dumps(found.to_json(), indent=2) + "\n", encoding="utf-8")


def _show(found: GazeReport) -> None:
    console = results()
    for name, value in (*quality_rows(found.quality), *fixation_rows(found.fixations)):
        console.print(f"[dim]{name:26}[/]{escape(value)}")
    if not found.structures:
        return
    table = Table("structure", "time", "share", "fixations", "visits", "first", box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found.structures:
        table.add_row(
            escape(one.name),
            f"{one.seconds:.2f} s",
            f"{100.0 * one.share:.1f} %",
            str(one.fixations),
            str(one.visits),
            "" if one.first_s is None else f"{one.first_s:.1f} s",
        )
    console.print(table)
