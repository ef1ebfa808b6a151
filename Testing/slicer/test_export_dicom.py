"""Segmentation nodes as DICOM segmentations of the series that Slicer loaded."""

import numpy as np
import pydicom
import pytest

from GazeSAMLib.errors import OutputError
from GazeSAMLib.scans.dicom import read_dicom
from GazeSAMLib.scans.read_dicom_seg import read_dicom_seg
from Testing.dicom_checks import by_dcmqi, complaints, write_series
from Testing.unit.scans.test_terminology import RIGHT_KIDNEY

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer
import vtk

from GazeSAMLib.hosts.slicer.dicom_sources import UIDS_ATTRIBUTE
from GazeSAMLib.hosts.slicer.edit_rules import EditRules, Overwrite
from GazeSAMLib.hosts.slicer.export_dicom import export_dicom_seg
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from Testing.slicer.segments import KIDNEY, LIVER, block, scattered, voxels_of

SHAPE = (14, 16)


class Database:
    """Stands in for Slicer's DICOM database, which only its application has."""

    def __init__(self, files):
        self.files = {str(pydicom.dcmread(file).SOPInstanceUID): str(file) for file in files}

    def fileForInstance(self, uid):  # noqa: N802 - as ctkDICOMDatabase has it
        return self.files.get(uid, "")


@pytest.fixture
def a_series(mrml, tmp_path, monkeypatch):
    """Return a function that writes a series and loads it as the module DICOM would."""
    made = []

    def load(positions):
        files = write_series(tmp_path / "scan", positions, SHAPE)
        names = vtk.vtkStringArray()
        for file in files:
            names.InsertNextValue(str(file))
        node = mrml.volumes.AddArchetypeVolume(names.GetValue(0), "CT", 0, names)
        database = Database(files)
        node.SetAttribute(UIDS_ATTRIBUTE, " ".join(database.files))
        monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
        made.append(node)
        return node

    yield load
    for node in made:
        mrml.scene.RemoveNode(node)


def even(count):
    return [(-3.0, 4.0, 10.0 + 2.0 * k) for k in range(count)]


@pytest.fixture
def segmented(a_series, a_segmentation):
    """Liver and kidney that overlap on a series of seven slices, the node, and the volume."""
    volume = SceneVolume(a_series(even(7)))
    node = a_segmentation(volume)
    writer = SegmentationNodeWriter(node, volume, lambda: EditRules(overwrite=Overwrite.OVERLAP))
    writer.apply(scattered(LIVER, (1, 2, 3), (4, 5, 6), seed=1))
    writer.apply(scattered(KIDNEY, (3, 2, 3), (4, 9, 11), seed=2))
    return node, volume


def in_the_file(path, scan_folder):
    """The masks of the segments on the scan's slices, by number in the file."""
    found, scan = read_dicom_seg(path), read_dicom(scan_folder)
    first = scan.volume.ijk_from_local_ras @ found.volume.local_ras_from_ijk[:, 3]
    offset = round(float(first[2]))
    masks = np.zeros((len(found.segments), *scan.volume.shape_kji), dtype=bool)
    for mask, one in zip(masks, found.segments, strict=True):
        mask[offset : offset + found.volume.shape_kji[0]][one.patch.box] = one.patch.mask
    return masks


def test_slicer_s_voxels_are_in_the_file_overlaps_too(segmented, tmp_path):
    node, volume = segmented
    path = tmp_path / "both.dcm"

    assert export_dicom_seg(node, volume, path) == ""

    assert complaints(path) == []
    liver, kidney = in_the_file(path, tmp_path / "scan")
    assert np.array_equal(liver, flipped(voxels_of(node, LIVER, volume.node), volume))
    assert np.array_equal(kidney, flipped(voxels_of(node, KIDNEY, volume.node), volume))
    assert (liver & kidney).any()
    assert [one.attributes["SegmentLabel"] for one in by_dcmqi(path, tmp_path / "dcmqi")] == [
        "Liver",
        "Kidney",
    ]


