import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import DisplayPoint, LocalRasPoint, ScreenPoint, ViewPoint
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice import SliceGeometry, SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.geometry.volume import VolumeGeometry

angles = st.floats(-180.0, 180.0)
rotations = st.tuples(angles, angles, angles) | st.sampled_from(
    [(0.0, 0.0, 0.0), (90.0, 0.0, 0.0), (0.0, 90.0, 90.0), (0.0, 0.0, 180.0), (8.0, 0.0, 0.0)]
)
# Slicer's numbers: offsets in halves and decimals, and any other.
offsets = st.floats(-500.0, 500.0) | st.integers(-8000, 8000).map(lambda n: n * 0.3125 / 2.0)
zooms = st.floats(0.02, 5.0)
pans = st.tuples(st.floats(-400.0, 400.0), st.floats(-400.0, 400.0))


def local_ras_from_view_xy(degrees, offset_mm, zoom=1.0, pan_mm=(0.0, 0.0)):
    """Return the matrix of a view whose plane is `offset_mm` from the origin of local RAS."""
    directions = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3] = directions * (zoom, zoom, 1.0)
    matrix[:3, 3] = directions @ (*pan_mm, offset_mm)
    return matrix


@given(rotations, offsets, zooms, pans)
def test_zoom_and_pan_do_not_change_the_plane(degrees, offset_mm, zoom, pan_mm):
    plane = SliceGeometry(local_ras_from_view_xy(degrees, offset_mm)).plane
    moved = SliceGeometry(local_ras_from_view_xy(degrees, offset_mm, zoom, pan_mm)).plane

    assert moved.key() == plane.key()


@given(rotations, offsets, zooms, pans)
def test_planes_with_one_key_give_one_grid_to_the_last_bit(degrees, offset_mm, zoom, pan_mm):
    volume = VolumeGeometry((40, 50, 60), np.diag((0.7, 0.7, 3.1, 1.0)))
    grids = [
        slice_grid(volume, SliceGeometry(matrix).plane)
        for matrix in (
            local_ras_from_view_xy(degrees, offset_mm),
            local_ras_from_view_xy(degrees, offset_mm, zoom, pan_mm),
        )
    ]

    if grids[0] is None:
        assert grids[1] is None
        return
    assert grids[0].shape == grids[1].shape
    assert np.array_equal(grids[0].local_ras_from_image_uv, grids[1].local_ras_from_image_uv)


@given(rotations, offsets, st.sampled_from([-1.0, 1.0]))
def test_another_offset_is_another_plane(degrees, offset_mm, sign):
    plane = SliceGeometry(local_ras_from_view_xy(degrees, offset_mm)).plane
    other = SliceGeometry(local_ras_from_view_xy(degrees, offset_mm + sign * 0.001)).plane

    assert other.key() != plane.key()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_another_tilt_is_another_plane(axis):
    degrees = [10.0, 20.0, 30.0]
    plane = SliceGeometry(local_ras_from_view_xy(degrees, 5.0)).plane
    degrees[axis] += 0.01

    assert SliceGeometry(local_ras_from_view_xy(degrees, 5.0)).plane.key() != plane.key()


