"""All accepted slices on one page."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from GazeSAMLib.geometry.anatomy import plane_name, slice_position
from GazeSAMLib.geometry.dashes import DASH, GAP, dashes
from GazeSAMLib.hosts.cli.pictures.ink import (
    DIM,
    FAINT,
    GAZE,
    NOT_THIS,
    PAGE,
    TEXT,
    font,
    segment_color,
)
from GazeSAMLib.hosts.cli.pictures.scene import SliceScene
from GazeSAMLib.hosts.cli.pictures.slice_picture import aspect, slice_picture

SLICES_ON_PAGE = 24

_MARGIN = 28
_GAP = 18
_HEAD = 74
_CAPTION = 56
_FOOT = 46
_SMALL, _NORMAL, _LARGE = 15, 17, 26
_MORE_PX = 46  # room for how many segments are not named


def contact_sheet(title: str, subtitle: str, scenes: Sequence[SliceScene]) -> Image.Image:
    """Return a page with a picture of each scene, at least one, in reading order.

    Parameters
    ----------
    title, subtitle : str
        What the page shows.
    scenes : sequence of SliceScene
        At most :data:`SLICES_ON_PAGE` are readable.
    """
    columns, cell_width = _layout(len(scenes))
    shape = min(max(sum(map(aspect, scenes)) / len(scenes), 0.75), 1.8)
    picture_height = round(cell_width / shape)
    cell_height = picture_height + _CAPTION
    rows = math.ceil(len(scenes) / columns)
    page = Image.new(
        "RGB",
        (
            2 * _MARGIN + columns * cell_width + (columns - 1) * _GAP,
            _HEAD + rows * cell_height + (rows - 1) * _GAP + _MARGIN + _FOOT,
        ),
        PAGE,
    )
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, 20), title, TEXT, font(_LARGE, bold=True))
    draw.text((page.width - _MARGIN, 28), subtitle, DIM, font(_NORMAL), "ra")
    propagated = any(scene.propagated for scene in scenes)
    for index, scene in enumerate(scenes):
        left = _MARGIN + (index % columns) * (cell_width + _GAP)
        top = _HEAD + (index // columns) * (cell_height + _GAP)
        _draw_caption(draw, scene, left, top, cell_width, propagated=propagated)
        page.paste(slice_picture(scene, cell_width, picture_height), (left, top + _CAPTION))
        frame = (left - 1, top + _CAPTION - 1, left + cell_width, top + cell_height)
        draw.rectangle(frame, outline=FAINT)
    _draw_legend(draw, page.width, page.height - _FOOT + 6, propagated=propagated)
    return page


def captioned(scene: SliceScene, side_px: int = 900) -> Image.Image:
    """Return one scene with its caption; its longer side has `side_px`."""
    shape = min(max(aspect(scene), 0.6), 2.4)
    width_px, height_px = round(side_px * min(1.0, shape)), round(side_px / max(1.0, shape))
    page = Image.new("RGB", (width_px, height_px + _CAPTION), PAGE)
    propagated = bool(scene.propagated)
    _draw_caption(ImageDraw.Draw(page), scene, 10, 0, width_px - 20, propagated=propagated)
    page.paste(slice_picture(scene, width_px, height_px), (0, _CAPTION))
    return page


def _layout(count: int) -> tuple[int, int]:
    """Return the number of columns and the width of a picture."""
    if count == 1:
        return 1, 1100
    if count <= 4:
        return 2, 640
    return (3, 540) if count <= 9 else (4, 440)


def _draw_caption(
    draw: ImageDraw.ImageDraw,
    scene: SliceScene,
    left: int,
    top: int,
    width: int,
    *,
    propagated: bool,
) -> None:
    plane, grid = scene.plane, scene.grid
    name = plane_name(plane)
    where = f"{name[0].upper()}{name[1:]}  {slice_position(grid, plane)}"
    draw.text((left, top + 4), where, TEXT, font(_NORMAL, bold=True))
    told = f"W {scene.window:g}  L {scene.level:g}"
    draw.text((left + width, top + 6), told, DIM, font(_SMALL), "ra")
    if propagated:
        looked_at = any(segment.id not in scene.propagated for _, segment in scene.shown_segments)
        how, at_x = "looked at" if looked_at else "propagated", left + 12.0
        at_x += draw.textlength(where, font(_NORMAL, bold=True))
        if at_x + draw.textlength(f"{how}  {told}", font(_SMALL)) < left + width:
            draw.text((at_x, top + 6), how, DIM, font(_SMALL))
    shown, x = scene.shown_segments, float(left)
    for index, (number, segment) in enumerate(shown):
        area_cm2 = float((scene.labels == number).sum()) * grid.pixel_mm**2 / 100.0
        text = f"{segment.name} {area_cm2:.{_decimals(area_cm2)}f} cm²"
        if index == 0:
            text = _shortened(draw, text, width - 17 - _MORE_PX)
        end = x + 17 + draw.textlength(text, font(_SMALL))
        if end + (_MORE_PX if index + 1 < len(shown) else 0) > left + width:
            draw.text((x, top + 30), f"+{len(shown) - index}", DIM, font(_SMALL))
            return
        color = segment_color(segment.color_rgb)
        fill = None if segment.id in scene.propagated else color
        draw.ellipse((x, top + 34, x + 11, top + 45), fill=fill, outline=color, width=2)
        draw.text((x + 17, top + 30), text, TEXT, font(_SMALL))
        x = end + 16


def _decimals(value: float) -> int:
    """Return with how many decimals a value shows two digits."""
    return 0 if value >= 10.0 else 1 if value >= 1.0 else 2


def _shortened(draw: ImageDraw.ImageDraw, text: str, width: float) -> str:
    while len(text) > 1 and draw.textlength(text, font(_SMALL)) > width:
        text = f"{text[:-2]}…"
    return text


def _draw_legend(draw: ImageDraw.ImageDraw, width: int, top: int, *, propagated: bool) -> None:
    x, y, letters = float(_MARGIN), top + 8, font(_SMALL)
    draw.line((x, y, x + 22, y), fill=GAZE, width=1)
    x = _label(draw, x + 30, y, "gaze")
    draw.ellipse((x, y - 7, x + 14, y + 7), outline=GAZE)
    x = _label(draw, x + 22, y, "fixation, in order; larger is longer")
    draw.line((x, y, x + 12, y), fill=TEXT, width=2)
    draw.line((x + 6, y - 6, x + 6, y + 6), fill=TEXT, width=2)
    x = _label(draw, x + 20, y, "accepted look")
    draw.line((x, y - 5, x + 10, y + 5), fill=NOT_THIS, width=2)
    draw.line((x, y + 5, x + 10, y - 5), fill=NOT_THIS, width=2)
    x = _label(draw, x + 18, y, "not this")
    if propagated:
        draw.line((x, y, x + 22, y), fill=TEXT, width=2)
        x = _label(draw, x + 30, y, "looked at")
        for dash in dashes(np.array(((x, y), (x + 26.0, y))), DASH, GAP):
            draw.line(dash.ravel().tolist(), fill=TEXT, width=2)
        x = _label(draw, x + 32, y, "propagated: nobody looked")
    note = "Research use only, not a medical device"
    if x + draw.textlength(note, letters) < width - _MARGIN:
        draw.text((width - _MARGIN, y), note, DIM, letters, "rm")


def _label(draw: ImageDraw.ImageDraw, x: float, y: float, text: str) -> float:
    draw.text((x, y), text, DIM, font(_SMALL), "lm")
    return x + draw.textlength(text, font(_SMALL)) + 26
