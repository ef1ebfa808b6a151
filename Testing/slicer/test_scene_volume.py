"""A volume node as the library sees it, and those that are refused."""

import nibabel
import numpy as np
import pytest

from GazeSAMLib.errors import GazeSAMError, GeometryError, ScanError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.scans.read import read_scan

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer
import slicer.util
import vtk

from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume

AXIAL = np.diag((-1.0, -1.0, 2.0, 1.0))


def voxels(shape=(3, 4, 5)):
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def added(mrml, node, name="shown to the user"):
    node.SetName(name)
    return mrml.scene.AddNode(node)


def parent_of(mrml, node, matrix):
    parent = mrml.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    told = vtk.vtkMatrix4x4()
    told.DeepCopy(np.asarray(matrix, dtype=float).ravel().tolist())
    parent.SetMatrixTransformToParent(told)
    node.SetAndObserveTransformNodeID(parent.GetID())
    return parent


def test_voxels_are_those_of_the_node_and_not_a_copy(a_volume):
    node = a_volume(voxels(), AXIAL)
    seen = SceneVolume(node)

    slicer.util.arrayFromVolume(node)[1, 2, 3] = -77

    assert seen.voxels_kji[1, 2, 3] == -77
    assert seen.volume.shape_kji == (3, 4, 5)
    assert np.array_equal(seen.volume.local_ras_from_ijk, AXIAL)


@pytest.mark.parametrize(
    "path", ["mr_brain_oblique/t2.nii.gz", "mr_tumour/image.nrrd", "ct_abdomen/dicom"]
)
def test_a_loaded_scan_is_the_one_that_the_library_reads(mrml, shared_data, path):
    file = shared_data / path
    files = vtk.vtkStringArray()
    for one in sorted(file.iterdir()) if file.is_dir() else [file]:
        files.InsertNextValue(str(one))
    node = mrml.volumes.AddArchetypeVolume(files.GetValue(0), "scan", 0, files)

    seen = SceneVolume(node)

    read = read_scan(file)
    assert scan_digest(seen.voxels_kji, seen.volume) == scan_digest(read.voxels_kji, read.volume)
    mrml.scene.RemoveNode(node)


def test_a_parent_transform_is_not_in_the_volume_s_own_space(a_volume):
    moved = np.array([[0, -1, 0, 5], [1, 0, 0, -3], [0, 0, 1, 8], [0, 0, 0, 1.0]])
    node = a_volume(voxels(), AXIAL, moved)

    seen = SceneVolume(node)

    assert np.array_equal(seen.volume.local_ras_from_ijk, AXIAL)
    assert np.allclose(seen.local_ras_from_ras @ moved, np.eye(4), atol=1e-12)
    assert not seen.is_warped


def test_several_transforms_above_each_other_all_count(mrml, a_volume):
    inner, outer = np.diag((2.0, 1.0, 1.0, 1.0)), np.eye(4)
    outer[:3, 3] = (10.0, 20.0, 30.0)
    node = a_volume(voxels(), AXIAL, inner)
    above = parent_of(mrml, node.GetParentTransformNode(), outer)

    local_ras_from_ras = SceneVolume(node).local_ras_from_ras

    assert np.allclose(local_ras_from_ras, np.linalg.inv(outer @ inner), atol=1e-12)
    mrml.scene.RemoveNode(above)


def test_window_and_level_are_the_displayed_ones(a_volume):
    node = a_volume(voxels(), AXIAL)
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(350.0, 40.0)

    assert SceneVolume(node).window_level == (350.0, 40.0)


def test_automatic_window_and_level_are_those_that_slicer_has_computed(
    mrml, a_slice_view, tmp_path
):
    rising = np.linspace(0, 1000, 8 * 9 * 10, dtype=np.int16).reshape(8, 9, 10)
    nibabel.save(nibabel.Nifti1Image(rising, AXIAL), tmp_path / "scan.nii")
    node = mrml.volumes.AddArchetypeVolume(str(tmp_path / "scan.nii"), "scan", 0)
    a_slice_view(node)

    window, level = SceneVolume(node).window_level

    assert node.GetDisplayNode().GetAutoWindowLevel()
    assert (window, level) == (node.GetDisplayNode().GetWindow(), node.GetDisplayNode().GetLevel())
    assert 500 < window <= 1000
    assert 300 < level < 700
    mrml.scene.RemoveNode(node)


@pytest.mark.parametrize("window", [0.0, -200.0])
def test_a_window_that_is_not_positive_can_be_used(a_volume, window):
    node = a_volume(voxels(), AXIAL)
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(window, 40.0)

    assert SceneVolume(node).window_level[0] > 0.0


def test_a_volume_that_was_never_displayed_has_a_window(mrml):
    node = added(mrml, slicer.vtkMRMLScalarVolumeNode())
    slicer.util.updateVolumeFromArray(node, voxels())

    assert SceneVolume(node).window_level == (59.0, 29.5)
    mrml.scene.RemoveNode(node)


def refused(node):
    with pytest.raises(GazeSAMError) as error:
        SceneVolume(node)
    return error


def test_no_volume_is_refused():
    assert refused(None).type is ScanError
    assert "no volume is chosen" in str(refused(None).value)


def test_a_colour_image_is_refused(mrml):
    node = added(mrml, slicer.vtkMRMLVectorVolumeNode(), "photo")
    slicer.util.updateVolumeFromArray(node, np.zeros((2, 3, 4, 3), dtype=np.uint8))

    assert "'photo' has 3 values a voxel" in str(refused(node).value)
    mrml.scene.RemoveNode(node)


