"""``gazesam measure``."""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.errors import OutputError, ScanError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.export_seg import LabelmapArgument
from GazeSAMLib.hosts.cli.segment import SeriesOption
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.coded_segments import CodedSegment
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.read_segments import read_segments
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation import measures
from GazeSAMLib.segmentation.measures import Measures
from GazeSAMLib.segmentation.segment import Segment
from GazeSAMLib.segmentation.values_under import values_under

EPILOG = """\
Examples:

gazesam measure liver.seg.nrrd --scan ct_folder

gazesam measure liver.dcm --scan ct_folder --csv liver.csv --json liver.json

Diameters are the largest distances between voxel centres: in plane on one slice of the label map,
and in space. All parts of a segment count together.
"""

COLUMNS = (
    "segment",
    "voxels",
    "volume_ml",
    "longest_in_plane_mm",
    "longest_in_plane_k",
    "longest_3d_mm",
    "mean",
    "sd",
)
"""Of the CSV file, and keys of the JSON one; k is the slice's number in the label map, from 0."""


@dataclass(frozen=True, eq=False)
class MeasuredSegment:
    """A segment and its measures."""

    segment: Segment
    measures: Measures

    def values(self) -> dict[str, Any]:
        """Return the measures by :data:`COLUMNS`; what there is not is None."""
        found: dict[str, Any] = {"segment": self.segment.name}
        for column in COLUMNS[1:]:
            value = getattr(self.measures, column)
            is_nan = isinstance(value, float) and math.isnan(value)
            found[column] = None if is_nan else value
        return found


def measure(
    labelmap: LabelmapArgument,
    *,
    scan: Annotated[
        Path | None,
        typer.Option("--scan", metavar="SCAN", help="The scan, for mean and SD of its values."),
    ] = None,
    series: SeriesOption = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a table.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the same as JSON.")
    ] = None,
) -> None:
    """Tell volume, longest diameters, and mean and SD of intensity of every segment."""
    for output in filter(None, (csv_file, json_file)):
        if not output.parent.is_dir():
            raise OutputError(f"the folder {output.parent} does not exist: make it first")
    found = read_segments(labelmap)
    opened = None
    if scan is not None:
        with progress_bars() as progress:
            opened = read_scan(scan, series=series, progress=progress)
    measured = [_measured(one, found.volume, opened) for one in found.segments]
    known = [one.measures for one in measured if one.measures.voxels]
    if opened is not None and known and all(math.isnan(one.mean) for one in known):
        raise ScanError(
            f"{labelmap} does not fit {scan}: it lies outside, so it belongs to another patient or "
            "scan"
        )
    for note in found.notes:
        tell(note)
    results().print(_table(measured, "" if opened is None else opened.modality))
    if csv_file is not None:
        _write_csv(csv_file, measured)
    if json_file is not None:
        content = {
            "labelmap": str(labelmap),
            "scan": None if scan is None else str(scan),
            "segments": [one.values() for one in measured],
        }
        with replacing(json_file) as beside:
            beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        results().print(escape(f"written: {json_file}"))


def _measured(one: CodedSegment, grid: VolumeGeometry, scan: Scan | None) -> MeasuredSegment:
    values = None
    if scan is not None:
        values = values_under(one.patch, grid, scan.voxels_kji, scan.volume)
    return MeasuredSegment(one.segment, measures.measure(one.patch, grid, values))


def _table(measured: list[MeasuredSegment], modality: str) -> Table:
    unit = " HU" if modality == "CT" else ""
    table = Table(
        "segment",
        "ml",
        "mm in plane",
        "slice",
        "mm in 3D",
        f"mean{unit}",
        f"SD{unit}",
        "voxels",
        box=SIMPLE_HEAD,
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for one in measured:
        color = "#" + "".join(f"{round(255 * part):02x}" for part in one.segment.color_rgb)
        own = one.measures
        table.add_row(
            f"[{color}]■[/] {escape(one.segment.name)}",
            f"{own.volume_ml:.2f}",
            _number(own.longest_in_plane_mm),
            "" if own.longest_in_plane_k is None else str(own.longest_in_plane_k + 1),
            _number(own.longest_3d_mm),
            _number(own.mean),
            _number(own.sd),
            f"{own.voxels:,}",
        )
    return table


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def _write_csv(path: Path, measured: list[MeasuredSegment]) -> None:
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(one.values() for one in measured)
    results().print(escape(f"written: {path}"))
