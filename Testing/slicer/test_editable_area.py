"""The Segment Editor's masking settings, against what Slicer's own editor makes of them."""

import numpy as np
import pytest

from GazeSAMLib.errors import ScanError
from GazeSAMLib.segmentation.segment import Segment

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer
import slicer.util
import vtk

from GazeSAMLib.hosts.slicer.edit_rules import EditRules, Overwrite
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from Testing.slicer.segments import (
    KIDNEY,
    LIVER,
    SPLEEN,
    TUMOUR,
    all_voxels,
    block,
    filled,
    same,
    scattered,
    voxels_of,
)

SHAPE_KJI = (12, 14, 16)
GRID = np.array([[-0.8, 0.1, 0, 7], [0, 0.9, 0, 9], [0, 0, 2.0, -5], [0, 0, 0, 1]])
EVERYWHERE, INSIDE_ALL, INSIDE_VISIBLE, OUTSIDE_ALL, OUTSIDE_VISIBLE, INSIDE_SINGLE = range(6)
MASK_MODES = {
    "everywhere": EVERYWHERE,
    "inside all": INSIDE_ALL,
    "inside visible": INSIDE_VISIBLE,
    "outside all": OUTSIDE_ALL,
    "outside visible": OUTSIDE_VISIBLE,
    "inside one": INSIDE_SINGLE,
}
OVERWRITE_MODES = {"all": 0, "visible": 1, "none": 2}
INTENSITIES = {"any intensity": None, "some intensities": (-200.0, 450.0)}


def greys():
    return np.random.default_rng(6).integers(-800, 1200, SHAPE_KJI, dtype=np.int16)


@pytest.fixture
def scene_volume(a_volume):
    return SceneVolume(a_volume(greys(), GRID))


def with_four_segments(node, scene_volume):
    """Two that touch, one over both of them, and a hidden one."""
    writer = SegmentationNodeWriter(
        node, scene_volume, lambda: EditRules(overwrite=Overwrite.OVERLAP)
    )
    writer.apply(block(LIVER, (2, 1, 1), (6, 6, 7)))
    writer.apply(block(KIDNEY, (2, 7, 1), (6, 5, 7)))
    writer.apply(scattered(TUMOUR, (3, 4, 3), (5, 6, 6), 1))
    writer.apply(block(SPLEEN, (4, 2, 9), (5, 9, 5)))
    node.GetDisplayNode().SetSegmentVisibility(SPLEEN.id, False)
    return node


def as_slicer_does_it(node, scene_volume, editor, edit):
    """Apply an edit by the Segment Editor's own logic."""
    logic = slicer.vtkSlicerSegmentEditorLogic()
    logic.SetMRMLScene(slicer.mrmlScene)
    editor.SetAndObserveSegmentationNode(node)
    editor.SetAndObserveSourceVolumeNode(scene_volume.node)
    editor.SetSelectedSegmentID(edit.segment.id)
    logic.SetSegmentEditorNode(editor)
    modifier = slicer.vtkOrientedImageData()
    modifier.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(GRID))
    modifier.SetExtent(0, SHAPE_KJI[2] - 1, 0, SHAPE_KJI[1] - 1, 0, SHAPE_KJI[0] - 1)
    modifier.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    scalars = vtk.util.numpy_support.vtk_to_numpy(modifier.GetPointData().GetScalars())
    scalars[:] = filled(edit.patch, SHAPE_KJI).ravel()
    mode = logic.ModificationModeRemove if edit.remove else logic.ModificationModeAdd
    logic.ModifySegmentByLabelmap(node, edit.segment.id, modifier, mode, False, False)
    logic.SetSegmentEditorNode(None)
    logic.SetMRMLScene(None)


@pytest.mark.parametrize("segment", [KIDNEY, LIVER], ids=["other", "the same"])
@pytest.mark.parametrize("remove", [False, True], ids=["add", "remove"])
@pytest.mark.parametrize("intensities", INTENSITIES)
@pytest.mark.parametrize("overwrite", OVERWRITE_MODES)
@pytest.mark.parametrize("mask_mode", MASK_MODES)
def test_edits_go_where_the_segment_editor_would_let_them(
    scene_volume,
    a_segmentation,
    a_segment_editor,
    mask_mode,
    overwrite,
    intensities,
    remove,
    segment,
):
    a_segment_editor.SetMaskMode(MASK_MODES[mask_mode])
    a_segment_editor.SetMaskSegmentID(LIVER.id)
    a_segment_editor.SetOverwriteMode(OVERWRITE_MODES[overwrite])
    if INTENSITIES[intensities] is not None:
        a_segment_editor.SetSourceVolumeIntensityMask(True)
        a_segment_editor.SetSourceVolumeIntensityMaskRange(*INTENSITIES[intensities])
    edit = scattered(segment, (3, 3, 2), (6, 8, 10), 5, remove=remove)
    theirs = with_four_segments(a_segmentation(scene_volume), scene_volume)
    ours = with_four_segments(a_segmentation(scene_volume), scene_volume)
    before = all_voxels(ours, scene_volume.node)

    as_slicer_does_it(theirs, scene_volume, a_segment_editor, edit)
    a_segment_editor.SetAndObserveSegmentationNode(ours)
    writer = SegmentationNodeWriter(
        ours, scene_volume, lambda: EditRules.of(ours, scene_volume, overwrite=None)
    )
    writer.apply(edit)

    after = all_voxels(ours, scene_volume.node)
    assert same(after, all_voxels(theirs, scene_volume.node))
    # Adding to a segment inside itself changes nothing, if nothing is taken from others.
    is_idle = mask_mode == "inside one" and segment is LIVER and not remove
    assert same(after, before) == (is_idle and overwrite == "none")
    assert writer.undo()
    assert same(all_voxels(ours, scene_volume.node), before)


