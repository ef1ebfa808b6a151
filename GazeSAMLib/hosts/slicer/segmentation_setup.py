"""Make a segmentation of a volume, or make sure that one belongs to it."""

import numpy as np
import slicer

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.slicer.labelmap_image import LabelmapImage
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.transforms import through, transform_between

SOURCE = "Binary labelmap"


def new_segmentation(scene_volume: SceneVolume) -> "slicer.vtkMRMLSegmentationNode":
    """Add an empty segmentation of the volume to the scene, shown in all views."""
    scene = scene_volume.node.GetScene()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{scene_volume.name} segmentation")
    prepare_segmentation(node, scene_volume)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if hierarchy is not None:
        ours = hierarchy.GetItemByDataNode(node)
        theirs = hierarchy.GetItemByDataNode(scene_volume.node)
        if ours and theirs:
            hierarchy.SetItemParent(ours, hierarchy.GetItemParent(theirs))
    return node


def prepare_segmentation(node: "slicer.vtkMRMLSegmentationNode", scene_volume: SceneVolume) -> None:
    """Put a segmentation under the volume's transform and on its voxel grid.

    Raises
    ------
    OutputError
        If it is made of surfaces, lies elsewhere than the volume, or has segments on another
        grid; then it is left as it is.
    """
    _check(node, scene_volume)
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName(SOURCE)
    node.SetAndObserveTransformNodeID(scene_volume.node.GetTransformNodeID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(scene_volume.node)
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()


def _check(node: "slicer.vtkMRMLSegmentationNode", scene_volume: SceneVolume) -> None:
    segmentation, name = node.GetSegmentation(), node.GetName()
    if segmentation.GetNumberOfSegments() == 0:
        return
    if segmentation.GetSourceRepresentationName() != SOURCE:
        raise OutputError(
            f"the segmentation '{name}' is made of surfaces: make its binary labelmap the source "
            "in the module Segmentations, or choose a new segmentation"
        )
    images = [
        LabelmapImage(node.GetBinaryLabelmapInternalRepresentation(one), scene_volume.volume)
        for one in segmentation.GetSegmentIDs()
    ]
    if not any(image.voxels_kji.any() for image in images):
        return
    if not all(image.fits for image in images):
        raise OutputError(
            f"the segmentation '{name}' lies on another voxel grid than '{scene_volume.name}': "
            "choose the volume that it was made on, or a new segmentation"
        )
    if not _together(node, scene_volume):
        raise OutputError(
            f"the segmentation '{name}' and the volume '{scene_volume.name}' lie under different "
            "transforms: put both under the same one in the module Transforms, or choose a new "
            "segmentation"
        )


def _together(node: "slicer.vtkMRMLSegmentationNode", scene_volume: SceneVolume) -> bool:
    """Whether the two nodes' transforms do the same within a hundredth of a voxel."""
    theirs, ours = node.GetParentTransformNode(), scene_volume.node.GetParentTransformNode()
    if theirs is ours:
        return True
    volume = scene_volume.volume
    steps = np.array([np.linspace(0, n - 1, 5) for n in volume.shape_ijk])
    ijk = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    ras = ijk @ volume.axes_mm.T + volume.local_ras_from_ijk[:3, 3]
    moved = through(transform_between(theirs, ours), ras)
    return bool(np.abs(moved - ras).max() < 0.01 * min(volume.spacing_mm))
