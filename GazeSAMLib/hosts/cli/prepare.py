"""``gazesam prepare``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from GazeSAMLib.engines.engine import Engine, RunsOn
from GazeSAMLib.engines.preparing import OnSlices, Preparation, Prepared
from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter
from GazeSAMLib.engines.store.keeper import store_folder
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings, stored_for
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.hosts.cli.edge import CANCELLED
from GazeSAMLib.hosts.cli.interruption import Interruption
from GazeSAMLib.hosts.cli.segment import (
    CheckpointOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    ScanArgument,
    SeriesOption,
    engine_options,
)
from GazeSAMLib.hosts.cli.terminal import messages, progress_bars, results, tell
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import PRESETS, acquired_view, fitted_view, through
from GazeSAMLib.simulation.truth import layer_points

EPILOG = """\
Examples:

gazesam prepare ct_folder --engine mobile_sam

gazesam prepare ct_folder --engine sam_vit_b --everything

gazesam prepare ct_folder --engine sam --checkpoint sam_vit_b_01ec64.pth --plane axial
--plane coronal --window 1500 --level -600

Slices that are prepared answer at once, in 3D Slicer and in gazesam segment and evaluate, with
the same engine, weights, window and level. They are kept in one folder, which the environment
variable GAZESAM_CACHE can move to another disk; GAZESAM_STORE_GB says how much of it they may take
before those go that were not used for longest. Ctrl-C keeps what is done.
"""

_ANYWHERE = ViewLayout(0.0, 0.0, 100.0, 100.0, 100, 100)


class Orientation(StrEnum):
    """Which slices."""

    ACQUIRED = "acquired"
    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    ALL = "all"


def prepare(
    scan: ScanArgument,
    *,
    engine: EngineOption,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = None,
    plane: Annotated[
        list[Orientation] | None,
        typer.Option(
            help="Which slices, those that were acquired by default; may be given several times."
        ),
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(metavar="W", min=0.001, help="Displayed window, the scan's own by default."),
    ] = None,
    level: Annotated[
        float | None, typer.Option(metavar="L", help="Displayed level, the scan's own by default.")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--everything",
            help="Find all masks of each slice as well, so that a look has only to pick one:"
            " takes several times as long; models of Segment Anything alone.",
        ),
    ] = False,
    points_per_side: Annotated[
        int,
        typer.Option(
            min=1,
            max=256,
            help="Of the grid searched with --everything; slices that have their masks keep them.",
        ),
    ] = 32,
    series: SeriesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an engine see all slices of a scan now, so that looks at them are answered at once."""
    made = make_engine(engine, **engine_options(checkpoint, device))
    if everything:
        # Not at the top: every command would load what only this one takes.
        from GazeSAMLib.engines.sam.everything import EverythingSettings
        from GazeSAMLib.engines.sam.everything_engine import EverythingEngine

        made = EverythingEngine(made, EverythingSettings(points_per_side=points_per_side))
    with progress_bars() as progress:
        opened = read_scan(scan, series=series, progress=progress)
    shown = (opened.window if window is None else window, opened.level if level is None else level)
    digest = partial(scan_digest, opened.voxels_kji, opened.volume)
    stored = stored_for(made, digest, _unheard)
    if stored is None:
        tell(f"the engine '{engine}' sees a slice in milliseconds: there is nothing to prepare")
        if as_json:
            typer.echo(json.dumps({"engine": engine, "slices": 0}, indent=2))
        return
    names = _view_names(plane or [Orientation.ACQUIRED], opened)
    requests = [EmbedRequest(0, each, *shown) for each in planes_of(opened, names)]
    segmenter = Segmenter(made, opened.voxels_kji, opened.volume, stored)
    preparation = Preparation(made, segmenter, stored)
    with slice_bar() as on_slices, Interruption() as interruption:
        done = preparation.run(requests, on_slices, lambda: interruption.requested)
    if as_json:
        facts = {
            "engine": engine,
            "weights_digest": made.weights_digest,
            "runs_on": made.runs_on if isinstance(made, RunsOn) else "",
            "planes": [PRESETS[name][0] for name in names],
            "window": shown[0],
            "level": shown[1],
        }
        typer.echo(json.dumps(facts | _values(done), indent=2))
    else:
        _show(made, stored, done)
    if interruption.requested and not done.is_complete:
        tell("cancelled; what is done is kept, and the same command goes on from there")
        raise typer.Exit(CANCELLED)


def planes_of(scan: Scan, names: list[str]) -> Iterator[SlicePlane]:
    """Yield the slices of a scan along its own axes as the views of those names show them."""
    for name in names:
        view = fitted_view(name, _ANYWHERE, scan, rotated=True)
        for point in layer_points(scan.volume, view):
            yield through(view, point).geometry.plane


@contextmanager
def slice_bar() -> Iterator[OnSlices]:
    """Give a function that draws how many slices are done, how many a second, and how long yet.

    Where standard error is no terminal, nothing is drawn.
    """
    console = messages()
    columns = (
        TextColumn("preparing slices"),
        BarColumn(),
        MofNCompleteColumn(),
        _SlicesPerSecond(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _SlicesPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if not task.speed else f"{task.speed:.3g} slices/s")


def _view_names(planes: list[Orientation], scan: Scan) -> list[str]:
    acquired = acquired_view(scan.volume)
    return [
        name
        for name, (orientation, *_) in PRESETS.items()
        if Orientation.ALL in planes
        or orientation in planes
        or (name == acquired and Orientation.ACQUIRED in planes)
    ]


def _values(done: Prepared) -> dict[str, Any]:
    return {
        "slices": done.slices,
        "embedded": done.embedded,
        "at_hand": done.at_hand,
        "duration_s": round(done.duration_s, 3),
        "size_bytes": done.size_bytes,
        "folder": str(store_folder()),
    }


def _show(engine: Engine[Any], stored: StoredEmbeddings, done: Prepared) -> None:
    before = f", {done.at_hand} had been before" if done.at_hand else ""
    pace = f" ({done.embedded / done.duration_s:.3g} a second)" if done.embedded else ""
    where = f" on {engine.runs_on}" if isinstance(engine, RunsOn) else ""
    results().print(
        f"{done.embedded} of {done.slices} slices prepared with {engine.name}{where} "
        f"in {done.duration_s:.1f} s{pace}{before}"
    )
    results().print(f"{done.size_bytes / 1e6:.1f} MB in {store_folder()}")
    if not done.is_complete and done.embedded + done.at_hand >= done.most_slices:
        tell(
            f"there is no room for the other {done.slices - done.embedded - done.at_hand}: "
            f"at most {stored.keeper.most_bytes / 1e9:.3g} GB are kept; let GAZESAM_STORE_GB "
            "allow more"
        )


def _unheard(_sentence: str) -> None:
    """Tell nobody: what fails on disk is an error here, and raised."""
