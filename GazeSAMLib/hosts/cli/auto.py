"""``gazesam auto``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from GazeSAMLib.engines.catalogue.entry import Prompt
from GazeSAMLib.engines.catalogue.models import all_models
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from GazeSAMLib.engines.registry import engine_of, make_engine
from GazeSAMLib.engines.sam.engine import SamEngine
from GazeSAMLib.engines.sam.everything import (
    EverythingSettings,
    check_everything,
    segment_everything,
)
from GazeSAMLib.errors import ModelError, ScanError
from GazeSAMLib.hosts.cli.auto_images import ImageInput, Plane, SliceChoice, open_images
from GazeSAMLib.hosts.cli.auto_output import AutoOutput
from GazeSAMLib.hosts.cli.edge import INPUT_ERROR
from GazeSAMLib.hosts.cli.interruption import CancelledError, Interruption
from GazeSAMLib.hosts.cli.segment import (
    CheckpointOption,
    DeviceOption,
    JsonOption,
    SeriesOption,
    engine_options,
)
from GazeSAMLib.hosts.cli.terminal import progress_bars, results, tell, tell_error
from GazeSAMLib.scans.progress import Progress

EPILOG = """\
Examples:

gazesam auto photos --output masks

gazesam auto ct_folder --output masks --slices 40-60 --window 400 --level 40 --convert-to-rle

