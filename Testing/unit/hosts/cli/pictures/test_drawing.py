"""Pictures: the right things in the right place and colour."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageChops

from GazeSAMLib.hosts.cli.illustrating import sheet_of, write_pictures
from GazeSAMLib.hosts.cli.pictures.accepted_slice import accepted_slices
from GazeSAMLib.hosts.cli.pictures.contact_sheet import captioned, contact_sheet
from GazeSAMLib.hosts.cli.pictures.ink import segment_color
from GazeSAMLib.hosts.cli.pictures.scene import scene_of
from GazeSAMLib.hosts.cli.pictures.slice_picture import outlines, slice_picture


@pytest.fixture(scope="module")
def scene(done):
    trace, segments = done.replayed.trace, done.labelmap.segments
    shown = accepted_slices(trace.steps, done.book, segments, done.scan)[0]
    return scene_of(shown, done.replayed.trace, done.scan, done.labelmap, done.display)


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
    without = replace(scene, fixations=[], paths_uv=[])
    difference = ImageChops.difference(
        slice_picture(scene, 500, 500), slice_picture(without, 500, 500)
    )
    assert difference.getbbox() is not None


def test_a_segment_that_was_propagated_has_a_dashed_outline(scene) -> None:
    (_, first), (_, second) = scene.shown_segments
    guessed = replace(scene, propagated=frozenset({first.id}), steps=[], fixations=[], paths_uv=[])
    looked_at = replace(guessed, propagated=frozenset())
    inks = []
    for segment in (first, second):
        color = segment_color(segment.color_rgb)
        inks.append(
            [
                len(pixels_near(slice_picture(each, 600, 600), color, 25)[0])
                for each in (guessed, looked_at)
            ]
        )
    assert 0.3 < inks[0][0] / inks[0][1] < 0.85
    assert inks[1][0] == inks[1][1] > 100


def test_the_sheet_says_how_slices_came_about(propagated) -> None:
    slices = accepted_slices(
        propagated.replayed.trace.steps,
        propagated.book,
        propagated.labelmap.segments,
        propagated.scan,
    )
    scenes = [
        scene_of(each, propagated.replayed.trace, propagated.scan, propagated.labelmap,
                 propagated.display)
        for each in slices
    ]  # fmt: skip
    told = contact_sheet("title", "subtitle", scenes)
    untold = contact_sheet(
        "title", "subtitle", [replace(s, propagated=frozenset()) for s in scenes]
    )
    legend = (0, told.height - 44, told.width, told.height)
    assert ImageChops.difference(told.crop(legend), untold.crop(legend)).getbbox() is not None


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
    crowded = replace(scene, segments=long)
    assert max(captioned(crowded, 400).size) <= 500


def test_pictures_are_written_for_every_accepted_slice(done, tmp_path) -> None:
    told = []
    write_pictures(done, sheet_of(done), tmp_path / "new" / "folder", lambda *t: told.append(t))
    names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert names == ["contact-sheet.png", "slice-001.png", "slice-002.png"]
    assert told[-1] == ("drawing", 2, 2)
