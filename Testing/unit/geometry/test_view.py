import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import ScreenPoint, ViewPoint
from GazeSAMLib.geometry.view import ViewLayout

# As seen in Slicer on a display at 150 %: the two axes' ratios differ, 1.5 and 308 / 205.
AT_150_PERCENT = ViewLayout(100.0, 50.0, 318.0, 205.0, 477, 308)


@st.composite
def layouts(draw):
    width, height = draw(st.integers(1, 4000)), draw(st.integers(1, 4000))
    ratio = draw(st.sampled_from([1.0, 1.25, 1.5, 1.75, 2.0, 3.0]) | st.floats(0.5, 4.0))
    return ViewLayout(
        draw(st.floats(-5000.0, 5000.0)),
        draw(st.floats(-5000.0, 5000.0)),
        float(width),
        float(height),
        max(1, round(width * ratio)),
        max(1, round(height * ratio)),
    )


fractions = st.floats(0.0, 1.0, exclude_max=True)


def test_the_ratio_is_taken_per_axis_and_never_rounded():
    assert AT_150_PERCENT.pixel_ratio == (1.5, pytest.approx(308 / 205, abs=1e-15))


@pytest.mark.parametrize(
    ("cursor_px", "x_view", "y_view"),
    [
        # (p + 0.5 - left) * W / w - 0.5 and H - 0.5 - (p + 0.5 - top) * H / h, by hand
        ((100, 50), 0.25, 307.5 - 0.5 * 308 / 205),
        ((101, 51), 1.75, 307.5 - 1.5 * 308 / 205),
        ((258, 152), 237.25, 307.5 - 102.5 * 308 / 205),
        ((417, 254), 475.75, 307.5 - 204.5 * 308 / 205),
    ],
)
def test_a_cursor_in_a_view_of_318_x_205_at_150_percent(cursor_px, x_view, y_view):
    x, y = cursor_px

    point = AT_150_PERCENT.view_from_screen(ScreenPoint(x + 0.5, y + 0.5))

    assert tuple(point) == pytest.approx((x_view, y_view), abs=1e-12)


def test_without_scaling_the_cursor_s_pixel_centre_is_a_whole_view_position():
    layout = ViewLayout(0.0, 0.0, 640.0, 480.0, 640, 480)

    # As vtk's y = height - 1 - y of Qt.
    assert layout.view_from_screen(ScreenPoint(0.5, 0.5)) == ViewPoint(0.0, 479.0)
    assert layout.view_from_screen(ScreenPoint(639.5, 479.5)) == ViewPoint(639.0, 0.0)


def test_at_200_percent_a_cursor_lies_between_its_four_device_pixels():
    layout = ViewLayout(10.0, 20.0, 100.0, 80.0, 200, 160)

    assert layout.view_from_screen(ScreenPoint(10.5, 20.5)) == ViewPoint(0.5, 158.5)


@given(layouts(), fractions, fractions)
def test_screen_and_view_map_back(layout, x, y):
    point = ScreenPoint(layout.left_px + x * layout.width_px, layout.top_px + y * layout.height_px)
    in_view = layout.view_from_screen(point)
    if in_view is None:  # rounding of left + x * width reached the far edge
        assert x > 1.0 - 1e-9 or y > 1.0 - 1e-9
        return

    assert tuple(layout.screen_from_view(in_view)) == pytest.approx(tuple(point), abs=1e-8)


@given(layouts(), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_a_position_in_the_widget_lies_on_a_pixel_of_the_view(layout, x, y):
    point = ScreenPoint(layout.left_px + x * layout.width_px, layout.top_px + y * layout.height_px)

    x_view, y_view = layout.view_from_screen(point)

    assert -0.5 <= x_view <= layout.view_width - 0.5
    assert -0.5 <= y_view <= layout.view_height - 0.5


@given(layouts(), st.floats(-3.0, 4.0), st.floats(-3.0, 4.0))
def test_a_position_beside_the_view_is_no_hit(layout, x, y):
    point = ScreenPoint(layout.left_px + x * layout.width_px, layout.top_px + y * layout.height_px)
    clear_of_edges = min(abs(x), abs(y), abs(x - 1.0), abs(y - 1.0)) > 1e-6
    inside = 0.0 < x < 1.0 and 0.0 < y < 1.0

    if clear_of_edges:
        assert (layout.view_from_screen(point) is not None) == inside


def test_the_left_and_top_edge_belong_to_the_view_and_the_right_and_bottom_edge_do_not():
    inner_right, inner_bottom = math.nextafter(418.0, 0.0), math.nextafter(255.0, 0.0)

    assert tuple(AT_150_PERCENT.view_from_screen(ScreenPoint(100.0, 50.0))) == (-0.5, 307.5)
    assert AT_150_PERCENT.view_from_screen(ScreenPoint(inner_right, inner_bottom)) is not None
    assert AT_150_PERCENT.view_from_screen(ScreenPoint(418.0, 100.0)) is None
    assert AT_150_PERCENT.view_from_screen(ScreenPoint(200.0, 255.0)) is None
    assert AT_150_PERCENT.view_from_screen(ScreenPoint(math.nextafter(100.0, 0.0), 60.0)) is None
    assert AT_150_PERCENT.view_from_screen(ScreenPoint(200.0, math.nextafter(50.0, 0.0))) is None


def test_neighbouring_views_share_no_position():
    left = ViewLayout(0.0, 0.0, 318.0, 205.0, 477, 308)
    right = ViewLayout(318.0, 0.0, 318.0, 205.0, 477, 308)
    border = ScreenPoint(318.0, 10.0)

    assert left.view_from_screen(border) is None
    assert right.view_from_screen(border) is not None


@pytest.mark.parametrize("point", [ScreenPoint(math.nan, 60.0), ScreenPoint(math.inf, 60.0)])
def test_a_position_that_is_not_finite_is_no_hit(point):
    assert AT_150_PERCENT.view_from_screen(point) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width_px", 0.0),
        ("height_px", -1.0),
        ("view_width", 0),
        ("view_height", -308),
        ("left_px", math.nan),
        ("top_px", math.inf),
        ("width_px", math.nan),
        ("height_px", math.inf),
    ],
)
def test_a_view_without_a_size_or_position_is_refused(name, value):
    with pytest.raises(GeometryError, match="finite position and a positive size"):
        dataclasses.replace(AT_150_PERCENT, **{name: value})
