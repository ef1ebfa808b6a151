"""One slice as a picture: anatomy, outlines, gaze, prompts, scale."""

import math

import contourpy
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from GazeSAMLib.geometry.anatomy import direction_letters
from GazeSAMLib.geometry.dashes import DASH, GAP, dashes
from GazeSAMLib.hosts.cli.pictures.ink import (
    GAZE,
    NOT_THIS,
    PANEL,
    TEXT,
    Color,
    font,
    segment_color,
)
from GazeSAMLib.hosts.cli.pictures.scene import Points, SliceScene
from GazeSAMLib.prompts.prompt_set import ADD
from GazeSAMLib.segmentation.segment import Segment

SUPERSAMPLING = 2  # Pillow's lines have no soft edges of their own
_FIXATIONS_SHOWN = 40
_MARGIN_SHARE = 0.04
_FILL = 40  # of 255: how much of a segment's colour lies over the anatomy
_NICE_MM = (1, 2, 5, 10, 20, 50, 100, 200)

Box = tuple[float, float, float, float]


def slice_picture(scene: SliceScene, width_px: int, height_px: int) -> Image.Image:
    """Draw `scene` as large as it fits into a picture of the given size."""
    canvas = _Canvas(scene, width_px, height_px)
    canvas.draw_segments()
    canvas.draw_gaze()
    canvas.draw_prompts()
    return canvas.finished()


def aspect(scene: SliceScene) -> float:
    """Return width over height of the part of the slice that is drawn."""
    left, top, right, bottom = _part_shown(scene)
    return (right - left) / (bottom - top)


def outlines(mask: npt.NDArray[np.bool_]) -> list[Points]:
    """Return the closed lines around and within a mask, each shape (N, 2), image frame."""
    framed = np.pad(mask, 1).astype(np.float32)  # closed also at the image's edge
    lines = contourpy.contour_generator(z=framed, line_type=contourpy.LineType.Separate).lines(0.5)
    return [np.asarray(line, dtype=np.float64) - 1.0 for line in lines]


def _part_shown(scene: SliceScene) -> Box:
    """Return the part of the slice image that is not black, with a margin: left, top, ..."""
    shown = (scene.pixels > 12) | (scene.labels > 0)
    height, width = shown.shape
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    if len(rows) == 0:
        return (-0.5, -0.5, width - 0.5, height - 0.5)
    margin = _MARGIN_SHARE * max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1.0
    return (
        max(-0.5, columns[0] - margin),
        max(-0.5, rows[0] - margin),
        min(width - 0.5, columns[-1] + margin),
        min(height - 0.5, rows[-1] + margin),
    )


