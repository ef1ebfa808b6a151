"""Views show what a reader expects to see; ``Testing/slicer`` compares them with Slicer's own."""

from dataclasses import replace

import numpy as np
import pytest

from GazeSAMLib.frames import LocalRasPoint, ViewPoint
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.shown_slices import ShownSlices
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import acquired_view, arrange, image_px_per_deg, on_display
from GazeSAMLib.simulation.window import Layout
from Testing.painted_scan import DISPLAY, painted_scan

SCAN = painted_scan()
OBLIQUE = np.array([
    [-1.9, 0.35, -0.40, 60.0], [-0.30, -1.9, 0.45, 70.0], [0.38, 0.55, 5.9, -45.0], [0, 0, 0, 1.0],
])  # fmt: skip


def scan_with(matrix: np.ndarray, shape=(20, 96, 128)) -> Scan:
    return Scan(np.zeros(shape, np.int16), VolumeGeometry(shape, matrix), "x", SCAN.path)


def moved(view, dx: float, dy: float) -> np.ndarray:
    """Where one gets in RAS by going right and up on screen."""
    at, origin = (
        np.array(tuple(view.geometry.point_from_view(ViewPoint(x, y))))
        for x, y in ((dx, dy), (0.0, 0.0))
    )
    return at - origin


def test_axial_slices_are_seen_from_the_feet() -> None:
    red = {view.name: view for view in arrange(SCAN, DISPLAY, Layout.FOUR_UP).views}["Red"]
    assert moved(red, 1, 0)[0] < 0.0  # screen right is the patient's left
    assert moved(red, 0, 1)[1] > 0.0  # up is anterior


def test_sagittal_and_coronal_slices_stand_upright() -> None:
    views = {view.name: view for view in arrange(SCAN, DISPLAY, Layout.FOUR_UP).views}
    for name in ("Yellow", "Green"):
        assert moved(views[name], 0, 1)[2] > 0.0
    assert moved(views["Yellow"], 1, 0)[1] < 0.0  # the nose points to the left
    assert moved(views["Green"], 1, 0)[0] < 0.0


@pytest.mark.parametrize("matrix", [np.diag((-1.0, -1.0, 3.0, 1.0)), OBLIQUE])
@pytest.mark.parametrize("name", ["Red", "Yellow", "Green"])
def test_a_fitted_view_shows_the_whole_slice_and_no_more_than_it_must(name: str, matrix) -> None:
    scan = scan_with(matrix)
    view = arrange(scan, DISPLAY, reading=name).reading
    bits = np.indices((2, 2, 2)).reshape(3, -1).T
    corners = apply(scan.volume.local_ras_from_ijk, bits * scan.volume.shape_ijk - 0.5)
    xy = apply(view.geometry.view_xy_from_local_ras, corners)[:, :2]
    size = np.array((view.layout.view_width, view.layout.view_height))
    assert (xy > -1e-6).all()
    assert (xy < size + 1e-6).all()
    assert (np.ptp(xy, axis=0) / size).max() == pytest.approx(1.0)
    np.testing.assert_allclose(0.5 * (xy.min(axis=0) + xy.max(axis=0)), 0.5 * size, atol=1e-6)


def test_rotated_views_show_the_scans_own_voxels() -> None:
    for matrix in (SCAN.volume.local_ras_from_ijk, np.diag((-1.0, -1.0, 3.0, 1.0))):
        scan = scan_with(matrix)
        grid = slice_grid(scan.volume, arrange(scan, DISPLAY).reading.geometry.plane)
        assert grid is not None
        assert grid.one_to_one


def test_views_that_are_not_rotated_cut_an_oblique_scan() -> None:
    straight = arrange(scan_with(OBLIQUE), DISPLAY, rotated=False).reading
    np.testing.assert_allclose(np.abs(straight.geometry.plane.normal), (0.0, 0.0, 1.0), atol=1e-12)
    along = arrange(scan_with(OBLIQUE), DISPLAY).reading.geometry.plane
    assert np.abs(along.normal)[2] < 0.999


@pytest.mark.parametrize(
    ("spacing", "expected"),
    [((1, 1, 5), "Red"), ((5, 1, 1), "Yellow"), ((1, 5, 1), "Green"), ((1, 1, 1), "Red")],
)
def test_the_reading_view_shows_slices_as_acquired(spacing, expected: str) -> None:
    volume = VolumeGeometry((10, 10, 10), np.diag((*map(float, spacing), 1.0)))
    assert acquired_view(volume) == expected


def test_scrolling_goes_to_the_slice_through_a_point_and_leaves_the_rest() -> None:
    arrangement = arrange(SCAN, DISPLAY, Layout.FOUR_UP)
    target = LocalRasPoint(10.0, -20.0, 7.5)
    there = arrangement.at(target)
    plane = there.reading.geometry.plane
    away = plane.normal @ (np.array(tuple(target)) - plane.origin_local_ras)
    assert away == pytest.approx(0.0, abs=1e-9)
    assert there.others == arrangement.others
    before, after = (a.reading.geometry.local_ras_from_view_xy for a in (arrangement, there))
    np.testing.assert_array_equal(before[:3, :3], after[:3, :3])
    in_plane = (after - before)[:3, 3]
    assert np.linalg.norm(np.cross(in_plane, plane.normal)) == pytest.approx(0.0, abs=1e-9)


def test_a_point_on_the_display_is_found_again_by_the_session_s_geometry() -> None:
    target = LocalRasPoint(31.0, -12.0, 2.5)
    view = arrange(SCAN, DISPLAY, Layout.FOUR_UP).at(target).reading
    slices = ShownSlices(SCAN.volume)
    slices.show(view)
    hit = slices.locate(DISPLAY.screen_from_display(on_display(DISPLAY, view, target)))
    assert hit is not None
    np.testing.assert_allclose(tuple(hit.point_local_ras), tuple(target), atol=1e-9)
    assert image_px_per_deg(DISPLAY, view, hit.grid) == pytest.approx(
        DISPLAY.screen_px_per_deg * hit.image_px_per_screen_px
    )


def test_half_a_degree_is_some_twenty_ct_pixels_in_four_up() -> None:
    ct = Scan(
        np.zeros((3, 512, 512), np.int16),
        VolumeGeometry((3, 512, 512), np.diag((-0.8, -0.8, 3.0, 1.0))), "ct", SCAN.path,
    )  # fmt: skip
    view = arrange(ct, DISPLAY, Layout.FOUR_UP).reading
    grid = slice_grid(ct.volume, view.geometry.plane)
    assert 0.5 * image_px_per_deg(DISPLAY, view, grid) == pytest.approx(20.0, abs=4.0)


def test_pixel_ratio_changes_device_pixels_alone() -> None:
    for ratio in (1.0, 1.5, 2.0):
        view = arrange(SCAN, DISPLAY, Layout.FOUR_UP, pixel_ratio=ratio).reading
        at = on_display(DISPLAY, view, LocalRasPoint(20.0, 30.0, 0.0))
        if ratio == 1.0:
            first = at
        assert (at.x, at.y) == pytest.approx((first.x, first.y), abs=1e-3)
    assert replace(view, level=0.0).layout.view_height > 800
