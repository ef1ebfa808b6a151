"""A slice view of Slicer at one moment: where it is, what it shows, and how."""

import numpy as np
import slicer
import slicer.util

from GazeSAMLib.geometry.slice import SliceGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume

Rectangle = tuple[float, float, float, float]


def snapshot(
    slice_logic: "slicer.vtkMRMLSliceLogic",
    rectangle_screen_px: Rectangle,
    scene_volume: SceneVolume,
) -> SliceView | None:
    """Return what a slice view shows of a volume; None where it shows nothing of it.

    Parameters
    ----------
    slice_logic : vtkMRMLSliceLogic
        The view's logic.
    rectangle_screen_px : tuple of float
        Left, top, width and height of the view's widget on the desktop, logical pixels.
    scene_volume : SceneVolume
        The volume that is segmented.

    Returns
    -------
    SliceView or None
        Its geometry leads to the volume's own RAS. Under a transform that is not linear there is
        no such matrix: then it leads to the world, the frame of
        :class:`GazeSAMLib.hosts.slicer.warped_slice.WarpedScan`.

    Raises
    ------
    GeometryError
        If the view or the volume's transform describes no space.
    """
    node = slice_logic.GetSliceNode()
    if node is None or not shows(slice_logic, scene_volume.node):
        return None
    view_width, view_height, _ = node.GetDimensions()
    left, top, width, height = rectangle_screen_px
    if min(width, height, view_width, view_height) <= 0:  # hidden, or not laid out yet
        return None
    layout = ViewLayout(left, top, width, height, view_width, view_height)
    frame_from_ras = scene_volume.local_ras_from_ras
    if frame_from_ras is None:
        frame_from_ras = np.eye(4)
    geometry = SliceGeometry(frame_from_ras @ slicer.util.arrayFromVTKMatrix(node.GetXYToRAS()))
    return SliceView(node.GetLayoutName(), layout, geometry, *scene_volume.window_level)


def shows(slice_logic: "slicer.vtkMRMLSliceLogic", volume_node: "slicer.vtkMRMLVolumeNode") -> bool:
    """Whether the reader sees `volume_node` in a slice view.

    As background it is seen unless another volume covers it as opaque foreground, as foreground
    if that has any opacity.
    """
    composite = slice_logic.GetSliceCompositeNode()
    if composite is None:
        return False
    foreground_id, opacity = composite.GetForegroundVolumeID(), composite.GetForegroundOpacity()
    if foreground_id == volume_node.GetID():
        return opacity > 0.0 or composite.GetBackgroundVolumeID() == volume_node.GetID()
    covered = foreground_id is not None and opacity >= 1.0
    return composite.GetBackgroundVolumeID() == volume_node.GetID() and not covered
