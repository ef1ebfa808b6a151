"""From a look at a slice view to voxels of a segmentation node, read back through Slicer."""

import numpy as np
import pytest

from GazeSAMLib.frames import ScreenPoint, ViewPoint
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.shown_slices import ShownSlices
from GazeSAMLib.segmentation.editor import SegmentEditor
from Testing.slicer.test_view_geometry import (
    ORIENTATIONS,
    PARENTS,
    SHAPE_KJI,
    VOLUMES,
    orient,
    preset_of,
)

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer.util

from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.hosts.slicer.slice_snapshot import snapshot
from Testing.slicer.segments import disc, filled, voxels_of

RADIUS_PX = 9.0


def black():
    return np.zeros(SHAPE_KJI, dtype=np.int16)


def look_at(view, scene_volume, x, y):
    """The hit of somebody who looks at a position of a view."""
    width, height = view.node.GetDimensions()[:2]
    shown = snapshot(view.logic, (50.0, 60.0, width, height), scene_volume)
    slices = ShownSlices(scene_volume.volume)
    slices.show(shown)
    return slices.locate(shown.layout.screen_from_view(ViewPoint(x, y)))


def accept(node, scene_volume, hit, mask, *, remove=False):
    editor = SegmentEditor(
        scene_volume.volume, SegmentationNodeWriter(node, scene_volume), journal=None
    )
    return editor.current, editor.accept(hit, mask, remove=remove)


