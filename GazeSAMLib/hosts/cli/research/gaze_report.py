"""What a recording says of the signal and the reader, as JSON values and as a page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from GazeSAMLib import __version__
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.hosts.cli.research.gaze_table import GazeTable
from GazeSAMLib.hosts.cli.research.quality import (
    FixationFigures,
    Quality,
    fixation_figures,
    quality_of,
)
from GazeSAMLib.hosts.cli.research.structure_time import StructureTime, structure_times
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.simulation.truth import Structure

_TEMPLATE = "gaze_report.html.j2"


@dataclass(frozen=True, slots=True)
class GazeReport:
    """A recording in numbers.

    Attributes
    ----------
    header : RecordingHeader
        Its circumstances.
    quality : Quality
        The signal.
    fixations : FixationFigures
        What the eye did.
    structures : tuple of StructureTime
        Where it was; empty without labels.
    notes : tuple of str
        What was put right when the recording was read.
    """

    header: RecordingHeader
    quality: Quality
    fixations: FixationFigures
    structures: tuple[StructureTime, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"version": __version__, **asdict(self)}


def gaze_report(
    table: GazeTable,
    header: RecordingHeader,
    structures: Sequence[Structure] = (),
    notes: Sequence[str] = (),
) -> GazeReport:
    """Return the report of a recording, with the time per structure where there are some."""
    quality = quality_of(table, header)
    return GazeReport(
        header,
        quality,
        fixation_figures(table.fixations, quality.duration_s, table.display),
        tuple(structure_times(table, structures)) if structures else (),
        tuple(notes),
    )


def write_gaze_report(path: Path, report: GazeReport, title: str) -> None:
    """Write the report as one HTML file without scripts or links.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    folder = files("GazeSAMLib.hosts.cli.research")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(folder.joinpath(_TEMPLATE).read_text(encoding="utf-8")).render(
        title=title,
        version=__version__,
        tracker=report.header.tracker.name,
        quality=report.quality,
        quality_rows=quality_rows(report.quality),
        fixation_rows=fixation_rows(report.fixations),
        structures=report.structures,
        notes=report.notes,
    )
    with replacing(path) as beside:
        beside.write_text(page, encoding="utf-8")


def quality_rows(quality: Quality) -> list[tuple[str, str]]:
    """Return the signal's figures in words and units."""
    nominal = quality.nominal_rate_hz
    precision = quality.precision_rms_deg
    return [
        ("samples", f"{quality.sample_count:,}"),
        ("rate", f"{quality.rate_hz:.1f} Hz" + (f" of {nominal:g} Hz" if nominal else "")),
        ("samples that never came", f"{100.0 * quality.missing_share:.1f} %"),
        ("with gaze", f"{100.0 * quality.valid_share:.1f} %"),
        ("left eye", f"{100.0 * quality.left_valid_share:.1f} %"),
        ("right eye", f"{100.0 * quality.right_valid_share:.1f} %"),
        ("of that on the display", f"{100.0 * quality.on_display_share:.1f} %"),
        ("precision, RMS-S2S", "unknown" if precision is None else f"{precision:.2f}°"),
        ("gaps of 75 ms and more", f"{quality.gap_count}, {quality.gap_s:.1f} s together"),
        ("longest gap", f"{quality.longest_gap_s:.2f} s"),
    ]


def fixation_rows(figures: FixationFigures) -> list[tuple[str, str]]:
    """Return the fixations' figures in words and units."""
    return [
        ("fixations", str(figures.count)),
        ("a minute", f"{figures.per_minute:.0f}"),
        ("median duration", f"{figures.median_duration_ms:.0f} ms"),
        ("longest", f"{figures.longest_duration_ms:.0f} ms"),
        ("together", f"{figures.total_s:.1f} s"),
        ("median way between two", f"{figures.median_saccade_deg:.1f}°"),
    ]
