"""What is written shows in the slice views, and what is taken back is gone from them."""

import numpy as np
import pytest

from Testing.slicer.test_view_geometry import ORIENTATIONS, PARENTS, VOLUMES, orient, preset_of

pytest.importorskip("slicer", reason="slicer-core is not installed")

from GazeSAMLib.hosts.slicer.edit_rules import EditRules, Overwrite
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from Testing.slicer.segments import KIDNEY, LIVER, block

SHAPE_KJI = (18, 40, 50)


def in_colour(picture):
    """Where the grey slice is tinted by a segment."""
    values = picture.astype(int)
    return values.max(axis=2) - values.min(axis=2) > 20


def expected(view, offset_kji, shape):
    """Where Slicer shows a block of voxels, row 0 at the top; and where it is sure."""
    width, height, _ = view.node.GetDimensions()
    held = np.zeros((height, width), dtype=bool)
    sure = np.zeros((height, width), dtype=bool)
    low = np.array(offset_kji[::-1]) - 0.5
    high = low + shape[::-1]
    for y in range(0, height, 3):
        for x in range(0, width, 3):
            ijk = np.array(view.ijk_from_view(x, y))
            held[height - 1 - y, x] = ((ijk > low) & (ijk < high)).all()
            sure[height - 1 - y, x] = min(np.abs(ijk - low).min(), np.abs(ijk - high).min()) > 0.2
    return held, sure


@pytest.mark.parametrize("parent_name", ["no parent", "rigid"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("volume_name", ["anisotropic", "sheared", "left-handed"])
def test_a_step_shows_where_it_belongs(
    a_volume,
    a_slice_view,
    a_segmentation,
    a_rendered_view,
    volume_name,
    orientation,
    parent_name,
):
    grey = np.full(SHAPE_KJI, 100, dtype=np.int16)
    volume = a_volume(grey, VOLUMES[volume_name], PARENTS[parent_name])
    view = a_slice_view(volume, preset_of(orientation), 240, 180)
    orient(view, orientation, volume)
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    writer = SegmentationNodeWriter(node, scene_volume)
    rendered = a_rendered_view(view)
    assert not in_colour(rendered.picture()).any()

    writer.apply(block(LIVER, (3, 8, 10), (12, 24, 30)))

    held, sure = expected(view, (3, 8, 10), (12, 24, 30))
    assert (held & sure).sum() > 100
    assert np.array_equal(in_colour(rendered.picture())[sure], held[sure])
    writer.undo()
    assert not in_colour(rendered.picture()).any()


def test_later_steps_show_too(a_volume, a_slice_view, a_segmentation, a_rendered_view):
    volume = a_volume(np.full(SHAPE_KJI, 100, dtype=np.int16), np.diag((-1.0, -1.0, 1.0, 1.0)))
    view = a_slice_view(volume, "Axial", 240, 180)
    scene_volume = SceneVolume(volume)
    overwrite = [Overwrite.KEEP]
    writer = SegmentationNodeWriter(
        a_segmentation(scene_volume), scene_volume, lambda: EditRules(overwrite[0])
    )
    rendered = a_rendered_view(view)
    layer = round(view.ijk_from_view(0, 0)[2])
    # Inside the labelmap, beyond it so that it has to grow, over another segment.
    pictures = [rendered.picture()]
    for step in (
        block(LIVER, (layer, 10, 10), (1, 8, 8)),
        block(LIVER, (layer, 10, 20), (1, 8, 8)),
        block(LIVER, (layer, 0, 40), (1, 40, 10)),
        block(KIDNEY, (layer, 25, 5), (1, 10, 10)),
        block(LIVER, (layer, 12, 12), (1, 3, 3), remove=True),
    ):
        writer.apply(step)
        pictures.append(rendered.picture())
    overwrite[0] = Overwrite.OVERLAP
    writer.apply(block(KIDNEY, (layer, 8, 8), (1, 8, 30)))
    pictures.append(rendered.picture())

    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    for picture in reversed(pictures[:-1]):
        writer.undo()
        assert np.array_equal(rendered.picture(), picture)
    for picture in pictures[1:]:
        writer.redo()
        assert np.array_equal(rendered.picture(), picture)