@pytest.mark.parametrize("parent_name", PARENTS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("volume_name", VOLUMES)
def test_an_accepted_mask_lies_where_the_reader_looked(
    a_volume, a_slice_view, a_segmentation, volume_name, orientation, parent_name
):
    volume = a_volume(black(), VOLUMES[volume_name], PARENTS[parent_name])
    view = a_slice_view(volume, preset_of(orientation))
    orient(view, orientation, volume)
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    x, y = 150.0, 100.0
    hit = look_at(view, scene_volume, x, y)

    segment, edit = accept(node, scene_volume, hit, disc(hit, RADIUS_PX))

    held = voxels_of(node, segment, volume)
    assert held.sum() > 20
    assert np.array_equal(held, filled(edit.patch, SHAPE_KJI))
    # Slicer alone says which voxel each position of the view shows, and how far it lies off.
    random = np.random.default_rng(1)
    everywhere = random.uniform((0, 0), (300, 200), (400, 2))
    positions = np.concatenate((everywhere, random.normal((x, y), 12.0, (400, 2))))
    ijk = np.array([view.ijk_from_view(*position) for position in positions])
    local_mm = apply(VOLUMES[volume_name], ijk)
    off_mm = np.linalg.norm(
        local_mm - apply(VOLUMES[volume_name], view.ijk_from_view(x, y)), axis=1
    )
    nearest = np.floor(ijk + 0.5).astype(int)
    inside = ((nearest >= 0) & (nearest < SHAPE_KJI[::-1])).all(axis=1)
    i, j, k = nearest[inside].T
    radius_mm = RADIUS_PX * hit.grid.pixel_mm
    blur_mm = 0.5 * np.linalg.norm(scene_volume.volume.spacing_mm) + hit.grid.pixel_mm
    within, beside = off_mm[inside] < radius_mm - blur_mm, off_mm[inside] > radius_mm + blur_mm
    assert within.sum() > 25
    assert beside.sum() > 50
    assert held[k, j, i][within].all()
    assert not held[k, j, i][beside].any()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_removing_the_same_mask_leaves_nothing(a_volume, a_slice_view, a_segmentation, orientation):
    volume = a_volume(black(), VOLUMES["sheared"], PARENTS["rigid"])
    view = a_slice_view(volume, preset_of(orientation))
    orient(view, orientation, volume)
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    hit = look_at(view, scene_volume, 150.0, 100.0)
    segment, _ = accept(node, scene_volume, hit, disc(hit, RADIUS_PX))

    editor = SegmentEditor(scene_volume.volume, SegmentationNodeWriter(node, scene_volume), None)
    editor.accept(hit, disc(hit, RADIUS_PX), remove=True)

    assert not voxels_of(node, segment, volume).any()


def test_the_chosen_volume_is_segmented_and_not_the_one_in_the_background(
    a_volume, a_slice_view, a_segmentation
):
    shown = a_volume(black(), VOLUMES["isotropic"])
    chosen = a_volume(np.zeros((9, 30, 20), np.int16), VOLUMES["left-handed"], PARENTS["rigid"])
    view = a_slice_view(chosen)
    composite = view.logic.GetSliceCompositeNode()
    composite.SetBackgroundVolumeID(shown.GetID())
    composite.SetForegroundVolumeID(chosen.GetID())
    composite.SetForegroundOpacity(0.5)
    scene_volume = SceneVolume(chosen)
    node = a_segmentation(scene_volume)
    layer = view.logic.GetForegroundLayer()
    middle = np.array(chosen.GetImageData().GetDimensions()) // 2
    x, y = position_of(layer, middle)

    segment, _ = accept(node, scene_volume, hit := look_at(view, scene_volume, x, y), disc(hit, 4))

    held = voxels_of(node, segment, chosen)
    assert held.shape == (9, 30, 20)
    assert held[tuple(middle[::-1])]
    assert node.GetTransformNodeID() == chosen.GetTransformNodeID()
    reference = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
    assert reference is chosen


def position_of(layer, ijk):
    """Where a view shows a voxel: searched with Slicer's own transform."""
    to_ijk = layer.GetXYToIJKTransform()
    grid = [(x, y) for x in range(0, 300, 2) for y in range(0, 200, 2)]
    off = [np.abs(np.subtract(to_ijk.TransformDoublePoint(x, y, 0.0), ijk)).max() for x, y in grid]
    return grid[int(np.argmin(off))]


def test_an_oblique_mask_leaves_no_holes_in_the_displayed_slice(
    a_volume, a_slice_view, a_segmentation
):
    volume = a_volume(np.zeros((40, 60, 50), np.int16), np.diag((-0.8, -0.8, 1.5, 1.0)))
    view = a_slice_view(volume, "Axial", 400, 300)
    orient(view, "oblique", volume)
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    hit = look_at(view, scene_volume, 200.0, 150.0)

    segment, _ = accept(node, scene_volume, hit, disc(hit, 14.0))

    held = voxels_of(node, segment, volume)
    centre = np.array(view.ijk_from_view(200.0, 150.0))
    shown = []
    for x in range(0, 400, 3):
        for y in range(0, 300, 3):
            ijk = np.array(view.ijk_from_view(x, y))
            off_mm = np.linalg.norm((ijk - centre) * (0.8, 0.8, 1.5))
            if off_mm < 14.0 * hit.grid.pixel_mm - 1.8:
                shown.append(held[tuple(np.floor(ijk + 0.5).astype(int)[::-1])])
    assert len(shown) > 500
    assert np.mean(shown) == 1.0


def test_a_look_beside_the_scan_hits_nothing(a_volume, a_slice_view):
    volume = a_volume(black(), VOLUMES["isotropic"])
    view = a_slice_view(volume)
    view.node.SetFieldOfView(900.0, 600.0, 1.0)

    assert look_at(view, SceneVolume(volume), 2.0, 2.0) is None
    assert ShownSlices(SceneVolume(volume).volume).locate(ScreenPoint(1.0, 1.0)) is None


def test_a_mask_reaches_the_very_edge_of_the_volume(a_volume, a_slice_view, a_segmentation):
    volume = a_volume(black(), VOLUMES["anisotropic"])
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    hit = look_at(a_slice_view(volume), scene_volume, 150.0, 100.0)

    segment, edit = accept(node, scene_volume, hit, np.ones(hit.grid.shape, dtype=bool))

    held = voxels_of(node, segment, volume)
    k = edit.patch.offset_kji[0]
    assert held[k].all()
    assert held.sum() == held[k].sum()


def test_every_slice_of_a_volume_lands_on_its_own_layer(a_volume, a_slice_view, a_segmentation):
    volume = a_volume(black(), VOLUMES["left-handed"])
    view = a_slice_view(volume, "Sagittal")
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    editor = SegmentEditor(scene_volume.volume, SegmentationNodeWriter(node, scene_volume), None)
    seen = np.zeros(SHAPE_KJI, dtype=bool)
    for _ in range(4):
        hit = look_at(view, scene_volume, 150.0, 100.0)
        edit = editor.accept(hit, disc(hit, 5.0), remove=False)
        shown_layer = round(view.ijk_from_view(150.0, 100.0)[hit.grid.layer.w_axis])
        assert edit.patch.box[2 - hit.grid.layer.w_axis] == slice(shown_layer, shown_layer + 1)
        seen |= filled(edit.patch, SHAPE_KJI)
        view.node.SetSliceOffset(view.node.GetSliceOffset() + 1.2)

    assert np.array_equal(voxels_of(node, editor.current, volume), seen)
    assert slicer.util.arrayFromVolume(volume).shape == SHAPE_KJI
