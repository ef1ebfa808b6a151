"""What is drawn on a slice lies where it belongs."""

import numpy as np
import pytest

from GazeSAMLib.frames import ImagePoint, LocalRasPoint
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.pictures.accepted_slice import accepted_slices
from GazeSAMLib.hosts.cli.pictures.scene import SliceScene, labels_on, scene_of
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.segment import Edit, VoxelPatch, new_segment
from Testing.recorded_scan import OBLIQUE, ball_centre_ras, inside_ball


@pytest.fixture(scope="session")
def scenes(done) -> list[SliceScene]:
    trace, segments = done.replayed.trace, done.labelmap.segments
    return [
        scene_of(shown, trace, done.scan, done.labelmap, done.display)
        for shown in accepted_slices(trace.steps, done.book, segments, done.scan)
    ]


def test_there_is_a_scene_for_each_accepted_slice(scenes) -> None:
    assert [len(scene.steps) for scene in scenes] == [2, 1]
    assert [[s.name for _, s in scene.shown_segments] for scene in scenes] == [
        ["bright ball", "grey ball"],
        ["bright ball"],
    ]


def test_labels_lie_on_the_structure_in_the_picture(scenes) -> None:
    scene = scenes[0]
    for number, name in ((1, "bright ball"), (2, "grey ball")):
        rows, columns = np.nonzero(scene.labels == number)
        centre = LocalRasPoint(*ball_centre_ras(name))
        u, v = scene.grid.image_from_point(centre)
        assert (columns.mean(), rows.mean()) == pytest.approx((u, v), abs=0.7)


def test_the_gaze_ends_at_the_structure_that_was_looked_at_last(scenes) -> None:
    scene = scenes[1]
    u, v = scene.grid.image_from_point(LocalRasPoint(*ball_centre_ras("bright ball")))
    end_uv = scene.paths_uv[-1][-10:].mean(axis=0)
    assert end_uv == pytest.approx((u, v), abs=1.5)


def test_fixations_of_other_slices_are_left_out(done, scenes) -> None:
    keys = {scene.plane.key() for scene in scenes}
    shown = sum(len(scene.fixations) for scene in scenes)
    expected = [s for s in done.replayed.trace.fixations if s.hit.plane.key() in keys]
    assert shown == len(expected) < len(done.replayed.trace.fixations)


def test_labels_of_an_oblique_slice_are_those_of_the_voxels_under_it() -> None:
    inside = inside_ball("bright ball", OBLIQUE)
    volume = VolumeGeometry(inside.shape, OBLIQUE)
    labelmap = Labelmap(inside.shape)
    labelmap.apply(Edit(new_segment(1), VoxelPatch((0, 0, 0), inside)))
    centre = ball_centre_ras("bright ball", OBLIQUE)
    plane = SlicePlane(centre, (-1.0, 0.2, 0.0), (0.1, -0.8, -0.5))
    grid = slice_grid(volume, plane)
    labels = labels_on(grid, labelmap, volume)
    u, v = grid.image_from_point(LocalRasPoint(*centre))
    rows, columns = np.nonzero(labels)
    assert (columns.mean(), rows.mean()) == pytest.approx((u, v), abs=0.5)
    away_mm = np.hypot(columns - u, rows - v) * grid.pixel_mm
    assert away_mm.max() == pytest.approx(19.0, abs=2.5)
    corner = grid.point_from_image(ImagePoint(0.0, 0.0))
    if not volume.contains(volume.ijk_from_point(corner)):
        assert labels[0, 0] == 0
