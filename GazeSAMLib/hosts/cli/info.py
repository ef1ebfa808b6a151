"""``gazesam info``."""

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.segment import JsonOption, ScanArgument, SeriesOption
from GazeSAMLib.hosts.cli.summary import ScanFacts, scan_facts
from GazeSAMLib.hosts.cli.terminal import progress_bars, results
from GazeSAMLib.scans.dicom import list_series
from GazeSAMLib.scans.dicom_series import SeriesInfo
from GazeSAMLib.scans.progress import Progress
from GazeSAMLib.scans.read import read_scan

EPILOG = """\
Examples:

gazesam info ct_folder

gazesam info ct_folder --series 2 --json
"""


def info(scan: ScanArgument, *, series: SeriesOption = None, as_json: JsonOption = False) -> None:
    """Tell what a scan is: its series, geometry, orientation, window, digest."""
    with progress_bars() as progress:
        listed = _series_to_choose_from(scan, series, progress)
        facts = None if listed else _facts(scan, series, progress)
    if as_json:
        values = {"series": [asdict(one) for one in listed]} if facts is None else asdict(facts)
        typer.echo(json.dumps(values, indent=2))
    elif facts is None:
        results().print(_series_table(listed))
        results().print("choose one with --series")
    else:
        _show_facts(facts)


def _series_to_choose_from(path: Path, series: str | None, progress: Progress) -> list[SeriesInfo]:
    """Return the series of a folder where there are several and none was chosen."""
    if series is not None or not path.is_dir():
        return []
    listed = list_series(path, progress=progress)
    return listed if len(listed) > 1 else []


def _facts(path: Path, series: str | None, progress: Progress) -> ScanFacts:
    scan = read_scan(path, series=series, progress=progress)
    return scan_facts(scan, scan_digest(scan.voxels_kji, scan.volume))


def _series_table(listed: list[SeriesInfo]) -> Table:
    table = Table(
        "series", "modality", "description", "columns x rows x slices", "part", box=SIMPLE_HEAD
    )
    for one in listed:
        size = f"{one.columns} x {one.rows} x {one.slice_count}"
        table.add_row(
            str(one.number), one.modality, escape(one.description), size, escape(one.part)
        )
    return table


def _show_facts(facts: ScanFacts) -> None:
    rows = {
        "name": facts.name,
        "modality": facts.modality or "unknown",
        "size": " x ".join(map(str, facts.size_ijk)) + " voxels",
        "spacing": " x ".join(f"{mm:g}" for mm in facts.spacing_mm) + " mm",
        "axes": f"{facts.axes} (where i, j and k grow to)",
        "window, level": f"{facts.window:g}, {facts.level:g}",
        "digest": facts.digest,
    }
    for name, value in (*rows.items(), *(("note", note) for note in facts.notes)):
        results().print(f"[dim]{name:15}[/]{escape(value)}")
