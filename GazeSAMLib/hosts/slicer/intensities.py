"""A range of a volume's intensities, asked for at voxels of the volume that is segmented."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import slicer
import slicer.util
import vtk
from scipy import ndimage

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.transforms import through, transform_between
from GazeSAMLib.hosts.slicer.voxel_runs import VoxelRuns


@dataclass(frozen=True, eq=False)
class Intensities:
    """The Segment Editor's editable intensity range.

    Attributes
    ----------
    node : vtkMRMLScalarVolumeNode
        Whose intensities: the Segment Editor's source volume.
    low, high : float
        Values from `low` to `high`, both included, may be edited.
    """

    node: "slicer.vtkMRMLScalarVolumeNode"
    low: float
    high: float

    def contain(self, voxels: VoxelRuns, scene_volume: SceneVolume) -> npt.NDArray[np.bool_]:
        """Return at which voxels of `scene_volume` the intensity is in range.

        Another volume's intensities are interpolated linearly, and rounded to whole numbers if
        its voxels are, as the Segment Editor does.

        Raises
        ------
        ScanError, GeometryError
            If the volume is no scan.
        """
        if self.node is scene_volume.node:
            values = scene_volume.voxels_kji.reshape(-1)[voxels.flat()]
        else:
            values = self._values_at(voxels, scene_volume)
        return (values >= self.low) & (values <= self.high)

    def _values_at(self, voxels: VoxelRuns, scene_volume: SceneVolume) -> npt.NDArray[np.float64]:
        voxels_kji = SceneVolume(self.node).voxels_kji
        ijk = np.stack(np.unravel_index(voxels.flat(), voxels.shape_kji)[::-1], axis=1)
        to_other = transform_between(
            scene_volume.node.GetParentTransformNode(), self.node.GetParentTransformNode()
        )
        ras = through(to_other, apply(scene_volume.volume.local_ras_from_ijk, ijk))
        matrix = vtk.vtkMatrix4x4()
        self.node.GetRASToIJKMatrix(matrix)
        at_ijk = apply(slicer.util.arrayFromVTKMatrix(matrix), ras)
        values = ndimage.map_coordinates(
            voxels_kji, at_ijk.T[::-1], output=np.float64, order=1, mode="nearest"
        )
        # The outermost voxels reach half a voxel beyond their centres.
        beside = ((at_ijk < -0.5) | (at_ijk > np.array(voxels_kji.shape[::-1]) - 0.5)).any(axis=1)
        values[beside] = self.node.GetImageBackgroundScalarComponentAsDouble(0)
        return np.rint(values) if voxels_kji.dtype.kind in "iu" else values
