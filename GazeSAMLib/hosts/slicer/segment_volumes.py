"""How large the segments of a segmentation are."""

import numpy as np
import numpy.typing as npt
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import vtk_to_numpy


class SegmentVolumes:
    """Volumes of segments, counted anew only where a labelmap has changed.

    Counting reads a changed labelmap as a whole: ask when the hand rests, not after each step.
    """

    def __init__(self) -> None:
        self._counts: dict[object, tuple[int, npt.NDArray[np.intp]]] = {}

    def in_ml(self, segmentation_node: "slicer.vtkMRMLSegmentationNode") -> dict[str, float]:
        """Return the volume of every segment, millilitres, parent transforms not applied."""
        segmentation = segmentation_node.GetSegmentation()
        known, self._counts = self._counts, {}
        volumes = {}
        for segment_id in segmentation.GetSegmentIDs():
            image = segmentation_node.GetBinaryLabelmapInternalRepresentation(segment_id)
            if image is None:  # made of surfaces
                continue
            if image not in self._counts:
                self._counts[image] = _counted(image, known.get(image))
            counts = self._counts[image][1]
            label = segmentation.GetSegment(segment_id).GetLabelValue()
            count = int(counts[label]) if label < len(counts) else 0
            volumes[segment_id] = count * _voxel_mm3(image) / 1000.0
        return volumes


def _counted(
    image: "slicer.vtkOrientedImageData", known: tuple[int, npt.NDArray[np.intp]] | None
) -> tuple[int, npt.NDArray[np.intp]]:
    """Return when the image last changed, and how many voxels it has of each label."""
    time = image.GetMTime()
    if known is not None and known[0] == time:
        return known
    scalars = image.GetPointData().GetScalars()
    if scalars is None or image.GetNumberOfPoints() == 0:
        return time, np.zeros(1, dtype=np.intp)
    return time, np.bincount(np.maximum(vtk_to_numpy(scalars), 0), minlength=1)


def _voxel_mm3(image: "slicer.vtkOrientedImageData") -> float:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return abs(float(np.linalg.det(slicer.util.arrayFromVTKMatrix(matrix)[:3, :3])))
