"""``gazesam demo``."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from GazeSAMLib.errors import OutputError
from GazeSAMLib.gaze.recording import EVENTS_NAME, HEADER_NAME, SAMPLES_NAME
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.demo_cases import CASES, DISPLAY, DemoCase
from GazeSAMLib.hosts.cli.illustrating import CONTACT_SHEET
from GazeSAMLib.hosts.cli.outputs import stem
from GazeSAMLib.hosts.cli.segment import (
    CheckpointOption,
    DeviceOption,
    EngineOption,
    SeriesOption,
    engine_options,
    finish,
    illustrate,
)
from GazeSAMLib.hosts.cli.segmenting import DEFAULT_ENGINE, Job, Segmented
from GazeSAMLib.hosts.cli.segmenting import segment as segment_job
from GazeSAMLib.hosts.cli.summary_table import show_segments
from GazeSAMLib.hosts.cli.terminal import progress_bars, results
from GazeSAMLib.scans.progress import Progress
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.simulation.planned import record_looks

EPILOG = """\
Examples:

gazesam demo

gazesam demo --scan ct_folder --gaze monday --open

Without --scan and --gaze it looks at two real MR scans that come with GazeSAM's dependencies;
the gaze is a virtual reader's, with the error of a good eye tracker.
"""

REPORT = "report.html"


def demo(
    *,
    scan: Annotated[Path | None, typer.Option(metavar="SCAN", help="A scan of your own.")] = None,
    gaze: Annotated[
        Path | None, typer.Option(metavar="RECORDING", help="The recording made on it.")
    ] = None,
    series: SeriesOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results.")
    ] = Path("demo-output"),
    engine: EngineOption = DEFAULT_ENGINE,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = None,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report.")] = False,
) -> None:
    """Segment real scans from recordings of gaze, and show how it went."""
    if (scan is None) != (gaze is None):
        raise typer.BadParameter("give both --scan and --gaze, or neither")
    started_s = time.perf_counter()
    with progress_bars() as progress:
        if scan is not None and gaze is not None:
            jobs = [_job(scan, gaze, output / stem(scan), series)]
        else:
            jobs = [_recorded(case, output / case.name, progress) for case in CASES]
        options = engine_options(checkpoint, device)
        done = [_run(replace(job, engine=engine, engine_options=options), progress) for job in jobs]
    for result in done:
        _tell(result)
    results().print(f"\ndone in {time.perf_counter() - started_s:.1f} s")
    for result in done:
        if open_report:
            typer.launch((_folder(result.job) / REPORT).resolve().as_uri())
        finish(result)


def _job(scan: Path, gaze: Path, folder: Path, series: str | None, title: str = "") -> Job:
    outputs = (folder / "segmentation.seg.nrrd", folder / "segmentation.nii.gz")
    return Job(scan, gaze, outputs, series=series, title=title)


def _recorded(case: DemoCase, folder: Path, progress: Progress) -> Job:
    """Make the recording of a case anew."""
    scan = read_scan(case.path, series=case.series, progress=progress)
    recording = folder / "recording"
    _make(recording, without=(HEADER_NAME, SAMPLES_NAME, EVENTS_NAME))
    record_looks(
        recording,
        case.planned(scan),
        display=DISPLAY,
        scan_digest=scan_digest(scan.voxels_kji, scan.volume),
        seed=case.seed,
    )
    return _job(case.path, recording, folder, case.series, case.title)


def _run(job: Job, progress: Progress) -> Segmented:
    folder = _folder(job)
    _make(folder)
    done = segment_job(job, progress=progress)
    illustrate(done, folder / "pictures", folder / REPORT, progress)
    return done


def _folder(job: Job) -> Path:
    return job.outputs[0].parent


def _make(folder: Path, without: Sequence[str] = ()) -> None:
    """Make a folder in which there are no files of the names `without`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in without:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made anew: {error.strerror or error}") from error


def _tell(done: Segmented) -> None:
    console, folder = results(), _folder(done.job)
    console.print(f"\n[bold]{escape(done.title)}[/]")
    show_segments(done.summary)
    for what, path in (
        ("segmentation", done.job.outputs[0]),
        ("as NIfTI", done.job.outputs[1]),
        ("recording", done.job.gaze),
        ("contact sheet", folder / "pictures" / CONTACT_SHEET),
        ("report", folder / REPORT),
    ):
        console.print(f"  [dim]{what + ':':15}[/] {escape(str(path))}")
