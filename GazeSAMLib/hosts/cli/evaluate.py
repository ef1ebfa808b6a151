"""``gazesam evaluate``."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from GazeSAMLib.engines.engine import Engine
from GazeSAMLib.engines.registry import DEFAULT, FALLBACK, fallback_notice, make_engine
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings, stored_for
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.evaluation_output import write_evaluation
from GazeSAMLib.hosts.cli.evaluation_table import show_evaluation
from GazeSAMLib.hosts.cli.illustrating import make_folder
from GazeSAMLib.hosts.cli.labelled import (
    DISPLAY_MM,
    DISPLAY_PX,
    DISTANCE_MM,
    DisplayMmOption,
    DisplayOption,
    DistanceOption,
    LabelsOption,
    SeedOption,
    SlicesOption,
    StructureOption,
    display_of_options,
    open_labelled,
)
from GazeSAMLib.hosts.cli.propagation_table import show_efforts
from GazeSAMLib.hosts.cli.segment import (
    CheckpointOption,
    DeviceOption,
    JsonOption,
    ScanArgument,
    SeriesOption,
    engine_options,
)
from GazeSAMLib.hosts.cli.segmenting import DEFAULT_ENGINE
from GazeSAMLib.hosts.cli.terminal import progress_bars, tell
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.evaluation import EvaluationOptions, Evaluator
from GazeSAMLib.simulation.propagation_evaluation import propagation_efforts
from GazeSAMLib.simulation.report import evaluation_json

EPILOG = """\
Examples:

gazesam evaluate abdomen.nii.gz --labels organs.nii.gz

gazesam evaluate ct_folder --labels liver.seg.nrrd --engine region --engine sam
--checkpoint sam_vit_b_01ec64.pth --output accuracy --json

gazesam evaluate abdomen.nii.gz --labels organs.nii.gz --propagate --structure liver
"""


def evaluate(
    scan: ScanArgument,
    *,
    labels: LabelsOption,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="E",
            help=f"What is tried, {DEFAULT_ENGINE} by default; may be given several times.",
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for JSON, plot and failures."),
    ] = None,
    structure: StructureOption = None,
    slices_per_structure: SlicesOption = 3,
    most_sections: Annotated[
        int, typer.Option(metavar="N", min=0, help="At most so many cross-sections; 0: no limit.")
    ] = 150,
    series: SeriesOption = None,
    display: DisplayOption = DISPLAY_PX,
    display_mm: DisplayMmOption = DISPLAY_MM,
    distance_mm: DistanceOption = DISTANCE_MM,
    seed: SeedOption = 0,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="Tell engines nothing of the gaze's error, and take their candidates as they "
            "come: what the choice is to be compared with.",
        ),
    ] = False,
    propagate: Annotated[
        bool,
        typer.Option(
            "--propagate",
            help="Measure instead how many looks whole structures take with and without "
            "propagation.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how well engines segment labelled structures from looks.

    The first look goes to the structure's centre, each further one to the centre of the
    largest error, and says "add" or "not this"; all with a gaze error as large as the
    display, the layout and the tracker make it.
    """
    options = EvaluationOptions(
        display_of_options(display, display_mm, distance_mm),
        slices_per_structure or None,
        most_sections or None,
        seed,
        plain,
    )
    if not engine and (notice := fallback_notice()):
        tell(notice)
    engines = _engines(engine or [DEFAULT_ENGINE], engine_options(checkpoint, device))
    if output is not None:
        make_folder(output)  # before the work, not after it
    if propagate:
        with progress_bars() as progress:
            opened = open_labelled(scan, labels, series, structure, progress)
            efforts = {
                tried.name: propagation_efforts(
                    tried,
                    opened.scan,
                    opened.structures,
                    options.display,
                    progress,
                    _stored(tried, opened.scan),
                )
                for tried in engines
            }
        show_efforts(efforts, output, as_json=as_json)
        return
    with progress_bars() as progress:
        opened = open_labelled(scan, labels, series, structure, progress)
        evaluator = Evaluator(opened.scan, opened.structures, options)
        found = [
            evaluator.evaluate(tried, progress, _stored(tried, opened.scan)) for tried in engines
        ]
    written = [] if output is None else write_evaluation(output, found, evaluator)
    if as_json:
        typer.echo(json.dumps(evaluation_json(found), indent=2))
        return
    for name in evaluator.shown.unseen:
        tell(f"{name} was left out: no slice shows it well enough to be looked at")
    show_evaluation(found, written)


def _stored(engine: Engine[Any], scan: Scan) -> StoredEmbeddings | None:
    return stored_for(engine, partial(scan_digest, scan.voxels_kji, scan.volume), tell)


def _engines(names: list[str], given: dict[str, str]) -> list[Any]:
    """Make the engines; what was given is for those that need something, if there are any."""
    taking = set(names) - {DEFAULT, FALLBACK} or set(names)
    return [make_engine(name, **(given if name in taking else {})) for name in dict.fromkeys(names)]
