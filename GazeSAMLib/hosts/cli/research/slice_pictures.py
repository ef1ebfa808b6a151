"""Pictures of the gaze on a slice: a heat map, and the path with its fixations."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from GazeSAMLib.geometry.anatomy import plane_name, slice_position
from GazeSAMLib.geometry.slice_image import sample_slice, to_8bit
from GazeSAMLib.hosts.cli.pictures.ink import DIM, PAGE, TEXT, font
from GazeSAMLib.hosts.cli.pictures.scene import Points, SliceScene
from GazeSAMLib.hosts.cli.pictures.slice_picture import aspect, slice_picture
from GazeSAMLib.hosts.cli.research.heat import heat_image
from GazeSAMLib.hosts.cli.research.slice_gaze import SliceGaze
from GazeSAMLib.scans.scan import Scan

SIZE_PX = 900
_CAPTION_PX = 44
_OPAQUE = 0.75
_STEP_NS = 20_000_000
_BREAK_NS = 100_000_000

# Black-body colours: dark red, orange, yellow, white, at equal steps of heat.
_STOPS = np.array([(90, 10, 60), (190, 45, 50), (245, 130, 30), (252, 215, 90), (255, 255, 235)])


def path_picture(scan: Scan, gaze: SliceGaze) -> Image.Image:
    """Draw the way of the gaze and its fixations, numbered, larger the longer."""
    scene = SliceScene(
        plane=gaze.plane,
        grid=gaze.grid,
        window=gaze.view.window,
        level=gaze.view.level,
        pixels=_pixels(scan, gaze),
        labels=np.zeros(gaze.grid.shape, dtype=np.uint8),
        segments=[],
        steps=[],
        fixations=gaze.fixations,
        paths_uv=[
            line
            for points, t_ns in zip(gaze.points_uv, gaze.times_ns, strict=True)
            for line in _lines(points, t_ns)
        ],
    )
    ratio = aspect(scene)
    width, height = (SIZE_PX, SIZE_PX / ratio) if ratio > 1.0 else (SIZE_PX * ratio, SIZE_PX)
    picture = slice_picture(scene, max(320, round(width)), max(320, round(height)))
    count = len(gaze.fixations)
    return _captioned(picture, gaze, f"{count} fixation{'' if count == 1 else 's'}")


def heat_picture(scan: Scan, gaze: SliceGaze) -> Image.Image:
    """Draw how long was looked where, over the slice as it was displayed."""
    pixels, heat = _pixels(scan, gaze), heat_image(gaze)
    most = float(heat.max())
    share = np.sqrt(heat / most) if most > 0.0 else heat  # the root shows the faint parts too
    place = share * (len(_STOPS) - 1)
    low = np.minimum(place.astype(np.intp), len(_STOPS) - 2)
    color = _STOPS[low] + (place - low)[..., None] * (_STOPS[low + 1] - _STOPS[low])
    weight = (_OPAQUE * np.minimum(1.0, 3.0 * share))[..., None]
    blend = (1.0 - weight) * pixels[..., None] + weight * color
    picture = Image.fromarray(blend.round().astype(np.uint8))
    scale = SIZE_PX / max(picture.size)
    size = (max(320, round(picture.width * scale)), max(1, round(picture.height * scale)))
    peak = most / gaze.grid.pixel_mm**2 * 100.0
    return _captioned(
        picture.resize(size, Image.Resampling.BICUBIC), gaze, f"brightest {peak:.2g} s/cm²"
    )


def _pixels(scan: Scan, gaze: SliceGaze) -> npt.NDArray[np.uint8]:
    values = sample_slice(scan.voxels_kji, scan.volume, gaze.grid)
    return to_8bit(values, gaze.view.window, gaze.view.level)


def _lines(points_uv: Points, t_ns: npt.NDArray[np.int64]) -> list[Points]:
    """Return the path thinned to 20 ms a point, broken where the gaze was lost or elsewhere."""
    _, first = np.unique(t_ns // _STEP_NS, return_index=True)
    points_uv, t_ns = points_uv[first], t_ns[first]
    breaks = np.flatnonzero(np.diff(t_ns) > _BREAK_NS) + 1
    return [line for line in np.split(points_uv, breaks) if len(line) > 1]


def _captioned(picture: Image.Image, gaze: SliceGaze, told: str) -> Image.Image:
    page = Image.new("RGB", (picture.width, picture.height + _CAPTION_PX), PAGE)
    page.paste(picture, (0, _CAPTION_PX))
    draw = ImageDraw.Draw(page)
    title = f"{plane_name(gaze.plane)}, {slice_position(gaze.grid, gaze.plane)}"
    draw.text((12, 5), title, TEXT, font(15, bold=True))
    draw.text((12, 25), f"{gaze.duration_s:.1f} s of gaze, {told}", DIM, font(12))
    return page