What it writes is what segment-anything's scripts/amg.py writes: for each image a folder with a
PNG for each mask and metadata.csv, or with --convert-to-rle one JSON file with COCO run-length
codes. Ctrl-C keeps the images that are done, and the same command goes on with the others.
"""

ENGINES = ("sam", "mobile_sam")
"""Those whose models can segment everything."""

SPEED_ONLY = "points_per_batch"
"""The setting on which no mask depends."""

_DEFAULTS = EverythingSettings()


def _whole(help_text: str, least: int = 0) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar="N", help=help_text, min=least)
    return option


def _real(help_text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(metavar="X", help=help_text, min=0.0)
    return option


def auto(
    source: Annotated[
        Path, typer.Argument(metavar="SCAN_OR_IMAGES", help="A scan, a picture, or pictures.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the masks.")
    ],
    engine: Annotated[
        str | None,
        typer.Option(metavar="E", help="Model, such as mobile_sam; the first one here, if none."),
    ] = None,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = None,
    convert_to_rle: Annotated[
        bool, typer.Option("--convert-to-rle", help="Write a JSON file for each image, not PNGs.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Make anew what is there already.")
    ] = False,
    series: SeriesOption = None,
    plane: Annotated[
        Plane,
        typer.Option(metavar="P", help="How a scan is cut: acquired, axial, sagittal or coronal."),
    ] = Plane.ACQUIRED,
    slices: Annotated[
        str,
        typer.Option(metavar="N-M,...", help="Which slices of it, counted from 1; all, if none."),
    ] = "",
    window: Annotated[
        float | None,
        typer.Option(
            metavar="W",
            min=0.001,
            help="Width of the grey values that are told apart; the scan's own, if none.",
        ),
    ] = None,
    level: Annotated[float | None, typer.Option(metavar="L", help="Middle of them.")] = None,
    points_per_side: Annotated[
        int, _whole("Points along a side of the grid that is tried.", 1)
    ] = _DEFAULTS.points_per_side,
    points_per_batch: Annotated[
        int, _whole("Points at once: more are faster and take more memory.", 1)
    ] = _DEFAULTS.points_per_batch,
    pred_iou_thresh: Annotated[
        float, _real("Least overlap that the model expects of a mask.")
    ] = _DEFAULTS.pred_iou_thresh,
    stability_score_thresh: Annotated[
        float, _real("Least share of a mask that stays when the threshold changes.")
    ] = _DEFAULTS.stability_score_thresh,
    stability_score_offset: Annotated[
        float, _real("By how much it changes for that.")
    ] = _DEFAULTS.stability_score_offset,
    box_nms_thresh: Annotated[
        float, _real("Overlap of boxes from which on two masks are the same.")
    ] = _DEFAULTS.box_nms_thresh,
    crop_n_layers: Annotated[
        int, _whole("How often the image is halved, and the crops searched as well.")
    ] = _DEFAULTS.crop_n_layers,
    crop_nms_thresh: Annotated[
        float, _real("As --box-nms-thresh, for masks of different crops.")
    ] = _DEFAULTS.crop_nms_thresh,
    crop_overlap_ratio: Annotated[
        float, _real("How much of the image's side crops have in common.")
    ] = _DEFAULTS.crop_overlap_ratio,
    crop_n_points_downscale_factor: Annotated[
        int, _whole("How much coarser the grid of a layer of crops is than the last.", 1)
    ] = _DEFAULTS.crop_n_points_downscale_factor,
    min_mask_region_area: Annotated[
        int, _whole("Holes and islands with fewer pixels are filled and dropped.")
    ] = _DEFAULTS.min_mask_region_area,
    as_json: JsonOption = False,
) -> None:
    """Segment everything in images or slices, without looking."""
    settings = EverythingSettings(
        points_per_side,
        points_per_batch,
        pred_iou_thresh,
        stability_score_thresh,
        stability_score_offset,
        box_nms_thresh,
        crop_n_layers,
        crop_nms_thresh,
        crop_overlap_ratio,
        crop_n_points_downscale_factor,
        min_mask_region_area,
    )
    name = engine or ("sam" if checkpoint is not None else _first_here())
    if engine_of(name).name not in ENGINES:
        check_everything(name)
    with progress_bars() as progress:
        found = open_images(source, series, SliceChoice(plane, slices, window, level), progress)
        model = check_everything(make_engine(name, **engine_options(checkpoint, device)))
        about = {
            **{name: value for name, value in asdict(settings).items() if name != SPEED_ONLY},
            "weights": model.weights_digest,
            "convert_to_rle": convert_to_rle,
            **found.facts,
        }
        target = AutoOutput(output, about, as_rle=convert_to_rle, overwrite=overwrite)
        counts, faults = _segment_all(found, model, settings, target, convert_to_rle, progress)
    left = len(found.images) - len(counts) - len(faults)
    if as_json:
        done = {name: {"masks": n, "path": str(target.path_of(name))} for name, n in counts.items()}
        values = {"engine": model.name, "images": done, "left": left, "faults": faults}
        typer.echo(json.dumps(values, indent=2))
    else:
        _tell(found, model, output, counts, left)
    for fault in faults.values():
        tell_error(fault)
    if faults:
        raise typer.Exit(INPUT_ERROR)


def _tell(
    found: ImageInput, model: SamEngine, output: Path, counts: dict[str, int], left: int
) -> None:
    for note in (*found.notes, *model.notes):
        tell(note)
    if left:
        tell(
            f"{left} of {len(found.images)} images were there already (--overwrite makes them anew)"
        )
    if counts and not any(counts.values()):
        tell("no mask passed: lower --pred-iou-thresh or --stability-score-thresh")
    results().print(
        f"{sum(counts.values())} masks of {len(counts)} images by {model.name} ({model.runs_on}) "
        f"written to {escape(str(output))}"
    )


def _first_here() -> str:
    shelf = ModelShelf()
    able = [one for one in all_models() if one.engine in ENGINES and Prompt.POINTS in one.prompts]
    for entry in able:
        if entry.input_px == 1024 and shelf.look_up(entry).is_here:
            return entry.name
    raise ModelError(
        "no model that can segment everything is here yet; type: gazesam models pull mobile_sam"
    )


def _segment_all(
    found: ImageInput,
    model: SamEngine,
    settings: EverythingSettings,
    target: AutoOutput,
    as_rle: bool,
    progress: Progress,
) -> tuple[dict[str, int], dict[str, str]]:
    """Segment the images that are not there yet.

    Returns
    -------
    counts : dict of str to int
        How many masks each has.
    faults : dict of str to str
        Why others could not be read.
    """
    waiting = [image for image in found.images if not target.has(image.name)]
    counts: dict[str, int] = {}
    faults: dict[str, str] = {}
    with Interruption() as interruption:

        def step(done: int, total: int) -> None:
            progress("points of the image", done, total)
            if interruption.requested:
                raise CancelledError(
                    f"cancelled; {len(counts)} of {len(waiting)} images are done, and the same "
                    "command goes on with the others"
                )

        for image in waiting:
            progress("images", len(counts) + len(faults), len(waiting))
            try:
                pixels = image.read()
            except ScanError as error:
                faults[image.name] = str(error)
                continue
            records = segment_everything(model, pixels, settings, step, as_rle=as_rle)
            target.write(image.name, records)
            counts[image.name] = len(records)
    return counts, faults