class _Canvas:
    """The picture in the making, larger than it will be."""

    def __init__(self, scene: SliceScene, width_px: int, height_px: int) -> None:
        self._scene = scene
        self._size = (width_px, height_px)
        width, height = width_px * SUPERSAMPLING, height_px * SUPERSAMPLING
        left, top, right, bottom = self._part = _part_shown(scene)
        self._scale = min(width / (right - left), height / (bottom - top))
        self._corner = np.array(
            (
                0.5 * (width - (right - left) * self._scale),
                0.5 * (height - (bottom - top) * self._scale),
            )
        )
        # Sizes of what is drawn follow the picture's, within reason.
        self._unit = SUPERSAMPLING * min(max(min(width_px, height_px) / 480.0, 0.8), 1.6)
        self._image = Image.new("RGB", (width, height), PANEL)
        anatomy = Image.fromarray(scene.pixels)
        self._image.paste(self._enlarged(anatomy, Image.Resampling.BICUBIC), self._origin)

    def draw_segments(self) -> None:
        """Fill each segment lightly and draw its outline, dashed where nobody looked at it."""
        for number, segment in self._scene.shown_segments:
            self._draw_segment(self._scene.labels == number, segment)

    def draw_gaze(self) -> None:
        """Draw the way of the gaze and the fixations, numbered in their order."""
        layer = Image.new("RGBA", self._image.size, (*GAZE, 0))
        draw = ImageDraw.Draw(layer)
        for line in self._scene.paths_uv:
            draw.line(_flat(self._at(line)), fill=(*GAZE, 120), width=self._px(0.9), joint="curve")
        seen = list(enumerate(self._scene.fixations, start=1))
        for number, fixation in seen[-_FIXATIONS_SHOWN:]:
            x, y = self._at(np.array([tuple(fixation.hit.point_image_uv)]))[0]
            radius = self._px(0.42 * math.sqrt(max(fixation.fixation.duration_ms, 60.0)))
            circle = (x - radius, y - radius, x + radius, y + radius)
            draw.ellipse(circle, fill=(*GAZE, 45), outline=(*GAZE, 210), width=self._px(1.0))
            corner = (x + 0.75 * radius, y - 0.75 * radius)
            _text(draw, corner, str(number), self._px(9.0), GAZE, "lb")
        self._image.paste(layer, mask=layer)

    def draw_prompts(self) -> None:
        """Mark where the accepted looks pointed: plus for a structure, cross for not this."""
        draw = ImageDraw.Draw(self._image)
        for accepted in self._scene.steps:
            if accepted.step.look is None:
                continue
            prompts = accepted.step.look.prompts
            color = segment_color(accepted.step.edit.segment.color_rgb)
            points = self._at(prompts.points_image_uv)
            for (x, y), label in zip(points.tolist(), prompts.labels.tolist(), strict=True):
                self._mark(draw, x, y, color if label == ADD else NOT_THIS, upright=label == ADD)
            if prompts.box_image_uv is not None:
                corners = self._at(prompts.box_image_uv.reshape(2, 2))
                draw.rectangle(_flat(corners), outline=color, width=self._px(1.2))

    def finished(self) -> Image.Image:
        """Return the picture at its size, with letters and scale bar."""
        self._image = self._image.resize(self._size, Image.Resampling.LANCZOS)
        draw = ImageDraw.Draw(self._image)
        width, height = self._size
        plane = self._scene.plane
        middle_x, middle_y, edge = 0.5 * width, 0.5 * height, 6
        for letters, at, anchor in (
            (direction_letters(-plane.row_direction), (edge, middle_y), "lm"),
            (direction_letters(plane.row_direction), (width - edge, middle_y), "rm"),
            (direction_letters(-plane.column_direction), (middle_x, edge), "mt"),
            (direction_letters(plane.column_direction), (middle_x, height - edge), "mb"),
        ):
            _text(draw, at, letters, self._px(7.0), TEXT, anchor)
        self._draw_scale_bar(draw)
        return self._image

    def _draw_segment(self, mask: npt.NDArray[np.bool_], segment: Segment) -> None:
        color = segment_color(segment.color_rgb)
        covered = Image.fromarray(mask.astype(np.uint8) * np.uint8(_FILL))
        self._image.paste(
            color, self._origin, mask=self._enlarged(covered, Image.Resampling.BILINEAR)
        )
        draw = ImageDraw.Draw(self._image)
        lines = [self._at(line) for line in outlines(mask)]
        if segment.id in self._scene.propagated:
            lines = [dash for line in lines for dash in dashes(line, self._px(DASH), self._px(GAP))]
        for width, ink in ((3.0, PANEL), (1.6, color)):
            for line in lines:
                draw.line(_flat(line), fill=ink, width=self._px(width), joint="curve")

    def _mark(
        self, draw: ImageDraw.ImageDraw, x: float, y: float, color: Color, *, upright: bool
    ) -> None:
        arm = self._px(5.0) * (1.0 if upright else math.sqrt(0.5))
        strokes = ((1, 0), (0, 1)) if upright else ((1, 1), (1, -1))
        for width, ink in ((4.2, (0, 0, 0)), (2.0, color)):
            for dx, dy in strokes:
                ends = (x - arm * dx, y - arm * dy, x + arm * dx, y + arm * dy)
                draw.line(ends, fill=ink, width=self._px(width))

    def _draw_scale_bar(self, draw: ImageDraw.ImageDraw) -> None:
        px_per_mm = self._scale / SUPERSAMPLING / self._scene.grid.pixel_mm
        fitting = [mm for mm in _NICE_MM if mm * px_per_mm <= 0.28 * self._size[0]]
        if not fitting:
            return
        length, right, bottom = fitting[-1] * px_per_mm, self._size[0] - 10, self._size[1] - 10
        left = right - length
        for width, ink in ((5, (0, 0, 0)), (3, TEXT)):
            draw.line((left, bottom, right, bottom), fill=ink, width=width)
        at = (0.5 * (left + right), bottom - 5)
        _text(draw, at, f"{fitting[-1]} mm", self._px(5.6), TEXT, "mb")

    def _enlarged(self, image: Image.Image, how: Image.Resampling) -> Image.Image:
        left, top, right, bottom = self._part
        size = (round((right - left) * self._scale), round((bottom - top) * self._scale))
        # Pillow counts pixel edges from 0, the slice image pixel centres.
        return image.resize(size, how, (left + 0.5, top + 0.5, right + 0.5, bottom + 0.5))

    @property
    def _origin(self) -> tuple[int, int]:
        x, y = self._corner.round().astype(int).tolist()
        return (x, y)

    def _at(self, points_uv: Points) -> Points:
        """Map the slice image to the canvas."""
        at: Points = (points_uv - np.array(self._part[:2])) * self._scale + self._corner
        return at

    def _px(self, size: float) -> int:
        return max(1, round(size * self._unit))


def _flat(points: Points) -> list[float]:
    flat: list[float] = points.ravel().tolist()
    return flat


def _text(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size_px: int,
    color: Color,
    anchor: str,
) -> None:
    """Write with a dark rim, so that it can be read on bone and on air."""
    letters = font(size_px, bold=True)
    draw.text(at, text, color, letters, anchor, stroke_width=2, stroke_fill=PANEL)