@given(rotations, offsets)
def test_the_plane_is_orthonormal_and_faces_away_from_the_reader(degrees, offset_mm):
    plane = SliceGeometry(local_ras_from_view_xy(degrees, offset_mm, 0.3, (7.0, 8.0))).plane
    directions = np.stack((plane.row_direction, plane.column_direction, plane.normal))

    np.testing.assert_allclose(directions @ directions.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(directions) == pytest.approx(1.0)
    # Right on the view is the row; up on the view is against the column.
    expected = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    np.testing.assert_allclose(plane.row_direction, expected[:, 0], atol=1e-12)
    np.testing.assert_allclose(plane.column_direction, -expected[:, 1], atol=1e-12)
    np.testing.assert_allclose(plane.normal, -expected[:, 2], atol=1e-12)
    # Of all points of the plane the origin is the nearest to zero.
    np.testing.assert_allclose(plane.origin_local_ras, expected[:, 2] * offset_mm, atol=1e-9)


@given(rotations, offsets)
def test_the_rounded_plane_is_within_a_hundredth_of_a_micrometre(degrees, offset_mm):
    plane = SliceGeometry(local_ras_from_view_xy(degrees, offset_mm)).plane
    rounded = plane.rounded()

    for u_mm, v_mm in ((0.0, 0.0), (300.0, 0.0), (0.0, -300.0), (300.0, 300.0)):
        at = plane.origin_local_ras + u_mm * plane.row_direction + v_mm * plane.column_direction
        assert abs((at - rounded.origin_local_ras) @ rounded.normal) < 3e-5


def test_directions_of_a_sheared_view_are_made_square():
    matrix = np.eye(4)
    matrix[:3, 0] = (0.5, 0.0, 0.0)
    matrix[:3, 1] = (0.2, 0.5, 0.0)
    plane = SliceGeometry(matrix).plane

    assert plane.row_direction.tolist() == [1.0, 0.0, 0.0]
    assert plane.column_direction.tolist() == [0.0, -1.0, 0.0]


@pytest.mark.parametrize(
    ("origin", "row", "column", "message"),
    [
        ((0, 0, np.nan), (1, 0, 0), (0, 1, 0), "not finite"),
        ((0, 0, 0), (np.inf, 0, 0), (0, 1, 0), "not finite"),
        ((0, 0, 0), (0, 0, 0), (0, 1, 0), "zero or parallel"),
        ((0, 0, 0), (1, 0, 0), (-2, 0, 0), "zero or parallel"),
        ((0, 0), (1, 0, 0), (0, 1, 0), "3 numbers"),
        ((0, 0, 0), (1, 0, 0, 0), (0, 1, 0), "3 numbers"),
        ((0, 0, "x"), (1, 0, 0), (0, 1, 0), "made of numbers"),
    ],
)
def test_a_plane_that_is_none_is_refused(origin, row, column, message):
    with pytest.raises(GeometryError, match=message):
        SlicePlane(origin, row, column)


def test_a_singular_view_matrix_is_named():
    with pytest.raises(GeometryError, match="local_ras_from_view_xy is singular"):
        SliceGeometry(np.diag((1.0, 0.0, 1.0, 1.0)))


@given(rotations, offsets, zooms, pans, st.floats(-50.0, 2000.0), st.floats(-50.0, 2000.0))
def test_view_and_local_ras_map_back(degrees, offset_mm, zoom, pan_mm, x, y):
    geometry = SliceGeometry(local_ras_from_view_xy(degrees, offset_mm, zoom, pan_mm))

    back = geometry.view_from_point(geometry.point_from_view(ViewPoint(x, y)))

    assert tuple(back) == pytest.approx((x, y), abs=1e-6)


@given(rotations, st.floats(-80.0, 80.0))
def test_a_point_off_the_plane_is_seen_where_it_is_in_front_of_the_reader(degrees, off_mm):
    geometry = SliceGeometry(local_ras_from_view_xy(degrees, 12.0, 0.4, (-100.0, -80.0)))
    on_plane = geometry.point_from_view(ViewPoint(321.0, 123.0))
    off_plane = LocalRasPoint(*(np.array(tuple(on_plane)) + off_mm * geometry.plane.normal))

    assert tuple(geometry.view_from_point(off_plane)) == pytest.approx((321.0, 123.0), abs=1e-6)


@given(rotations, zooms, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_screen_position_comes_back_from_the_slice_image(degrees, zoom, x, y):
    layout = ViewLayout(-640.0, 33.0, 318.0, 205.0, 477, 308)
    volume = VolumeGeometry((40, 50, 60), np.diag((0.7, 0.7, 3.1, 1.0)))
    centre = np.array(tuple(volume.local_ras_from_ijk @ (29.5, 24.5, 19.5, 1.0)))[:3]
    view = local_ras_from_view_xy(degrees, 0.0, zoom)
    view[:3, 3] = centre - view[:3, :2] @ (238.0, 153.5)
    geometry = SliceGeometry(view)
    grid = slice_grid(volume, geometry.plane)
    start = ScreenPoint(-640.0 + 318.0 * x, 33.0 + 205.0 * y)

    point_view_xy = layout.view_from_screen(start)
    point_local_ras = geometry.point_from_view(point_view_xy)
    point_ijk = volume.ijk_from_point(point_local_ras)
    point_image_uv = grid.image_from_point(volume.point_from_ijk(point_ijk))
    in_view_again = geometry.view_from_point(grid.point_from_image(point_image_uv))

    # A plane is known to 1e-8 of its direction; 1000 pixels from the centre that shows.
    assert tuple(layout.screen_from_view(in_view_again)) == pytest.approx(tuple(start), abs=1e-3)


def test_the_example_in_the_documentation_holds():
    # docs/geometry.md and its picture.
    display = DisplayGeometry(0.0, 0.0, 1280.0, 720.0, 531.0, 299.0, 650.0)
    layout = ViewLayout(620.0, 90.0, 318.0, 205.0, 477, 308)
    volume = VolumeGeometry(
        (60, 256, 256), [[-1.2, 0, 0, 153], [0, -1.2, 0, 153], [0, 0, 2.5, -75], [0, 0, 0, 1]]
    )
    view = np.diag((-0.55, 0.55, 1.0, 1.0))
    view[:3, 3] = (20.0 + 0.55 * 238.0, -10.0 - 0.55 * 153.5, 0.0)
    geometry = SliceGeometry(view)
    grid = slice_grid(volume, geometry.plane)

    point_screen_px = display.screen_from_display(DisplayPoint(0.591, 0.219))
    point_view_xy = layout.view_from_screen(point_screen_px)
    point_local_ras = geometry.point_from_view(point_view_xy)

    assert tuple(point_screen_px) == pytest.approx((756.48, 157.68))
    assert tuple(point_view_xy) == pytest.approx((204.22, 205.81), abs=0.005)
    assert tuple(point_local_ras) == pytest.approx((38.58, 18.77, 0.0), abs=0.005)
    assert tuple(volume.ijk_from_point(point_local_ras)) == pytest.approx(
        (95.35, 111.86, 30.0), abs=0.005
    )
    assert grid.shape == (256, 256)
    assert tuple(grid.image_from_point(point_local_ras)) == pytest.approx(
        (95.35, 111.86), abs=0.005
    )
