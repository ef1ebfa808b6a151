"""A segmentation that belongs to the volume: new, chosen, or refused with a reason."""

import numpy as np
import pytest

from GazeSAMLib.errors import OutputError
from GazeSAMLib.segmentation.segment import Segment

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer
import slicer.util
import vtk

from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_list import (
    add_segment,
    segments_of,
    unused_segment,
    update_segments,
)
from GazeSAMLib.hosts.slicer.segment_volumes import SegmentVolumes
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.hosts.slicer.segmentation_setup import prepare_segmentation
from Testing.slicer.segments import KIDNEY, LIVER, block, voxels_of

SHAPE_KJI = (12, 14, 16)
GRID = np.array([[-0.8, 0.1, 0, 7], [0, 0.9, 0, 9], [0, 0, 2.0, -5], [0, 0, 0, 1]])
MOVED = np.array([[0, -1, 0, 5], [1, 0, 0, -3], [0, 0, 1, 8], [0, 0, 0, 1.0]])


def black(shape=SHAPE_KJI):
    return np.zeros(shape, dtype=np.int16)


def test_a_new_segmentation_lies_under_the_volume_s_transform_on_its_grid(a_volume, a_segmentation):
    volume = a_volume(black(), GRID, MOVED)
    node = a_segmentation(SceneVolume(volume))

    assert node.GetTransformNodeID() == volume.GetTransformNodeID()
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is volume
    geometry = slicer.vtkOrientedImageData()
    slicer.vtkSegmentationConverter.DeserializeImageGeometry(
        node.GetSegmentation().GetConversionParameter("Reference image geometry"), geometry, False
    )
    matrix = vtk.vtkMatrix4x4()
    geometry.GetImageToWorldMatrix(matrix)
    assert np.allclose(slicer.util.arrayFromVTKMatrix(matrix), GRID, atol=1e-12)
    assert geometry.GetDimensions() == SHAPE_KJI[::-1]
    assert node.GetDisplayNode().GetVisibility()


def test_a_segmentation_follows_the_volume_under_another_transform(mrml, a_volume, a_segmentation):
    volume = a_volume(black(), GRID)
    node = a_segmentation(SceneVolume(volume))
    writer = SegmentationNodeWriter(node, SceneVolume(volume))
    writer.apply(block(LIVER, (1, 1, 1), (2, 2, 2)))
    parent = mrml.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    volume.SetAndObserveTransformNodeID(parent.GetID())

    writer.apply(block(LIVER, (5, 5, 5), (2, 2, 2)))

    assert node.GetTransformNodeID() == parent.GetID()
    assert voxels_of(node, LIVER, volume).sum() == 16
    mrml.scene.RemoveNode(parent)


def test_an_empty_segmentation_of_another_volume_may_be_taken(a_volume, a_segmentation):
    other = a_volume(black((5, 6, 7)), np.diag((1.0, 2.0, 3.0, 1.0)), MOVED)
    volume = a_volume(black(), GRID)
    node = a_segmentation(SceneVolume(other))
    add_segment(node, LIVER)

    writer = SegmentationNodeWriter(node, SceneVolume(volume))
    writer.apply(block(LIVER, (1, 2, 3), (3, 4, 5)))

    assert node.GetTransformNodeID() is None
    assert voxels_of(node, LIVER, volume)[1:4, 2:6, 3:8].all()
    assert voxels_of(node, LIVER, volume).sum() == 60


def test_one_that_was_emptied_may_be_taken_too(a_volume, a_segmentation):
    other, volume = (
        a_volume(black((5, 6, 7)), np.diag((1.0, 2.0, 3.0, 1.0))),
        a_volume(black(), GRID),
    )
    node = a_segmentation(SceneVolume(other))
    writer = SegmentationNodeWriter(node, SceneVolume(other))
    writer.apply(block(LIVER, (1, 1, 1), (2, 2, 2)))
    writer.undo()

    SegmentationNodeWriter(node, SceneVolume(volume)).apply(block(LIVER, (9, 9, 9), (2, 2, 2)))

    assert voxels_of(node, LIVER, volume).sum() == 8


