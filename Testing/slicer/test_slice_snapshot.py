"""What a slice view shows of the chosen volume, as Slicer's own MRML has it."""

import numpy as np
import pytest

from GazeSAMLib.frames import ScreenPoint
from GazeSAMLib.geometry.slice_view import SliceView
from Testing.slicer.test_view_geometry import (
    LAYOUTS,
    ORIENTATIONS,
    PARENTS,
    SHAPE_KJI,
    VOLUMES,
    orient,
    preset_of,
)

pytest.importorskip("slicer", reason="slicer-core is not installed")

from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.slice_snapshot import snapshot

PLACE = (-1280.0, 96.0)


def black():
    return np.zeros(SHAPE_KJI, dtype=np.int16)


# 90 of the 270 combinations: every volume, orientation and parent, each with one of the ratios.
COMBINATIONS = [
    (volume_name, orientation, parent_name, ratio)
    for v, volume_name in enumerate(VOLUMES)
    for o, orientation in enumerate(ORIENTATIONS)
    for p, parent_name in enumerate(PARENTS)
    for r, ratio in enumerate(LAYOUTS)
    if (v + o + p + r) % 3 == 0
]


@pytest.mark.parametrize(("volume_name", "orientation", "parent_name", "ratio"), COMBINATIONS)
def test_a_look_falls_on_the_voxel_that_slicer_finds(
    a_volume, a_slice_view, volume_name, orientation, parent_name, ratio
):
    volume = a_volume(black(), VOLUMES[volume_name], PARENTS[parent_name])
    size, (view_width, view_height) = LAYOUTS[ratio]
    view = a_slice_view(volume, preset_of(orientation), view_width, view_height)
    orient(view, orientation, volume)
    scene_volume = SceneVolume(volume)

    shown = snapshot(view.logic, (*PLACE, *size), scene_volume)

    for u, v in np.random.default_rng(3).uniform(0.0, 1.0, (25, 2)):
        at = ScreenPoint(PLACE[0] + u * size[0], PLACE[1] + v * size[1])
        point_view_xy = shown.layout.view_from_screen(at)
        x, y = u * view_width - 0.5, view_height - 0.5 - v * view_height
        assert tuple(point_view_xy) == pytest.approx((x, y), abs=1e-9)
        point_ijk = scene_volume.volume.ijk_from_point(
            shown.geometry.point_from_view(point_view_xy)
        )
        assert tuple(point_ijk) == pytest.approx(view.ijk_from_view(x, y), abs=1e-3)


def test_it_survives_being_recorded_as_an_event(a_volume, a_slice_view):
    volume = a_volume(black(), VOLUMES["sheared"], PARENTS["rigid"])
    view = a_slice_view(volume, "Axial", 477, 308)
    orient(view, "oblique", volume)
    scene_volume = SceneVolume(volume)
    shown = snapshot(view.logic, (10.0, 20.0, 318.0, 205.0), scene_volume)

    recorded = SliceView.from_details(shown.details())

    assert recorded.name == view.node.GetLayoutName()
    for x, y in ((0.0, 0.0), (476.0, 307.0), (200.0, 90.0)):
        point = recorded.geometry.local_ras_from_view_xy @ (x, y, 0.0, 1.0)
        ijk = scene_volume.volume.ijk_from_local_ras @ point
        assert ijk[:3] == pytest.approx(view.ijk_from_view(x, y), abs=1e-3)


def test_window_and_level_are_those_of_the_chosen_volume(a_volume, a_slice_view):
    chosen, other = a_volume(black(), VOLUMES["isotropic"]), a_volume(black(), VOLUMES["isotropic"])
    for volume, window in ((chosen, 350.0), (other, 2000.0)):
        volume.GetDisplayNode().AutoWindowLevelOff()
        volume.GetDisplayNode().SetWindowLevel(window, 40.0)
    view = a_slice_view(other)
    view.logic.GetSliceCompositeNode().SetForegroundVolumeID(chosen.GetID())
    view.logic.GetSliceCompositeNode().SetForegroundOpacity(0.5)

    assert snapshot(view.logic, (0, 0, 300, 200), SceneVolume(chosen)).window == 350.0


@pytest.fixture
def two_volumes(a_volume, a_slice_view):
    """The chosen volume, another one, and a view that shows neither yet."""
    chosen, other = a_volume(black(), VOLUMES["isotropic"]), a_volume(black(), VOLUMES["oblique"])
    return chosen, other, a_slice_view(chosen)


def seen(view, volume):
    return snapshot(view.logic, (0, 0, 300, 200), SceneVolume(volume)) is not None


@pytest.mark.parametrize(
    ("background", "foreground", "opacity", "is_seen"),
    [
        ("chosen", None, 0.0, True),
        ("other", None, 0.0, False),
        (None, None, 0.0, False),
        ("chosen", "other", 0.0, True),
        ("chosen", "other", 0.6, True),
        ("chosen", "other", 1.0, False),
        ("other", "chosen", 0.0, False),
        ("other", "chosen", 0.4, True),
        (None, "chosen", 1.0, True),
        ("chosen", "chosen", 0.0, True),
    ],
)
def test_only_views_in_which_the_reader_sees_the_volume_count(
    two_volumes, background, foreground, opacity, is_seen
):
    chosen, other, view = two_volumes
    ids = {"chosen": chosen.GetID(), "other": other.GetID(), None: None}
    composite = view.logic.GetSliceCompositeNode()
    composite.SetBackgroundVolumeID(ids[background])
    composite.SetForegroundVolumeID(ids[foreground])
    composite.SetForegroundOpacity(opacity)

    assert seen(view, chosen) == is_seen


@pytest.mark.parametrize("size", [(0, 200), (300, 0)])
def test_a_view_without_size_shows_nothing(two_volumes, size):
    chosen, _, view = two_volumes

    assert snapshot(view.logic, (0, 0, *size), SceneVolume(chosen)) is None


def test_moving_the_volume_in_the_scene_moves_it_in_the_view(a_volume, a_slice_view):
    volume = a_volume(black(), VOLUMES["anisotropic"], PARENTS["rigid"])
    view = a_slice_view(volume)
    scene_volume = SceneVolume(volume)
    before = snapshot(view.logic, (0, 0, 300, 200), scene_volume).geometry.plane.key()

    volume.SetAndObserveTransformNodeID(None)

    after = snapshot(view.logic, (0, 0, 300, 200), scene_volume)
    assert after.geometry.plane.key() != before
    point = after.geometry.local_ras_from_view_xy @ (12.0, 34.0, 0.0, 1.0)
    ijk = scene_volume.volume.ijk_from_local_ras @ point
    assert ijk[:3] == pytest.approx(view.ijk_from_view(12.0, 34.0), abs=1e-3)
