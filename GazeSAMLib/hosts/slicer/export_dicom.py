"""Save a segmentation node as a DICOM segmentation of the series that its scan was loaded from."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.affine import Matrix
from GazeSAMLib.hosts.slicer.dicom_sources import source_frames
from GazeSAMLib.hosts.slicer.export import check_exportable
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.scans.coded_segments import CodedSegment, CodedSegments, patches_of_labels
from GazeSAMLib.scans.dicom_seg_pixels import pixel_places
from GazeSAMLib.scans.terminology import UNKNOWN, Terminology, terminology_of_entry
from GazeSAMLib.scans.write_dicom_seg import DICOM_SEG_EXTENSION, write_dicom_seg
from GazeSAMLib.segmentation.segment import Segment


def export_dicom_seg(
    segmentation_node: "slicer.vtkMRMLSegmentationNode", scene_volume: SceneVolume, path: Path
) -> str:
    """Write all segments as a DICOM segmentation with the codes of their terminology.

    The file appears whole or not at all. Segments may overlap.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        What is written.
    scene_volume : SceneVolume
        The scan that was segmented, loaded by the module DICOM.
    path : Path
        Ends in ``.dcm``.

    Returns
    -------
    str
        What the reader should know, or empty.

    Raises
    ------
    OutputError
        If there is nothing to write, the scan's DICOM files are missing or no segmentation can
        refer to them, highdicom is not installed, or the file cannot be written.
    ScanError
        If a DICOM file of the scan cannot be read.
    """
    check_exportable(segmentation_node, path, DICOM_SEG_EXTENSION)
    frames = source_frames(scene_volume.node)
    segmentation = segmentation_node.GetSegmentation()
    segments = tuple(
        _coded(segmentation_node, segment_id, scene_volume)
        for segment_id in segmentation.GetSegmentIDs()
    )
    notes = write_dicom_seg(
        path,
        CodedSegments(scene_volume.volume, segments),
        frames,
        places=pixel_places(scene_volume.volume, frames),
    )
    return " ".join(f"{note[0].upper()}{note[1:]}." for note in notes)


def _coded(
    segmentation_node: "slicer.vtkMRMLSegmentationNode", segment_id: str, scene_volume: SceneVolume
) -> CodedSegment:
    segment = segmentation_node.GetSegmentation().GetSegment(segment_id)
    (patch,) = patches_of_labels(_voxels_kji(segmentation_node, segment_id, scene_volume), 1)
    red, green, blue = segment.GetColor()
    named = Segment(segment_id, segment.GetName(), (red, green, blue))
    return CodedSegment(named, patch, _terminology(segment))


def _voxels_kji(
    segmentation_node: "slicer.vtkMRMLSegmentationNode", segment_id: str, scene_volume: SceneVolume
) -> npt.NDArray[np.bool_]:
    """Return the segment's voxels on the volume's grid; nothing is added to the scene for it."""
    image = slicer.vtkOrientedImageData()
    if not segmentation_node.GetBinaryLabelmapRepresentation(segment_id, image):
        return np.zeros(scene_volume.volume.shape_kji, dtype=bool)
    last_i, last_j, last_k = (count - 1 for count in scene_volume.volume.shape_ijk)
    grid = slicer.vtkOrientedImageData()
    grid.SetExtent(0, last_i, 0, last_j, 0, last_k)
    grid.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    own_from_volume = _between(scene_volume, segmentation_node)
    matrix = own_from_volume @ scene_volume.volume.local_ras_from_ijk
    grid.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(matrix))
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
        image, grid, grid
    )
    scalars = vtk_to_numpy(grid.GetPointData().GetScalars())
    return scalars.reshape(scene_volume.volume.shape_kji) != 0


def _between(
    scene_volume: SceneVolume, segmentation_node: "slicer.vtkMRMLSegmentationNode"
) -> Matrix:
    """Return what maps the RAS under the volume's transforms to that under the segmentation's.

    Raises
    ------
    OutputError
        If it is not linear.
    """
    source = scene_volume.node.GetParentTransformNode()
    target = segmentation_node.GetParentTransformNode()
    if source is target:
        return np.eye(4)
    matrix = vtk.vtkMatrix4x4()
    between = slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes
    if not between(source, target, matrix):
        raise OutputError(
            f"'{segmentation_node.GetName()}' and '{scene_volume.name}' lie under different "
            "transforms that are not linear: put both under the same one in the module Transforms"
        )
    return slicer.util.arrayFromVTKMatrix(matrix)


def _terminology(segment: "slicer.vtkSegment") -> Terminology:
    entry = vtk.reference("")
    if not segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry):
        return UNKNOWN
    return terminology_of_entry(str(entry)) or UNKNOWN
