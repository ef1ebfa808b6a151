"""Pictures: the right things in the right place and colour."""

import numpy as np
import pytest
from PIL import ImageChops

from GazeSAMLib.hosts.cli.illustrating import sheet_of, write_pictures
from GazeSAMLib.hosts.cli.pictures.contact_sheet import captioned, contact_sheet
from GazeSAMLib.hosts.cli.pictures.ink import segment_color
from GazeSAMLib.hosts.cli.pictures.scene import group_by_plane, scene_of
from GazeSAMLib.hosts.cli.pictures.slice_picture import outlines, slice_picture


@pytest.fixture(scope="module")
def scene(done):
    steps = group_by_plane(done.replayed.trace.steps)[0]
    return scene_of(steps, done.replayed.trace, done.scan, done.labelmap, done.display)


def pixels_near(picture, color, tolerance=60) -> np.ndarray:
    pixels = np.asarray(picture).astype(int)
    return (np.abs(pixels - np.array(color)).max(axis=-1) <= tolerance).nonzero()


def test_outlines_follow_the_edges_of_a_mask_and_its_holes() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[2:7, 1:8] = True
    mask[4, 4] = False
    lines = sorted(outlines(mask), key=len)
    assert len(lines) == 2
    hole, edge = lines
    assert hole.min(axis=0) == pytest.approx((3.5, 3.5))
    assert hole.max(axis=0) == pytest.approx((4.5, 4.5))
    assert edge.min(axis=0) == pytest.approx((0.5, 1.5))
    assert edge.max(axis=0) == pytest.approx((7.5, 6.5))


def test_a_mask_at_the_edge_of_the_image_has_a_closed_outline() -> None:
    (line,) = outlines(np.ones((4, 5), dtype=bool))
    assert tuple(line[0]) == tuple(line[-1])
    assert line.min(axis=0) == pytest.approx((-0.5, -0.5))


def test_each_segment_is_drawn_in_its_colour_around_its_structure(scene) -> None:
    picture = slice_picture(scene, 600, 600)
    centres = []
    for number, segment in scene.shown_segments:
        rows, columns = pixels_near(picture, segment_color(segment.color_rgb))
        assert len(rows) > 100
        centres.append(columns.mean())
        assert (scene.labels == number).any()
    first, second = (
        np.nonzero(scene.labels == number)[1].mean() for number, _ in scene.shown_segments
    )
    assert (first < second) == (centres[0] < centres[1])


def test_the_gaze_changes_the_picture(scene) -> None:
    without = type(scene)(
        scene.hit, scene.pixels, scene.labels, scene.segments, scene.steps, [], []
    )
    difference = ImageChops.difference(
        slice_picture(scene, 500, 500), slice_picture(without, 500, 500)
    )
    assert difference.getbbox() is not None


@pytest.mark.parametrize("size", [(300, 300), (900, 200), (200, 900)])
def test_a_picture_has_the_size_asked_for(scene, size) -> None:
    assert slice_picture(scene, *size).size == size


@pytest.mark.parametrize("count", [1, 2, 5, 12, 24])
def test_a_sheet_of_any_number_of_slices_is_of_bounded_size(scene, count) -> None:
    page = contact_sheet("title", "subtitle", [scene] * count)
    assert page.width <= 2000
    assert page.height <= 4500


def test_a_long_name_does_not_run_out_of_the_caption(scene) -> None:
    long = [
        type(segment)(
            segment.id, "a structure with a very long name indeed " * 3, segment.color_rgb
        )
        for segment in scene.segments
    ]
    crowded = type(scene)(
        scene.hit, scene.pixels, scene.labels, long, scene.steps, scene.fixations, scene.paths_uv
    )
    assert max(captioned(crowded, 400).size) <= 500


def test_pictures_are_written_for_every_accepted_slice(done, tmp_path) -> None:
    told = []
    write_pictures(done, sheet_of(done), tmp_path / "new" / "folder", lambda *t: told.append(t))
    names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert names == ["contact-sheet.png", "slice-001.png", "slice-002.png"]
    assert told[-1] == ("drawing", 2, 2)
