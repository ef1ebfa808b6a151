"""One labelmap image of a segmentation, read and written at voxels of a volume's grid.

Several segments may share an image, each with a label of its own. The image may hold a part of
the volume only: where a write needs more it is enlarged in place.
"""

import numpy as np
import numpy.typing as npt
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from GazeSAMLib.geometry.affine import Matrix, apply, as_affine, invert
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.voxel_runs import Indices, VoxelRuns

Labels = npt.NDArray[np.integer]

SMALLEST_GROWTH = 16
# Beyond this shift between two grids, in voxels, a labelmap is another grid's.
SAME_GRID = 0.05


class LabelmapImage:
    """A labelmap on the grid of a volume.

    Parameters
    ----------
    image : vtkOrientedImageData
        The labelmap; changed in place.
    volume : VolumeGeometry
        The volume; its local RAS is the RAS in which the segmentation lies.
    """

    def __init__(self, image: "slicer.vtkOrientedImageData", volume: VolumeGeometry) -> None:
        self._image = image
        self._volume = volume
        self._image_from_volume_ijk = _image_from_volume_ijk(image, volume)
        self._shift_ijk = _whole_shift(self._image_from_volume_ijk, volume)

    @property
    def voxels_kji(self) -> Labels:
        """The image's own voxels, not a copy; none where it is empty."""
        scalars = self._image.GetPointData().GetScalars()
        if scalars is None or self._image.GetNumberOfPoints() == 0:
            return np.empty((0, 0, 0), dtype=np.uint8)
        return vtk_to_numpy(scalars).reshape(self._image.GetDimensions()[::-1])

    @property
    def fits(self) -> bool:
        """Whether voxels can be written: on the volume's grid, or nothing in it yet."""
        return self._shift_ijk is not None or not self.voxels_kji.any()

    def holds(self, label: int) -> bool:
        """Whether a voxel has this label."""
        return bool((self.voxels_kji == label).any())

    def labels_at(self, voxels: VoxelRuns) -> Labels:
        """Return the labels at voxels of the volume; 0 beside the image.

        On another grid the label of the nearest voxel is taken.
        """
        labels_kji = self.voxels_kji
        if labels_kji.size == 0 or len(voxels) == 0:
            return np.zeros(len(voxels), dtype=np.uint8)
        if self._shift_ijk is not None:
            at = self._start_ijk(voxels)
            counts = np.array(labels_kji.shape[::-1])[:, None]
            ends = at + _along_i(voxels.lengths)
            if (at >= 0).all() and (ends <= counts).all():
                return labels_kji.reshape(-1)[voxels.from_starts(_flat(at, labels_kji.shape))]
        return self._labels_at_each(voxels)

    def set(self, voxels: VoxelRuns, label: int) -> None:
        """Give voxels of the volume a label; the image must fit."""
        if len(voxels) == 0:
            return
        if self._shift_ijk is None or self.voxels_kji.size == 0:
            self._clear()
        at = self._start_ijk(voxels) + self._first_ijk()[:, None]
        self._cover(at.min(axis=1), (at + _along_i(voxels.lengths)).max(axis=1) - 1)
        slicer.vtkOrientedImageDataResample.CastImageForValue(self._image, label)
        labels_kji = self.voxels_kji
        starts = _flat(self._start_ijk(voxels), labels_kji.shape)
        labels_kji.reshape(-1)[voxels.from_starts(starts)] = label
        # Not the image itself: the segmentation would answer for each change of an edit.
        self._image.GetPointData().GetScalars().Modified()

    def _labels_at_each(self, voxels: VoxelRuns) -> Labels:
        """Return the labels voxel by voxel: some lie beside the image, or on another grid."""
        ijk = np.stack(np.unravel_index(voxels.flat(), voxels.shape_kji)[::-1], axis=1)
        at = np.floor(apply(self._image_from_volume_ijk, ijk) + 0.5).astype(np.int64)
        at -= self._first_ijk()
        labels_kji = self.voxels_kji
        inside = ((at >= 0) & (at < labels_kji.shape[::-1])).all(axis=1)
        labels = np.zeros(len(voxels), dtype=labels_kji.dtype)
        labels[inside] = labels_kji.reshape(-1)[_flat(at[inside].T, labels_kji.shape)]
        return labels

    def _start_ijk(self, voxels: VoxelRuns) -> Indices:
        """Return where in the image's array the runs start, shape (3, n); the grid must fit."""
        ijk = np.stack(voxels.start_kji()[::-1])
        return ijk + (self._shift_ijk - self._first_ijk())[:, None]

    def _clear(self) -> None:
        """Take all voxels out and take on the volume's grid."""
        empty = slicer.vtkOrientedImageData()
        matrix = slicer.util.vtkMatrixFromArray(self._volume.local_ras_from_ijk)
        empty.SetGeometryFromImageToWorldMatrix(matrix)
        self._image.ShallowCopy(empty)
        self._shift_ijk = np.zeros(3, dtype=np.int64)

    def _cover(self, low: Indices, high: Indices) -> None:
        """Enlarge the image, where needed, so that it holds the box from `low` to `high`.

        Beyond that it takes room in proportion to its size, within the volume: a structure
        built slice by slice seldom has to grow.
        """
        old_kji = self.voxels_kji
        is_empty = old_kji.size == 0
        first = low if is_empty else self._first_ijk()
        last = high if is_empty else first + old_kji.shape[::-1] - 1
        room = np.maximum(np.array(old_kji.shape[::-1]) // 2, SMALLEST_GROWTH)
        volume_first = np.minimum(self._shift_ijk, low)
        volume_last = np.maximum(self._shift_ijk + self._volume.shape_ijk - 1, high)
        grows_low, grows_high = (low < first) | is_empty, (high > last) | is_empty
        new_first = np.where(grows_low, np.maximum(low - room, volume_first), first)
        new_last = np.where(grows_high, np.minimum(high + room, volume_last), last)
        if not (grows_low.any() or grows_high.any()):
            return
        scalars = self._image.GetPointData().GetScalars()
        grown = vtk.vtkUnsignedCharArray() if scalars is None else scalars.NewInstance()
        grown.SetName("ImageScalars" if scalars is None else scalars.GetName())
        shape_kji = tuple((new_last - new_first + 1)[::-1].tolist())
        grown.SetNumberOfValues(int(np.prod(shape_kji)))
        voxels_kji = vtk_to_numpy(grown).reshape(shape_kji)
        voxels_kji.fill(0)
        offset_kji = (first - new_first)[::-1].tolist()
        k, j, i = (slice(o, o + n) for o, n in zip(offset_kji, old_kji.shape, strict=True))
        voxels_kji[k, j, i] = old_kji
        larger = slicer.vtkOrientedImageData()
        larger.SetExtent(np.stack((new_first, new_last), axis=1).ravel().tolist())
        larger.GetPointData().SetScalars(grown)
        matrix = vtk.vtkMatrix4x4()
        self._image.GetImageToWorldMatrix(matrix)
        larger.SetGeometryFromImageToWorldMatrix(matrix)
        self._image.ShallowCopy(larger)  # one event, when all is in place

    def _first_ijk(self) -> Indices:
        return np.array(self._image.GetExtent()[::2], dtype=np.int64)


def _image_from_volume_ijk(image: "slicer.vtkOrientedImageData", volume: VolumeGeometry) -> Matrix:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    ras_from_ijk = slicer.util.arrayFromVTKMatrix(matrix)
    if np.array_equal(ras_from_ijk, volume.local_ras_from_ijk):
        return np.eye(4)
    return invert(as_affine(ras_from_ijk, "a labelmap's matrix")) @ volume.local_ras_from_ijk


def _whole_shift(image_from_volume_ijk: Matrix, volume: VolumeGeometry) -> Indices | None:
    """Return what takes the volume's indices to the image's; None if it is another grid."""
    shift = np.rint(image_from_volume_ijk[:3, 3])
    corners_ijk = np.indices((2, 2, 2)).reshape(3, -1).T * (np.array(volume.shape_ijk) - 1)
    off = np.abs(apply(image_from_volume_ijk, corners_ijk) - (corners_ijk + shift)).max()
    return shift.astype(np.int64) if off < SAME_GRID else None


def _flat(ijk: Indices, shape_kji: tuple[int, ...]) -> Indices:
    """Return indices of shape (3, n) as one number each, counted in k, j, i order."""
    i, j, k = ijk
    return (k * shape_kji[1] + j) * shape_kji[2] + i


def _along_i(lengths: Indices) -> Indices:
    """Return from each run's first voxel to just after its last, shape (3, n)."""
    return np.stack((lengths, np.ones_like(lengths), np.ones_like(lengths)))
