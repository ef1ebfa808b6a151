"""The structures that an engine segments worst, on one page."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from GazeSAMLib.geometry.slice_image import Pixels
from GazeSAMLib.hosts.cli.pictures.ink import DIM, NOT_THIS, PAGE, PANEL, TEXT, Color, font
from GazeSAMLib.hosts.cli.pictures.slice_picture import outlines
from GazeSAMLib.simulation.clicks import Mask
from GazeSAMLib.simulation.evaluation import Evaluation
from GazeSAMLib.simulation.trial import Condition, Trial
from GazeSAMLib.simulation.truth import StructureSlice

MOST_SHOWN = 20
FAILED_BELOW = 0.85

TRUTH: Color = (90, 220, 130)
RESULT: Color = (255, 196, 60)

_COLUMNS = 5
_TILE = 250
_CAPTION = 40
_MARGIN = 22
_GAP = 14
_HEAD = 78
_SUPERSAMPLING = 2
_LEAST_SPAN_PX = 48.0
_MARGIN_SHARE = 0.25

Numbers = npt.NDArray[np.float64]


def failure_sheet(
    evaluation: Evaluation, condition: Condition, pixels: Callable[[StructureSlice], Pixels]
) -> Image.Image:
    """Return a page of first looks with a Dice below 0.85, worst first.

    Parameters
    ----------
    evaluation : Evaluation
        Whose trials are shown.
    condition : Condition
        Layout and gaze error.
    pixels : callable
        Gives a slice image.
    """
    tried = [trial for trial in evaluation.trials if trial.condition == condition]
    failed = [trial for trial in tried if trial.dices[0] < FAILED_BELOW]
    shown = sorted(failed, key=lambda trial: trial.dices[0])[:MOST_SHOWN]
    rows = max(1, math.ceil(len(shown) / _COLUMNS))
    width = 2 * _MARGIN + _COLUMNS * _TILE + (_COLUMNS - 1) * _GAP
    height = _HEAD + rows * (_TILE + _CAPTION + _GAP) + _MARGIN
    page = Image.new("RGB", (width, height), PAGE)
    draw = ImageDraw.Draw(page)
    _draw_head(draw, width, evaluation.engine, condition, f"{len(failed)} of {len(tried)}")
    for index, trial in enumerate(shown):
        left = _MARGIN + index % _COLUMNS * (_TILE + _GAP)
        top = _HEAD + index // _COLUMNS * (_TILE + _CAPTION + _GAP)
        page.paste(_tile(trial, pixels(trial.case)), (left, top))
        name = _shortened(draw, f"{trial.case.structure.name}, slice {trial.case.layer}")
        draw.text((left, top + _TILE + 3), name, TEXT, font(13, bold=True))
        rest = f"after {len(trial.dices)}: {trial.dices[-1]:.2f}, best of 1: {trial.best_dice:.2f}"
        told = f"Dice {trial.dices[0]:.2f}, {rest}"
        draw.text((left, top + _TILE + 20), told, DIM, font(11))
    return page


def _draw_head(
    draw: ImageDraw.ImageDraw, width: int, engine: str, condition: Condition, counted: str
) -> None:
    told = f"{condition.layout.value}, gaze error {condition.gaze_error_deg:.1f}°"
    draw.text((_MARGIN, 16), f"Engine {engine}: failures, worst first", TEXT, font(20, bold=True))
    below = f"{counted} cross-sections below a Dice of {FAILED_BELOW} at the first look; {told}"
    draw.text((_MARGIN, 46), below, DIM, font(13))
    x = float(width - _MARGIN)
    for label, color in (
        ("not this", NOT_THIS),
        ("look", TEXT),
        ("result", RESULT),
        ("truth", TRUTH),
    ):
        draw.text((x, 53), label, DIM, font(13), "rm")
        x -= draw.textlength(label, font(13)) + 24
        draw.line((x, 53, x + 16, 53), fill=color, width=3)
        x -= 16


def _shortened(draw: ImageDraw.ImageDraw, name: str) -> str:
    while draw.textlength(name, font(13, bold=True)) > _TILE:
        name = f"{name.rstrip('…')[:-1]}…"
    return name


def _tile(trial: Trial, pixels: Pixels) -> Image.Image:
    truth, result = trial.case.mask, trial.first_mask
    left, top, span = _part(truth, result, trial.prompts.points_image_uv[:1])
    side = _TILE * _SUPERSAMPLING
    scale = side / span
    # Pillow counts pixel edges from 0, the slice image pixel centres; beyond the image is black.
    source = Image.fromarray(pixels)
    tile = source.transform(
        (side, side),
        Image.Transform.AFFINE,
        (1.0 / scale, 0.0, left + 0.5, 0.0, 1.0 / scale, top + 0.5),
        Image.Resampling.BICUBIC,
    ).convert("RGB")
    draw = ImageDraw.Draw(tile)
    corner = np.array((left, top))
    for mask, color, line_width in ((truth, TRUTH, 4), (result, RESULT, 3)):
        for line in outlines(mask):
            flat = ((line - corner) * scale).ravel().tolist()
            draw.line(flat, fill=color, width=line_width, joint="curve")
    points = (trial.prompts.points_image_uv - corner) * scale
    x, y = points[0].tolist()
    for line_width, color in ((9, PANEL), (4, TEXT)):
        draw.line((x - 14, y, x + 14, y), fill=color, width=line_width)
        draw.line((x, y - 14, x, y + 14), fill=color, width=line_width)
    for (x, y), label in zip(points[1:].tolist(), trial.prompts.labels[1:].tolist(), strict=True):
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=TEXT if label else NOT_THIS, outline=PANEL)
    return tile.resize((_TILE, _TILE), Image.Resampling.LANCZOS)


def _part(truth: Mask, result: Mask, points_uv: Numbers) -> tuple[float, float, float]:
    """Return the square part that is shown: left, top, side.

    It holds the structure and the look, and of a result that leaks far at least as much
    around them again.
    """
    low, high = _bounds(truth)
    low, high = np.minimum(low, points_uv[0]), np.maximum(high, points_uv[0])
    reach = np.full(2, max(float((high - low).max()), _LEAST_SPAN_PX))
    if result.any():
        result_low, result_high = _bounds(result)
        low = np.maximum(np.minimum(low, result_low), low - reach)
        high = np.minimum(np.maximum(high, result_high), high + reach)
    span = max(float((high - low).max()), _LEAST_SPAN_PX) * (1.0 + 2.0 * _MARGIN_SHARE)
    left, top = (0.5 * (low + high) - 0.5 * span).tolist()
    return left, top, span


def _bounds(mask: Mask) -> tuple[Numbers, Numbers]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    low = np.array((columns[0], rows[0]), dtype=np.float64)
    return low, np.array((columns[-1], rows[-1]), dtype=np.float64)