def test_one_on_another_grid_is_refused_and_left_as_it_is(a_volume, a_segmentation):
    other, volume = (
        a_volume(black((5, 6, 7)), np.diag((1.0, 2.0, 3.0, 1.0))),
        a_volume(black(), GRID),
    )
    node = a_segmentation(SceneVolume(other))
    SegmentationNodeWriter(node, SceneVolume(other)).apply(block(LIVER, (1, 1, 1), (2, 2, 2)))

    with pytest.raises(OutputError, match="lies on another voxel grid than"):
        SegmentationNodeWriter(node, SceneVolume(volume))

    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is other
    assert voxels_of(node, LIVER, other).sum() == 8


def test_one_under_another_transform_is_refused(a_volume, a_segmentation):
    volume, moved = a_volume(black(), GRID), a_volume(black(), GRID, MOVED)
    node = a_segmentation(SceneVolume(volume))
    SegmentationNodeWriter(node, SceneVolume(volume)).apply(block(LIVER, (1, 1, 1), (2, 2, 2)))

    with pytest.raises(OutputError, match="lie under different transforms"):
        prepare_segmentation(node, SceneVolume(moved))

    assert node.GetTransformNodeID() is None


def test_one_under_a_transform_that_does_the_same_is_taken(a_volume, a_segmentation):
    here, there = a_volume(black(), GRID, MOVED), a_volume(black(), GRID, MOVED)
    node = a_segmentation(SceneVolume(here))
    SegmentationNodeWriter(node, SceneVolume(here)).apply(block(LIVER, (1, 1, 1), (2, 2, 2)))

    SegmentationNodeWriter(node, SceneVolume(there)).apply(block(LIVER, (5, 5, 5), (2, 2, 2)))

    assert node.GetTransformNodeID() == there.GetTransformNodeID()
    assert voxels_of(node, LIVER, there).sum() == 16


def test_one_made_of_surfaces_is_refused(mrml, a_volume):
    volume = a_volume(black(), GRID)
    node = mrml.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "skull")
    node.SetSourceRepresentationToClosedSurface()
    ball = vtk.vtkSphereSource()
    ball.Update()
    node.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "skull", (1, 0, 0), "skull")

    with pytest.raises(OutputError, match="'skull' is made of surfaces"):
        SegmentationNodeWriter(node, SceneVolume(volume))

    mrml.scene.RemoveNode(node)


def test_one_that_was_saved_and_loaded_can_be_gone_on_with(
    mrml, a_volume, a_segmentation, tmp_path
):
    volume = a_volume(black(), GRID)
    node = a_segmentation(SceneVolume(volume))
    SegmentationNodeWriter(node, SceneVolume(volume)).apply(block(LIVER, (3, 4, 5), (3, 4, 5)))
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "saved.seg.nrrd"))
    storage.SetCropToMinimumExtent(True)  # another origin, the same grid
    assert storage.WriteData(node)
    loaded = mrml.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "loaded")
    assert storage.ReadData(loaded)

    writer = SegmentationNodeWriter(loaded, SceneVolume(volume))
    writer.apply(block(LIVER, (0, 0, 0), (2, 2, 2)))
    writer.apply(block(KIDNEY, (3, 4, 9), (3, 4, 5)))

    expected = np.zeros(SHAPE_KJI, dtype=bool)
    expected[3:6, 4:8, 5:10] = expected[:2, :2, :2] = True
    assert np.array_equal(voxels_of(loaded, LIVER, volume), expected)
    assert voxels_of(loaded, KIDNEY, volume).sum() == 3 * 4 * 4  # it stops at the liver
    mrml.scene.RemoveNode(loaded)


def test_a_labelmap_whose_indices_are_shifted_is_the_same_grid(a_volume, a_segmentation):
    volume = a_volume(black(), GRID)
    node = a_segmentation(SceneVolume(volume))
    image = slicer.vtkOrientedImageData()
    shifted = GRID.copy()
    shifted[:3, 3] += GRID[:3, :3] @ (2, 3, 4)  # as DICOM segmentations are cropped
    image.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(shifted))
    image.SetExtent(0, 4, 0, 3, 0, 2)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    node.AddSegmentFromBinaryLabelmapRepresentation(image, LIVER.name, LIVER.color_rgb, LIVER.id)
    writer = SegmentationNodeWriter(node, SceneVolume(volume))

    writer.apply(block(LIVER, (0, 0, 0), (1, 1, 1)))
    writer.apply(block(LIVER, (4, 3, 2), (1, 1, 1), remove=True))
    writer.apply(block(KIDNEY, (4, 3, 2), (3, 4, 5)))

    liver = voxels_of(node, LIVER, volume)
    assert liver[0, 0, 0]
    assert liver.sum() == 60
    assert voxels_of(node, KIDNEY, volume).sum() == 1
    assert voxels_of(node, KIDNEY, volume)[4, 3, 2]


