from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from GazeSAMLib.frames import ScreenPoint
from GazeSAMLib.geometry.shown_slices import ShownSlices
from GazeSAMLib.geometry.slice import SliceGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.geometry.volume import VolumeGeometry

VOLUME = VolumeGeometry((20, 100, 100), np.diag((-1.0, -1.0, 2.0, 1.0)))
CENTRE = np.array((-49.5, -49.5, 19.0))
MM_PER_PX = 0.5


def a_view(name, left_px, turn_deg=(0.0, 0.0, 0.0), off_mm=0.0):
    """Return a view of 300 x 300 pixels, its middle on the volume's centre."""
    directions = (
        np.diag((-1.0, 1.0, -1.0)) @ Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    )
    view = np.eye(4)
    view[:3, :3] = directions * (MM_PER_PX, MM_PER_PX, 1.0)
    view[:3, 3] = CENTRE - view[:3, :2] @ (149.5, 149.5) + off_mm * directions[:, 2]
    layout = ViewLayout(left_px, 0.0, 300.0, 300.0, 300, 300)
    return SliceView(name, layout, SliceGeometry(view), 400.0, 40.0)


def test_a_look_is_found_in_the_view_under_it():
    slices = ShownSlices(VOLUME)
    slices.show(a_view("Red", 0.0))
    slices.show(a_view("Green", 300.0, (90.0, 0.0, 0.0)))

    red, green = (slices.locate(ScreenPoint(x, 150.0)) for x in (150.0, 450.0))

    assert (red.view.name, green.view.name) == ("Red", "Green")
    assert tuple(red.point_local_ras) == pytest.approx(tuple(CENTRE), abs=1e-9)
    assert tuple(red.point_image_uv) == pytest.approx((49.5, 49.5))
    assert red.image_px_per_screen_px == pytest.approx(0.5)
    assert slices.locate(ScreenPoint(150.0, 300.0)) is None
    assert slices.locate(ScreenPoint(-1.0, 150.0)) is None


def test_a_look_beside_the_scan_is_no_hit():
    slices = ShownSlices(VOLUME)
    slices.show(a_view("Red", 0.0))

    # The scan is 200 pixels wide in the middle of the view.
    assert slices.locate(ScreenPoint(50.5, 150.0)) is not None
    assert slices.locate(ScreenPoint(49.5, 150.0)) is None
    assert slices.locate(ScreenPoint(150.0, 250.5)) is None


def test_a_look_at_an_empty_corner_of_an_oblique_image_is_no_hit():
    slices = ShownSlices(VOLUME)
    slices.show(a_view("Red", 0.0, (0.0, 0.0, 45.0)))

    middle = slices.locate(ScreenPoint(150.0, 150.0))

    assert middle.grid.layer is None
    # Turned by 45 degrees, the square scan stands on its tip in a square image.
    assert slices.locate(ScreenPoint(150.0, 20.0)) is not None
    corner = ScreenPoint(60.0, 60.0)
    assert middle.grid.contains(
        middle.grid.image_from_point(
            middle.view.geometry.point_from_view(middle.view.layout.view_from_screen(corner))
        )
    )
    assert slices.locate(corner) is None


def test_a_view_beside_the_scan_gives_no_hit():
    slices = ShownSlices(VOLUME)
    slices.show(a_view("Red", 0.0, off_mm=200.0))

    assert slices.locate(ScreenPoint(150.0, 150.0)) is None


def test_a_view_shown_again_replaces_itself_and_a_hidden_one_is_gone():
    slices = ShownSlices(VOLUME)
    slices.show(a_view("Red", 0.0))
    slices.show(a_view("Red", 1000.0))

    assert slices.locate(ScreenPoint(150.0, 150.0)) is None
    assert slices.locate(ScreenPoint(1150.0, 150.0)) is not None
    slices.hide("Red")
    slices.hide("Yellow")
    assert slices.locate(ScreenPoint(1150.0, 150.0)) is None


def test_a_hit_holds_as_long_as_its_view_shows_the_same_slice_in_the_same_greys():
    slices = ShownSlices(VOLUME)
    view = a_view("Red", 0.0)
    slices.show(view)
    hit = slices.locate(ScreenPoint(150.0, 150.0))

    slices.show(a_view("Red", 1000.0))
    assert slices.still_show(hit)
    slices.show(replace(view, window=view.window + 1.0))
    assert not slices.still_show(hit)
    slices.show(replace(view, level=view.level + 1.0))
    assert not slices.still_show(hit)
    slices.show(a_view("Red", 0.0, off_mm=1.0))
    assert not slices.still_show(hit)
    slices.show(view)
    assert slices.still_show(hit)
    slices.hide("Red")
    assert not slices.still_show(hit)
