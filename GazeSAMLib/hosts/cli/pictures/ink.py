"""Colours and letters of the pictures: light on dark, as in a reading room."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

Color = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PAGE: Color = (17, 19, 24)
PANEL: Color = (0, 0, 0)
TEXT: Color = (232, 234, 240)
DIM: Color = (158, 164, 178)
FAINT: Color = (58, 63, 75)
GAZE: Color = (126, 200, 255)
NOT_THIS: Color = (255, 92, 92)


@cache
def font(size_px: int, *, bold: bool = False) -> Font:
    """Return DejaVu Sans, which comes with matplotlib on every system."""
    # Found without importing matplotlib, which takes longer than drawing a picture.
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return ImageFont.load_default(size_px)
    fonts = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(fonts / name), size_px)


def segment_color(color_rgb: tuple[float, float, float]) -> Color:
    """Return a segment's colour in 8 bits."""
    red, green, blue = (round(255 * part) for part in color_rgb)
    return (red, green, blue)