def test_a_segment_that_comes_on_another_grid_is_told_and_respected(a_volume, a_segmentation):
    volume = a_volume(black(), np.eye(4))
    node = a_segmentation(SceneVolume(volume))
    writer = SegmentationNodeWriter(node, SceneVolume(volume))
    image = slicer.vtkOrientedImageData()
    image.SetSpacing(2.0, 2.0, 2.0)
    image.SetOrigin(0.5, 0.5, 0.5)
    image.SetExtent(0, 2, 0, 2, 0, 2)  # voxels 0 to 5 of ours
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    node.AddSegmentFromBinaryLabelmapRepresentation(image, LIVER.name, LIVER.color_rgb, LIVER.id)

    with pytest.raises(OutputError, match="'Liver' lies on another voxel grid"):
        writer.apply(block(LIVER, (9, 9, 9), (1, 1, 1)))
    writer.apply(block(KIDNEY, (0, 0, 0), (8, 8, 8)))

    assert voxels_of(node, KIDNEY, volume).sum() == 8**3 - 6**3
    assert not voxels_of(node, KIDNEY, volume)[:6, :6, :6].any()


def test_segments_are_known_by_the_names_and_colours_of_the_node(a_volume, a_segmentation):
    node = a_segmentation(SceneVolume(a_volume(black(), GRID)))
    add_segment(node, LIVER, terminology="list~SCT^1^Organ~SCT^2^Liver~^^~list~^^~^^")
    add_segment(node, KIDNEY)

    assert segments_of(node) == [LIVER, KIDNEY]
    liver = node.GetSegmentation().GetSegment(LIVER.id)
    assert "SCT^2^Liver" in liver.GetTerminology()
    assert not liver.GetNameAutoGenerated()
    assert "Tissue" in node.GetSegmentation().GetSegment(KIDNEY.id).GetTerminology()


def test_an_unused_segment_meets_no_other(a_volume, a_segmentation):
    node = a_segmentation(SceneVolume(a_volume(black(), GRID)))
    for name in ("Segment_1", "Segment_3"):
        node.GetSegmentation().AddEmptySegment(name, name)

    first = unused_segment(node)
    add_segment(node, first)
    second = unused_segment(node, "Cyst")

    assert first.id not in ("Segment_1", "Segment_3")
    assert second.id not in node.GetSegmentation().GetSegmentIDs()
    assert second.name == "Cyst"
    assert first.color_rgb != second.color_rgb


def test_names_from_elsewhere_are_taken_over(a_volume, a_segmentation):
    node = a_segmentation(SceneVolume(a_volume(black(), GRID)))
    add_segment(node, LIVER)

    update_segments(node, [Segment(LIVER.id, "Leber", (0.5, 0.25, 0.125)), KIDNEY])

    assert segments_of(node) == [Segment(LIVER.id, "Leber", (0.5, 0.25, 0.125))]


def test_volumes_of_segments_are_those_of_their_voxels(a_volume, a_segmentation):
    volume = a_volume(black(), GRID, np.diag((2.0, 2.0, 2.0, 1.0)))
    node = a_segmentation(SceneVolume(volume))
    writer = SegmentationNodeWriter(node, SceneVolume(volume))
    volumes = SegmentVolumes()
    writer.apply(block(LIVER, (0, 0, 0), (5, 5, 5)))
    writer.apply(block(KIDNEY, (0, 0, 5), (2, 5, 5)))
    assert volumes.in_ml(node) == pytest.approx({LIVER.id: 0.18, KIDNEY.id: 0.072})

    writer.apply(block(LIVER, (0, 0, 0), (1, 5, 5), remove=True))

    assert volumes.in_ml(node) == pytest.approx({LIVER.id: 0.144, KIDNEY.id: 0.072})
    assert SegmentVolumes().in_ml(node) == volumes.in_ml(node)
