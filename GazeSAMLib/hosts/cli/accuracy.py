"""``gazesam accuracy``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.errors import OutputError, RecordingError
from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.hosts.cli.export_gaze import RecordingArgument
from GazeSAMLib.hosts.cli.foreign_display import (
    ForeignDisplayMmOption,
    ForeignDisplayOption,
    ForeignDistanceOption,
    told_display,
)
from GazeSAMLib.hosts.cli.illustrating import write_png
from GazeSAMLib.hosts.cli.pictures.accuracy_check import accuracy_check
from GazeSAMLib.hosts.cli.replaying import display_of
from GazeSAMLib.hosts.cli.segment import JsonOption, SettingsOption
from GazeSAMLib.hosts.cli.terminal import results, tell
from GazeSAMLib.signals.accuracy import Accuracy, TargetGaze, gaze_at_targets, measure
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.drift_file import FILE_NAME, DriftFile, settings_folder
from GazeSAMLib.signals.drift_fit import fit_drift
from GazeSAMLib.signals.types import GazePoint

EPILOG = """\
Examples:

gazesam accuracy check --picture check.png

gazesam accuracy check --keep

The recording says with 'target' events which marks were to be looked at, and when
(docs/recording.md). The correction is affine where five marks or more were looked at, and marks
that were not looked at do not count; --keep keeps it for this tracker and display, for
`gazesam segment --kept-correction`.
"""


NOT_LOOKED_AT_DEG = 5.0
"""No tracker that works is off by so much."""


def accuracy(
    recording: RecordingArgument,
    *,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Where to draw marks, gaze and error vectors."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the correction for this tracker and display.")
    ] = False,
    settings: SettingsOption = None,
    display: ForeignDisplayOption = None,
    display_mm: ForeignDisplayMmOption = None,
    distance_mm: ForeignDistanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how good the tracker is, from a recording of looks at marks."""
    if picture is not None and not picture.parent.is_dir():
        raise OutputError(f"the folder {picture.parent} does not exist: make it first")
    read = read_gaze(recording, told_display(display, display_mm, distance_mm))
    screen = display_of(read.header)
    try:
        gazes = gaze_at_targets(read.samples, read.events, screen)
        found = measure(gazes, screen)
    except RecordingError as error:
        raise RecordingError(f"{recording}: {error}") from error
    drift = drift_of(gazes)
    if picture is not None:
        write_png(picture, accuracy_check(gazes, found, screen, drift))
    if keep:
        DriftFile((settings or settings_folder()) / FILE_NAME).put(
            read.header.tracker, screen, drift
        )
    left_deg = corrected_error_deg(gazes, drift)
    if as_json:
        values = {
            **asdict(found),
            "correction": asdict(drift),
            "corrected_deg": left_deg,
            "notes": list(read.notes),
        }
        typer.echo(json.dumps(values, indent=2))
        return
    for note in (*read.notes, *_remarks(found)):
        tell(note)
    _show(found, left_deg)
    if keep:
        results().print(
            f"kept for {escape(read.header.tracker.name)} in front of this display: the correction"
        )


def _remarks(found: Accuracy) -> list[str]:
    remarks = [
        f"the gaze was far from the mark at {one.x_display:.2f}, {one.y_display:.2f}"
        for one in found.targets
        if one.accuracy_deg > NOT_LOOKED_AT_DEG
    ]
    if found.unusable:
        remarks.append(f"{found.unusable} of the marks had too little gaze to be measured")
    return remarks


def drift_of(gazes: list[TargetGaze]) -> DriftCorrection:
    """Return the correction that the usable marks give.

    Raises
    ------
    GeometryError
        If there is none.
    """
    usable = [gaze for gaze in gazes if gaze.is_usable]
    return fit_drift(
        np.array([gaze.centre_deg for gaze in usable]),
        np.array([gaze.target_deg for gaze in usable]),
    )


def corrected_error_deg(gazes: list[TargetGaze], drift: DriftCorrection) -> float:
    """Return the median distance from the marks that a correction leaves, degrees."""
    left = []
    for gaze in gazes:
        if gaze.is_usable:
            point = drift.correct(GazePoint(0, *gaze.centre_deg.tolist()))
            left.append(float(np.hypot(*(np.array((point.x_deg, point.y_deg)) - gaze.target_deg))))
    return float(np.median(left))


def _show(found: Accuracy, left_deg: float) -> None:
    table = Table("mark", "error", "", "right", "down", "RMS-S2S", "SD", "lost", box=SIMPLE_HEAD)
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found.targets:
        table.add_row(
            f"{one.x_display:.2f}, {one.y_display:.2f}",
            f"{one.accuracy_deg:.2f}°",
            f"{one.accuracy_px:.0f} px",
            f"{one.offset_deg[0]:+.2f}°",
            f"{one.offset_deg[1]:+.2f}°",
            f"{one.precision_rms_deg:.2f}°",
            f"{one.precision_sd_deg:.2f}°",
            f"{100.0 * one.data_loss:.1f} %",
        )
    results().print(table)
    results().print(
        f"accuracy {found.accuracy_deg:.2f}° ({found.accuracy_px:.0f} px), at worst "
        f"{found.worst_deg:.2f}°; precision {found.precision_rms_deg:.2f}° RMS-S2S, "
        f"{found.precision_sd_deg:.2f}° SD; lost {100.0 * found.data_loss:.1f} %; the correction "
        f"leaves {left_deg:.2f}°"
    )
