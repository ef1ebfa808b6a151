"""A volume of Slicer's scene as the library sees it: its voxels, their grid, where it lies."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from GazeSAMLib.errors import GeometryError, ScanError
from GazeSAMLib.geometry.affine import Matrix, as_affine, invert
from GazeSAMLib.geometry.volume import VolumeGeometry


class VolumeStamp(NamedTuple):
    """What a volume looked like at one moment; equal stamps, nothing has changed.

    Attributes
    ----------
    in_scene : bool
        Whether the node is still part of the scene.
    voxels : int
        Changes when voxels change or the image is replaced.
    grid : tuple of float
        The 16 values of ``local_ras_from_ijk`` and the dimensions.
    transform : tuple
        The transforms above the volume, each with the time of its last change.
    """

    in_scene: bool
    voxels: int
    grid: tuple[float, ...]
    transform: tuple[tuple[str, int], ...]


class SceneVolume:
    """A scalar volume node, checked to be a scan that can be segmented.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode or None
        What the user chose.

    Attributes
    ----------
    node : vtkMRMLScalarVolumeNode
        The node.
    volume : VolumeGeometry
        Its grid in its own RAS: parent transforms are not in it.
    voxels_kji : ndarray, shape (k, j, i)
        Its voxels, not a copy; valid until :meth:`stamp` says that they have changed.

    Raises
    ------
    ScanError
        If there is no volume, it holds no voxels, or is a colour image, a label map or one of
        several time points.
    GeometryError
        If its grid or its parent transform describes no space.
    """

    def __init__(self, node: "slicer.vtkMRMLScalarVolumeNode | None") -> None:
        _check(node)
        self.node = node
        image = node.GetImageData()
        self.voxels_kji: npt.NDArray[np.generic] = vtk_to_numpy(
            image.GetPointData().GetScalars()
        ).reshape(image.GetDimensions()[::-1])
        try:
            self.volume = VolumeGeometry(self.voxels_kji.shape, _local_ras_from_ijk(node))
        except GeometryError as error:
            raise GeometryError(
                f"the volume '{self.name}' lies on no usable grid: {error}; correct its spacing "
                "and directions in the module Volumes, or load it again"
            ) from error
        _ = self.local_ras_from_ras  # raises where the transform is unusable

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.GetName()

    @property
    def is_warped(self) -> bool:
        """Whether a parent transform is not linear: then displayed planes are no planes of it."""
        parent = self.node.GetParentTransformNode()
        return parent is not None and not parent.IsTransformToWorldLinear()

    @property
    def local_ras_from_ras(self) -> Matrix | None:
        """World to the volume's own RAS, as its parent transforms are now; None where warped.

        Raises
        ------
        GeometryError
            If the transform cannot be inverted.
        """
        parent = self.node.GetParentTransformNode()
        if parent is None:
            return np.eye(4)
        if self.is_warped:
            return None
        matrix = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(matrix)
        try:
            return invert(as_affine(slicer.util.arrayFromVTKMatrix(matrix), "ras_from_local_ras"))
        except GeometryError as error:
            raise GeometryError(
                f"the volume '{self.name}' lies under the transform '{parent.GetName()}', which "
                f"cannot be inverted: {error}; take the volume out of it in the module Transforms"
            ) from error

    @property
    def window_level(self) -> tuple[float, float]:
        """Window and level as displayed now, the window above zero."""
        display = self.node.GetScalarVolumeDisplayNode()
        if display is None:
            low, high = self.node.GetImageData().GetScalarRange()
            window, level = high - low, 0.5 * (low + high)
        else:
            window, level = display.GetWindow(), display.GetLevel()
        # A window of zero shows two greys, split at the level; a negative one is inverted.
        return max(abs(window), 1e-6), level

    def stamp(self) -> VolumeStamp:
        """Return what the volume looks like now, to be compared with an earlier stamp."""
        node = self.node
        image = node.GetImageData()
        in_scene = node.GetScene() is not None and node.GetScene().IsNodePresent(node) != 0
        if image is None:
            return VolumeStamp(in_scene, 0, (), ())
        grid = (*_local_ras_from_ijk(node).ravel().tolist(), *image.GetDimensions())
        return VolumeStamp(in_scene, image.GetMTime(), grid, _transform_stamp(node))


def _local_ras_from_ijk(node: "slicer.vtkMRMLScalarVolumeNode") -> Matrix:
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _transform_stamp(node: "slicer.vtkMRMLTransformableNode") -> tuple[tuple[str, int], ...]:
    # Each with its identity: a transform put under an older one changes no time.
    stamps = []
    parent = node.GetParentTransformNode()
    while parent is not None:
        stamps.append((parent.GetID(), parent.GetTransformToWorldMTime()))
        parent = parent.GetParentTransformNode()
    return tuple(stamps)


def _check(node: "slicer.vtkMRMLNode | None") -> None:
    """Raise ScanError unless `node` is a volume of one grey value a voxel."""
    if node is None:
        raise ScanError("no volume is chosen: load a CT or MR scan and choose it")
    name = node.GetName()
    if node.IsA("vtkMRMLSequenceNode") or node.IsA("vtkMRMLMultiVolumeNode"):
        raise ScanError(
            f"'{name}' holds several time points: show one of them, clone it in the module Data "
            "(right click, Clone) and choose the copy"
        )
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise ScanError(f"'{name}' is a label map: choose the scan that it belongs to")
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        raise ScanError(f"'{name}' is not a volume: choose a CT or MR scan")
    image = node.GetImageData()
    count = 0 if image is None else image.GetNumberOfPoints()
    components = 9 if node.IsA("vtkMRMLTensorVolumeNode") and count else 0
    if count and image.GetPointData().GetScalars() is not None:
        components = image.GetNumberOfScalarComponents()
    if components == 0:
        raise ScanError(f"the volume '{name}' holds no voxels: load it again")
    if components > 1:
        raise ScanError(
            f"'{name}' has {components} values a voxel (colours or vectors): choose a grey-scale "
            "scan, or make one with the module Vector to Scalar Volume"
        )
    _check_sequence(node)


def _check_sequence(node: "slicer.vtkMRMLScalarVolumeNode") -> None:
    scene = node.GetScene()
    if scene is None:
        return
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode")):
        browser = scene.GetNthNodeByClass(index, "vtkMRMLSequenceBrowserNode")
        if browser.IsProxyNodeID(node.GetID()):
            raise ScanError(
                f"'{node.GetName()}' is one time point of the sequence '{browser.GetName()}' and "
                "changes with it: clone it in the module Data (right click, Clone) and choose the "
                "copy"
            )
