"""``gazesam simulate``."""

import json
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.answering import in_process as engine_in_process
from GazeSAMLib.hosts.cli.answering import in_worker
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
from GazeSAMLib.hosts.cli.segment import (
    CheckpointOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    ScanArgument,
    SeriesOption,
    engine_options,
)
from GazeSAMLib.hosts.cli.segmenting import DEFAULT_ENGINE
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell
from GazeSAMLib.simulation.attempt import Outcome, Reading
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.simulate import Simulation, SimulationOptions
from GazeSAMLib.simulation.simulate import simulate as simulate_reading
from GazeSAMLib.simulation.window import Layout

EPILOG = """\
Examples:

gazesam simulate abdomen.nii.gz --labels organs.nii.gz --output monday

gazesam simulate ct_folder --labels liver.seg.nrrd --output four --layout four-up
--gaze-error-deg 0.8 --seed 7

Then: gazesam segment abdomen.nii.gz --gaze monday --output organs.seg.nrrd
"""


def simulate(
    scan: ScanArgument,
    *,
    labels: LabelsOption,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="RECORDING", help="Folder of the new recording."),
    ],
    engine: EngineOption = DEFAULT_ENGINE,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Run the engine in this process, not its own.")
    ] = False,
    layout: Annotated[Layout, typer.Option(help="One slice view, or three and a 3D view.")] = (
        Layout.ONE_UP
    ),
    gaze_error_deg: Annotated[
        float,
        typer.Option(metavar="X", min=0.0, max=20.0, help="The tracker's constant error, degrees."),
    ] = ReaderOptions().accuracy_deg,
    precision_deg: Annotated[
        float,
        typer.Option(metavar="X", min=0.0, max=5.0, help="Its noise: RMS from sample to sample."),
    ] = ReaderOptions().precision_rms_deg,
    rate_hz: Annotated[
        float, typer.Option(metavar="F", min=20.0, max=2000.0, help="Its samples a second.")
    ] = ReaderOptions().rate_hz,
    structure: StructureOption = None,
    slices_per_structure: SlicesOption = 3,
    series: SeriesOption = None,
    display: DisplayOption = DISPLAY_PX,
    display_mm: DisplayMmOption = DISPLAY_MM,
    distance_mm: DistanceOption = DISTANCE_MM,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a recording as a person would who segments the labelled structures by looking."""
    options = SimulationOptions(
        display_of_options(display, display_mm, distance_mm),
        layout,
        ReaderOptions(
            rate_hz=rate_hz, accuracy_deg=gaze_error_deg, precision_rms_deg=precision_deg
        ),
        slices_per_structure=slices_per_structure or None,
        seed=seed,
    )
    with progress_bars() as progress:
        opened = open_labelled(scan, labels, series, structure, progress)
        digest = scan_digest(opened.scan.voxels_kji, opened.scan.volume)
        answering = engine_in_process if in_process else in_worker
        with answering(engine, opened.scan, **engine_options(checkpoint, device)) as answers:
            done = simulate_reading(
                output,
                opened.scan,
                opened.structures,
                answers.look,
                options,
                scan_digest=digest,
                progress=progress,
            )
    if as_json:
        typer.echo(json.dumps(_to_json(done, output), indent=2))
        return
    for name in done.unseen:
        tell(f"{name} was skipped: no slice shows it well enough to be looked at")
    _show(done, output)


def _by_structure(done: Simulation) -> dict[str, list[Reading]]:
    groups: dict[str, list[Reading]] = {}
    for reading in done.readings:
        groups.setdefault(reading.structure, []).append(reading)
    return groups


def _to_json(done: Simulation, output: Path) -> dict[str, object]:
    return {
        "recording": str(output),
        "duration_s": round(done.duration_s, 3),
        "mean_dice": round(fmean(reading.dice for reading in done.readings), 4),
        "outcomes": dict(Counter(reading.outcome.value for reading in done.readings)),
        "corrections": dict(Counter(c for reading in done.readings for c in reading.corrections)),
        "structures": [
            {
                "name": name,
                "slices": len(readings),
                "dice": round(fmean(reading.dice for reading in readings), 4),
                "corrections": sum(len(reading.corrections) for reading in readings),
            }
            for name, readings in _by_structure(done).items()
        ],
        "unseen": list(done.unseen),
    }


def _show(done: Simulation, output: Path) -> None:
    table = Table("structure", "slices", *(outcome.value for outcome in Outcome), "Dice")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, readings in _by_structure(done).items():
        outcomes = Counter(reading.outcome for reading in readings)
        table.add_row(
            escape(name),
            str(len(readings)),
            *(str(outcomes[outcome] or "") for outcome in Outcome),
            f"{fmean(reading.dice for reading in readings):.2f}",
        )
    console = results()
    console.print(table)
    kept = [reading.dice for reading in done.readings if reading.dice > 0.0]
    told = f"mean Dice {fmean(kept):.2f} where something was accepted" if kept else "all given up"
    console.print(
        f"{done.duration_s:.0f} s of gaze, {len(kept)} of {len(done.readings)} cross-sections "
        f"accepted, {told}"
    )
    console.print(f"written: {escape(str(output))}")