def flipped(mask, volume):
    """Slicer's voxels in the order of the slices' heights."""
    return mask if volume.volume.axes_mm[2, 2] > 0 else mask[::-1]


def test_terminology_and_colour_of_the_segment_go_along(segmented, tmp_path):
    node, volume = segmented
    kidney = node.GetSegmentation().GetSegment(KIDNEY.id)
    kidney.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), RIGHT_KIDNEY)
    export_dicom_seg(node, volume, tmp_path / "both.dcm")
    _, found = read_dicom_seg(tmp_path / "both.dcm").segments
    assert found.terminology.type.meaning == "Kidney"
    assert found.terminology.type_modifier.meaning == "Right"
    assert found.segment.color_rgb == pytest.approx(KIDNEY.color_rgb, abs=0.01)


def test_a_transform_above_the_volume_moves_nothing_in_the_file(mrml, segmented, tmp_path):
    node, volume = segmented
    export_dicom_seg(node, volume, tmp_path / "before.dcm")
    transform = mrml.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 55.0)
    transform.SetMatrixTransformToParent(matrix)
    for moved in (node, volume.node):
        moved.SetAndObserveTransformNodeID(transform.GetID())
    export_dicom_seg(node, SceneVolume(volume.node), tmp_path / "after.dcm")
    before, after = (
        in_the_file(tmp_path / name, tmp_path / "scan") for name in ("before.dcm", "after.dcm")
    )
    assert np.array_equal(before, after)
    mrml.scene.RemoveNode(transform)


def test_slices_with_uneven_gaps_are_found_by_their_number(a_series, a_segmentation, tmp_path):
    heights = [0.0, 2.0, 4.0, 6.9, 8.2, 12.0]
    volume = SceneVolume(a_series([(-3.0, 4.0, height) for height in heights]))
    assert volume.volume.shape_kji == (6, *SHAPE)
    node = a_segmentation(volume)
    writer = SegmentationNodeWriter(node, volume)
    for k in range(6):
        writer.apply(block(LIVER, (k, 2, 3), (1, 2 + k, 4)))
    path = tmp_path / "liver.dcm"

    assert export_dicom_seg(node, volume, path) == ""

    seg = pydicom.dcmread(path)
    upward = volume.volume.axes_mm[2, 2] > 0
    for group, pixels in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True):
        height = float(group.PlanePositionSequence[0].ImagePositionPatient[2])
        slice_number = heights.index(height) if upward else 5 - heights.index(height)
        assert pixels.sum() == 4 * (2 + slice_number)


def test_a_volume_that_is_not_from_dicom_is_refused(a_volume, a_segmentation, tmp_path):
    volume = SceneVolume(a_volume(np.zeros((4, 5, 6), np.int16), np.eye(4)))
    node = a_segmentation(volume)
    SegmentationNodeWriter(node, volume).apply(block(LIVER, (1, 1, 1), (1, 1, 1)))
    with pytest.raises(OutputError, match=r"was not loaded from DICOM.* or export NRRD"):
        export_dicom_seg(node, volume, tmp_path / "x.dcm")
    assert not list(tmp_path.iterdir())


def test_slices_that_left_the_database_are_told(segmented, tmp_path):
    node, volume = segmented
    slicer.dicomDatabase.files.popitem()
    (tmp_path / "scan" / "001.dcm").unlink()
    with pytest.raises(OutputError, match=r"2 of 7 slices of 'CT\S*' are not in Slicer's DICOM"):
        export_dicom_seg(node, volume, tmp_path / "x.dcm")


def test_exporting_leaves_the_scene_as_it_is(mrml, segmented, tmp_path):
    node, volume = segmented
    before = mrml.scene.GetNumberOfNodes()
    export_dicom_seg(node, volume, tmp_path / "x.dcm")
    assert mrml.scene.GetNumberOfNodes() == before
