"""``gazesam segment``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from GazeSAMLib.engines.registry import fallback_notice
from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.cli.answering import in_process as engine_in_process
from GazeSAMLib.hosts.cli.answering import in_worker
from GazeSAMLib.hosts.cli.continuing import ContinueOption
from GazeSAMLib.hosts.cli.edge import CANCELLED, INPUT_ERROR
from GazeSAMLib.hosts.cli.foreign_display import (
    ForeignDisplayMmOption,
    ForeignDisplayOption,
    ForeignDistanceOption,
    told_display,
)
from GazeSAMLib.hosts.cli.illustrating import make_folder, sheet_of, write_pictures
from GazeSAMLib.hosts.cli.report import remarks, write_report
from GazeSAMLib.hosts.cli.segmenting import DEFAULT_ENGINE, Job, Segmented
from GazeSAMLib.hosts.cli.segmenting import segment as segment_job
from GazeSAMLib.hosts.cli.summary_table import show_summary
from GazeSAMLib.hosts.cli.terminal import progress_bars, tell, tell_error
from GazeSAMLib.scans.progress import Progress
from GazeSAMLib.signals.drift_file import FILE_NAME, settings_folder

EPILOG = """\
Examples:

gazesam segment ct_folder --gaze monday --output liver.seg.nrrd

gazesam segment brain.nii.gz --gaze monday -o brain.nii.gz -o brain.json --pictures pictures

What is accepted is kept in a journal beside the output until it is written: after a crash,
gazesam restore makes a segmentation of it, and --continue JOURNAL goes on from it.
"""


def _told_of_fallback(context: typer.Context, name: str) -> str:
    """Say so where no engine was named and another takes the default's place."""
    notice, source = fallback_notice(), context.get_parameter_source("engine")
    if notice and source is not None and source.name == "DEFAULT":
        tell(notice)
    return name


ScanArgument = Annotated[
    Path,
    typer.Argument(
        metavar="SCAN", help="A folder of DICOM files, or a NIfTI, NRRD, MetaImage, PNG, JPEG file."
    ),
]
SeriesOption = Annotated[
    str | None,
    typer.Option(metavar="S", help="Which series or volume, as `gazesam info` numbers them."),
]
OutputOption = Annotated[
    list[Path],
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="Where to: .seg.nrrd (for 3D Slicer), .nrrd, .nii.gz, .nii, .dcm (DICOM SEG), "
        ".json (COCO); may be given several times.",
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        metavar="E",
        help="What draws the outlines; `gazesam engines` lists them.",
        callback=_told_of_fallback,
    ),
]
CheckpointOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Weights of the engine, where it needs some; for onnx, the folder of a model.",
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        metavar="D",
        help="Where the engine computes: cpu, cuda, cuda:1; with a precision: cuda,fp16 or"
        " cpu,bf16. The best is found out by default.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")
]
SettingsOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the settings, in place of the user's own."),
]
PropagateOption = Annotated[
    bool,
    typer.Option(
        "--propagate",
        help="Carry each accepted slice on to its neighbours, as far as the structure goes.",
    ),
]
OverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite-segments", help="Let a new mask take voxels of other segments."),
]


def segment(
    scan: ScanArgument,
    *,
    gaze: Annotated[
        Path,
        typer.Option(
            metavar="RECORDING",
            help="Recording of gaze: GazeSAM's folder, or a file as `gazesam import-gaze` reads.",
        ),
    ],
    output: OutputOption,
    engine: EngineOption = DEFAULT_ENGINE,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for pictures of what was accepted.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="A page that tells it all.")
    ] = None,
    series: SeriesOption = None,
    overwrite_segments: OverwriteOption = False,
    propagate: PropagateOption = False,
    base: ContinueOption = None,
    accuracy_deg: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            min=0.0,
            max=20.0,
            help="How far the tracker's gaze typically lies from the true one, degrees.",
        ),
    ] = None,
    kept_correction: Annotated[
        bool,
        typer.Option(
            "--kept-correction",
            help="Correct the gaze with what `gazesam accuracy --keep` kept for this tracker.",
        ),
    ] = False,
    settings: SettingsOption = None,
    display: ForeignDisplayOption = None,
    display_mm: ForeignDisplayMmOption = None,
    distance_mm: ForeignDistanceOption = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Run the engine in this process, not its own.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a segmentation from a scan and a recording of gaze."""
    job = Job(
        scan,
        gaze,
        tuple(output),
        series=series,
        engine=engine,
        engine_options=engine_options(checkpoint, device),
        overwrite_segments=overwrite_segments,
        propagate=propagate,
        base=base,
        accuracy_deg=accuracy_deg,
        display=told_display(display, display_mm, distance_mm),
        kept_drift=(settings or settings_folder()) / FILE_NAME if kept_correction else None,
    )
    check_illustrations(pictures, report)
    with progress_bars() as progress:
        answering = engine_in_process if in_process else in_worker
        done = segment_job(job, answering=answering, progress=progress)
    if as_json:
        typer.echo(json.dumps(done.summary.to_json(), indent=2))
    else:
        for remark in remarks(done):
            tell(remark)
        show_summary(done.summary)
    with progress_bars() as progress:
        illustrate(done, pictures, report, progress)
    finish(done)


def engine_options(checkpoint: Path | None, device: str | None) -> dict[str, str]:
    """Return the options of an engine that were given."""
    place, _, precision = (device or "").partition(",")
    given = {"checkpoint": checkpoint, "device": place, "precision": precision.strip()}
    return {name: str(value) for name, value in given.items() if value}


def check_illustrations(pictures: Path | None, report: Path | None) -> None:
    """Find out before the work whether pictures and report can be written.

    Raises
    ------
    OutputError
        If a folder is missing and cannot be made.
    """
    if pictures is not None:
        make_folder(pictures)
    if report is not None and not report.parent.is_dir():
        raise OutputError(f"the folder {report.parent} does not exist: make it first")


def illustrate(
    done: Segmented, pictures: Path | None, report: Path | None, progress: Progress
) -> None:
    """Write the pictures and the report that are wanted.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    if pictures is None and report is None:
        return
    sheet = sheet_of(done)
    if pictures is not None:
        write_pictures(done, sheet, pictures, progress)
    if report is not None:
        write_report(report, done, sheet)


def finish(done: Segmented) -> None:
    """Leave with the exit code that fits what stopped the replay, if anything did.

    Raises
    ------
    typer.Exit
        If the recording was not replayed to its end.
    """
    saved = f"what was accepted until then is in {' and '.join(done.summary.outputs)}"
    if done.replayed.error is not None:
        tell_error(f"{str(done.replayed.error).rstrip('.')}; {saved}")
        raise typer.Exit(INPUT_ERROR)
    if done.replayed.cancelled:
        tell(f"cancelled; {saved}")
        raise typer.Exit(CANCELLED)