def test_by_default_no_neighbour_loses_voxels_whatever_the_editor_is_set_to(
    scene_volume, a_segmentation, a_segment_editor
):
    node = with_four_segments(a_segmentation(scene_volume), scene_volume)
    before = all_voxels(node, scene_volume.node)
    assert a_segment_editor.GetOverwriteMode() == a_segment_editor.OverwriteAllSegments

    new = Segment("new", "New", (1.0, 1.0, 0.0))
    SegmentationNodeWriter(node, scene_volume).apply(block(new, (1, 1, 1), (8, 9, 10)))

    after = all_voxels(node, scene_volume.node)
    held = after.pop("new")
    assert same(after, before)
    assert held.sum() > 100
    assert not (held & np.any(list(before.values()), axis=0)).any()


def test_keeping_neighbours_one_can_still_edit_inside_one(
    scene_volume, a_segmentation, a_segment_editor
):
    node = with_four_segments(a_segmentation(scene_volume), scene_volume)
    a_segment_editor.SetAndObserveSegmentationNode(node)
    a_segment_editor.SetMaskMode(INSIDE_SINGLE)
    a_segment_editor.SetMaskSegmentID(LIVER.id)
    before = all_voxels(node, scene_volume.node)

    lesion = Segment("lesion", "Lesion", (1.0, 1.0, 0.0))
    SegmentationNodeWriter(node, scene_volume).apply(block(lesion, (1, 1, 1), (8, 9, 10)))

    after = all_voxels(node, scene_volume.node)
    expected = before[LIVER.id] & filled(block(lesion, (1, 1, 1), (8, 9, 10)).patch, SHAPE_KJI)
    assert np.array_equal(after["lesion"], expected & ~before[TUMOUR.id] & ~before[SPLEEN.id])
    assert np.array_equal(after[LIVER.id], before[LIVER.id])


def test_settings_for_another_segmentation_do_not_count(
    scene_volume, a_segmentation, a_segment_editor
):
    ours, another = a_segmentation(scene_volume), a_segmentation(scene_volume)
    a_segment_editor.SetAndObserveSegmentationNode(another)
    a_segment_editor.SetMaskMode(INSIDE_SINGLE)

    SegmentationNodeWriter(ours, scene_volume).apply(block(LIVER, (1, 1, 1), (2, 2, 2)))

    assert voxels_of(ours, LIVER, scene_volume.node).sum() == 8


def test_inside_a_segment_that_was_deleted_nothing_can_be_edited(
    scene_volume, a_segmentation, a_segment_editor
):
    node = with_four_segments(a_segmentation(scene_volume), scene_volume)
    a_segment_editor.SetAndObserveSegmentationNode(node)
    a_segment_editor.SetMaskMode(INSIDE_SINGLE)
    a_segment_editor.SetMaskSegmentID(TUMOUR.id)
    node.GetSegmentation().RemoveSegment(TUMOUR.id)
    before = all_voxels(node, scene_volume.node)
    writer = SegmentationNodeWriter(node, scene_volume)

    writer.apply(block(LIVER, (0, 0, 0), SHAPE_KJI))

    assert same(all_voxels(node, scene_volume.node), before)
    assert "outside the editable area" in writer.notice


def test_the_intensities_of_another_volume_are_found_at_the_same_place(
    a_volume, a_segmentation, a_segment_editor, scene_volume
):
    # The other volume lies under a transform, so that its voxels are halfway between ours.
    moved = np.eye(4)
    moved[:3, 3] = GRID[:3, :3] @ (0.5, 0.0, 0.0)
    pet = a_volume(np.flip(greys(), axis=1).copy(), GRID, moved)
    node = a_segmentation(scene_volume)
    a_segment_editor.SetSourceVolumeIntensityMask(True)
    a_segment_editor.SetSourceVolumeIntensityMaskRange(0.0, 600.0)
    a_segment_editor.SetAndObserveSourceVolumeNode(pet)

    SegmentationNodeWriter(node, scene_volume).apply(block(LIVER, (0, 0, 1), (12, 14, 15)))

    other = slicer.util.arrayFromVolume(pet).astype(float)
    between = np.rint((other[:, :, :-1] + other[:, :, 1:]) / 2)
    unsure = np.abs((other[:, :, :-1] + other[:, :, 1:]) / 2 - between) == 0.5
    held = voxels_of(node, LIVER, scene_volume.node)[:, :, 1:]
    expected = (between >= 0) & (between <= 600)
    assert np.array_equal(held[~unsure], expected[~unsure])
    assert 0.2 < held.mean() < 0.8


def test_an_intensity_mask_by_a_colour_image_is_told(
    mrml, a_segmentation, a_segment_editor, scene_volume
):
    photo = mrml.scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "photo")
    slicer.util.updateVolumeFromArray(photo, np.zeros((*SHAPE_KJI, 3), np.uint8))
    a_segment_editor.SetSourceVolumeIntensityMask(True)
    a_segment_editor.SetAndObserveSourceVolumeNode(photo)
    writer = SegmentationNodeWriter(a_segmentation(scene_volume), scene_volume)

    with pytest.raises(ScanError, match="'photo' has 3 values a voxel"):
        writer.apply(block(LIVER, (0, 0, 0), (1, 1, 1)))

    assert not writer.undo()
    mrml.scene.RemoveNode(photo)
