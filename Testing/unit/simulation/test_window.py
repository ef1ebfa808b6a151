"""Views lie in the window as in Slicer."""

from itertools import combinations

import pytest

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.simulation.window import Layout, view_layouts
from Testing.painted_scan import DISPLAY

DISPLAYS = [DISPLAY, DisplayGeometry(-2560, 120, 2560, 1440, 597, 336, 700)]


def edges(view) -> tuple[float, float, float, float]:
    return (
        view.left_px, view.top_px, view.left_px + view.width_px, view.top_px + view.height_px,
    )  # fmt: skip


@pytest.mark.parametrize("display", DISPLAYS)
def test_four_up_has_red_top_left_green_below_it_and_yellow_beside_green(display) -> None:
    views = view_layouts(Layout.FOUR_UP, display)
    red, green, yellow = (edges(views[name]) for name in ("Red", "Green", "Yellow"))
    assert red[0] == green[0]
    assert red[3] < green[1]
    assert green[1] == yellow[1]
    assert green[2] < yellow[0]


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize("layout", list(Layout))
def test_views_lie_on_the_display_and_apart(display, layout: Layout) -> None:
    views = [edges(view) for view in view_layouts(layout, display).values()]
    for left, top, right, bottom in views:
        assert display.left_px <= left < right <= display.left_px + display.width_px
        assert display.top_px <= top < bottom <= display.top_px + display.height_px
    for one, other in combinations(views, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_one_up_shows_the_reading_view_alone_and_larger() -> None:
    alone = view_layouts(Layout.ONE_UP, DISPLAY, "Green")
    assert list(alone) == ["Green"]
    beside = view_layouts(Layout.FOUR_UP, DISPLAY)["Green"]
    assert alone["Green"].height_px > 1.9 * beside.height_px


def test_device_pixels_follow_the_pixel_ratio() -> None:
    view = view_layouts(Layout.FOUR_UP, DISPLAY, pixel_ratio=1.5)["Red"]
    assert (view.view_width, view.view_height) == (
        round(1.5 * view.width_px), round(1.5 * view.height_px),
    )  # fmt: skip


def test_a_display_too_small_for_the_window_is_refused() -> None:
    with pytest.raises(GeometryError, match="too small"):
        view_layouts(Layout.FOUR_UP, DisplayGeometry(0, 0, 640, 400, 200, 120, 600))
