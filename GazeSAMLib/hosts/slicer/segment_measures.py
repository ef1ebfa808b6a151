"""The segments of a segmentation in numbers."""

import numpy as np
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.scans.coded_segments import patches_of_labels
from GazeSAMLib.segmentation.measures import Measures, measure
from GazeSAMLib.segmentation.segment import VoxelPatch
from GazeSAMLib.segmentation.values_under import values_under


class SegmentMeasures:
    """Measures of segments, taken anew only where a labelmap or the scan has changed.

    A changed labelmap is read as a whole, and each segment in it on its box: ask when the hand
    rests, not after each step.
    """

    def __init__(self) -> None:
        self._known: dict[object, tuple[object, dict[int, Measures]]] = {}

    def of(
        self, segmentation_node: "slicer.vtkMRMLSegmentationNode", scene_volume: SceneVolume
    ) -> dict[str, Measures]:
        """Return the measures of every segment that is a labelmap, by segment id.

        Parent transforms are not applied. Slices count within the labelmap, which may be a part of
        the scan. Intensities are NaN where segmentation and scan lie under different transforms.
        """
        segmentation = segmentation_node.GetSegmentation()
        is_together = (
            segmentation_node.GetParentTransformNode() is scene_volume.node.GetParentTransformNode()
        )
        known, self._known = self._known, {}
        found = {}
        for segment_id in segmentation.GetSegmentIDs():
            image = segmentation_node.GetBinaryLabelmapInternalRepresentation(segment_id)
            if image is None:  # made of surfaces
                continue
            if image not in self._known:
                stamp = (image.GetMTime(), scene_volume.stamp(), is_together)
                before = known.get(image, (None, {}))
                measures = (
                    before[1]
                    if before[0] == stamp
                    else _measured(image, scene_volume if is_together else None)
                )
                self._known[image] = (stamp, measures)
            label = segmentation.GetSegment(segment_id).GetLabelValue()
            found[segment_id] = self._known[image][1].get(label, _NOTHING)
        return found


def _measured(
    image: "slicer.vtkOrientedImageData", scene_volume: SceneVolume | None
) -> dict[int, Measures]:
    """Return the measures of each label in a labelmap."""
    scalars = image.GetPointData().GetScalars()
    if scalars is None or image.GetNumberOfPoints() == 0:
        return {}
    labels_kji = vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1])
    grid = _grid(image)
    measures = {}
    for label, patch in enumerate(patches_of_labels(labels_kji, int(labels_kji.max())), start=1):
        values = None
        if scene_volume is not None and patch.mask.size:
            values = values_under(patch, grid, scene_volume.voxels_kji, scene_volume.volume)
        measures[label] = measure(patch, grid, values)
    return measures


def _grid(image: "slicer.vtkOrientedImageData") -> VolumeGeometry:
    """Return where the image's array lies; its first voxel need not have index zero."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    shift = np.eye(4)
    shift[:3, 3] = image.GetExtent()[::2]
    return VolumeGeometry(
        image.GetDimensions()[::-1], slicer.util.arrayFromVTKMatrix(matrix) @ shift
    )


_NOTHING = measure(
    VoxelPatch((0, 0, 0), np.zeros((0, 0, 0), dtype=bool)), VolumeGeometry((1, 1, 1), np.eye(4))
)
