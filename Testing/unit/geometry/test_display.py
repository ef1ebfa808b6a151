import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import DisplayPoint, ScreenPoint
from GazeSAMLib.geometry.display import DisplayGeometry

# A 24-inch full-HD display, right of another one.
FULL_HD = DisplayGeometry(1280.0, -56.0, 1920.0, 1080.0, 531.0, 299.0, 650.0)

displays = st.builds(
    DisplayGeometry,
    left_px=st.floats(-8000.0, 8000.0),
    top_px=st.floats(-8000.0, 8000.0),
    width_px=st.floats(320.0, 8192.0),
    height_px=st.floats(200.0, 8192.0),
    width_mm=st.floats(100.0, 2000.0),
    height_mm=st.floats(60.0, 2000.0),
    distance_mm=st.floats(200.0, 3000.0),
)
fractions = st.floats(-1.0, 2.0)


def test_the_corners_of_the_display_are_the_corners_of_its_rectangle():
    assert FULL_HD.screen_from_display(DisplayPoint(0.0, 0.0)) == ScreenPoint(1280.0, -56.0)
    assert FULL_HD.screen_from_display(DisplayPoint(1.0, 1.0)) == ScreenPoint(3200.0, 1024.0)
    assert FULL_HD.screen_from_display(DisplayPoint(0.25, 0.5)) == ScreenPoint(1760.0, 484.0)


@given(displays, fractions, fractions)
def test_display_and_screen_map_back(display, x, y):
    back = display.display_from_screen(display.screen_from_display(DisplayPoint(x, y)))

    assert tuple(back) == pytest.approx((x, y), abs=1e-9)


@given(displays, fractions, fractions)
def test_display_and_degrees_map_back(display, x, y):
    back = display.display_from_degrees(*display.degrees_from_display(DisplayPoint(x, y)))

    assert tuple(back) == pytest.approx((x, y), abs=1e-9)


def test_degrees_count_from_the_centre_to_the_right_and_down():
    assert FULL_HD.degrees_from_display(DisplayPoint(0.5, 0.5)) == (0.0, 0.0)
    x_deg, y_deg = FULL_HD.degrees_from_display(DisplayPoint(1.0, 0.25))
    assert x_deg == pytest.approx(math.degrees(math.atan(265.5 / 650.0)))
    assert y_deg == pytest.approx(-math.degrees(math.atan(74.75 / 650.0)))


def test_one_degree_on_a_24_inch_full_hd_display_at_65_cm_is_41_pixels():
    one_degree = FULL_HD.display_from_degrees(1.0, 0.0)

    assert FULL_HD.screen_px_per_deg == pytest.approx(41.0, abs=0.1)
    assert (one_degree.x - 0.5) * FULL_HD.width_px == pytest.approx(41.0, abs=0.1)


@pytest.mark.parametrize("name", ["width_px", "height_px", "width_mm", "height_mm", "distance_mm"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_display_without_a_positive_size_is_refused(name, value):
    with pytest.raises(GeometryError, match=f"the display's {name} must be a positive number"):
        dataclasses.replace(FULL_HD, **{name: value})


@pytest.mark.parametrize("name", ["left_px", "top_px"])
@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_display_without_a_position_is_refused(name, value):
    with pytest.raises(GeometryError, match="position"):
        dataclasses.replace(FULL_HD, **{name: value})