def test_a_label_map_is_refused(mrml):
    node = added(mrml, slicer.vtkMRMLLabelMapVolumeNode(), "organs")
    slicer.util.updateVolumeFromArray(node, voxels())

    assert "'organs' is a label map" in str(refused(node).value)
    mrml.scene.RemoveNode(node)


def test_a_sequence_is_refused_and_the_way_out_is_told(mrml):
    node = added(mrml, slicer.vtkMRMLSequenceNode(), "heart")

    assert "'heart' holds several time points: show one of them, clone it" in str(
        refused(node).value
    )
    mrml.scene.RemoveNode(node)


def test_the_shown_frame_of_a_sequence_is_refused(mrml, a_volume):
    # Loaded by the module Sequences in Slicer; the wheel has its logic, which registers the nodes.
    logic = slicer.vtkSlicerSequencesLogic()
    logic.SetMRMLScene(mrml.scene)
    sequence = added(mrml, slicer.vtkMRMLSequenceNode(), "heart")
    for time in ("0", "1"):
        sequence.SetDataNodeAtValue(a_volume(voxels(), AXIAL), time)
    browser = added(mrml, slicer.vtkMRMLSequenceBrowserNode(), "heart browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    logic.UpdateProxyNodesFromSequences(browser)
    frame = browser.GetProxyNode(sequence)

    assert "one time point of the sequence 'heart browser'" in str(refused(frame).value)
    for node in (frame, browser, sequence):
        mrml.scene.RemoveNode(node)
    logic.SetMRMLScene(None)


def test_another_kind_of_node_is_refused(mrml):
    node = added(mrml, slicer.vtkMRMLModelNode(), "skull")

    assert "'skull' is not a volume" in str(refused(node).value)
    mrml.scene.RemoveNode(node)


@pytest.mark.parametrize("dimensions", [None, (0, 0, 0)])
def test_a_volume_without_voxels_is_refused(mrml, dimensions):
    node = added(mrml, slicer.vtkMRMLScalarVolumeNode(), "empty")
    if dimensions is not None:
        image = vtk.vtkImageData()
        image.SetDimensions(dimensions)
        node.SetAndObserveImageData(image)

    assert "'empty' holds no voxels" in str(refused(node).value)
    mrml.scene.RemoveNode(node)


def test_a_transform_that_squashes_the_volume_is_refused(a_volume):
    flat = np.diag((1.0, 1.0, 0.0, 1.0))
    node = a_volume(voxels(), AXIAL, flat)

    error = refused(node)

    assert error.type is GeometryError
    assert "cannot be inverted" in str(error.value)
    assert "module Transforms" in str(error.value)


def test_a_transform_that_becomes_singular_later_is_told(a_volume):
    node = a_volume(voxels(), AXIAL, np.eye(4))
    seen = SceneVolume(node)
    flat = vtk.vtkMatrix4x4()
    flat.SetElement(1, 1, 0.0)
    node.GetParentTransformNode().SetMatrixTransformToParent(flat)

    with pytest.raises(GeometryError, match="cannot be inverted"):
        _ = seen.local_ras_from_ras


@pytest.fixture
def stamped(a_volume):
    """A volume under a transform, the stamp of which is taken before and after a change."""
    return SceneVolume(a_volume(voxels(), AXIAL, np.diag((1.0, 1.0, 1.0, 1.0))))


def test_a_stamp_stays_while_nothing_happens(stamped, a_slice_view):
    before = stamped.stamp()
    view = a_slice_view(stamped.node)
    view.node.SetSliceOffset(1.0)
    stamped.node.GetDisplayNode().SetWindowLevel(10.0, 5.0)
    stamped.node.SetName("renamed")

    assert stamped.stamp() == before


def test_a_stamp_changes_with_the_voxels(stamped):
    before = stamped.stamp()
    slicer.util.arrayFromVolume(stamped.node)[0, 0, 0] = 9
    slicer.util.arrayFromVolumeModified(stamped.node)

    assert stamped.stamp().voxels != before.voxels


def test_a_stamp_changes_with_the_image(stamped):
    before = stamped.stamp()
    slicer.util.updateVolumeFromArray(stamped.node, voxels((6, 7, 8)))

    assert stamped.stamp().voxels != before.voxels
    assert stamped.stamp().grid != before.grid


def test_a_stamp_changes_with_the_spacing(stamped):
    before = stamped.stamp()
    stamped.node.SetSpacing(1.0, 1.0, 3.0)

    assert stamped.stamp().grid != before.grid


def test_a_stamp_changes_with_the_transform(stamped):
    before = stamped.stamp()
    moved = vtk.vtkMatrix4x4()
    moved.SetElement(0, 3, 4.0)
    stamped.node.GetParentTransformNode().SetMatrixTransformToParent(moved)

    assert stamped.stamp().transform != before.transform


def test_a_stamp_changes_when_the_transform_is_put_under_an_older_one(mrml, a_volume):
    older = mrml.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "older")
    seen = SceneVolume(a_volume(voxels(), AXIAL, np.eye(4)))
    before = seen.stamp()

    seen.node.GetParentTransformNode().SetAndObserveTransformNodeID(older.GetID())

    assert seen.stamp().transform != before.transform
    mrml.scene.RemoveNode(older)


def test_a_stamp_tells_that_the_node_was_removed(mrml, a_volume):
    seen = SceneVolume(a_volume(voxels(), AXIAL))
    assert seen.stamp().in_scene

    mrml.scene.RemoveNode(seen.node)

    assert not seen.stamp().in_scene
