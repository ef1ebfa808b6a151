"""Slicer's slice views: which are on screen, where, and what they show."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import qt
import slicer
import slicer.util

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import ScreenPoint
from GazeSAMLib.geometry.affine import apply, invert
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.slice_snapshot import shows, snapshot

Rectangle = tuple[int, int, int, int]


def slice_widget(name: str) -> "slicer.qMRMLSliceWidget | None":
    """Return the slice view of that layout name; None where the layout has none."""
    manager = slicer.app.layoutManager()
    return None if manager is None else manager.sliceWidget(name)


def rectangle_screen_px(widget: "qt.QWidget") -> Rectangle | None:
    """Return left, top, width and height on the desktop, logical pixels; None where unseen."""
    if not widget.visible or widget.window().minimized:
        return None
    corner = widget.mapToGlobal(qt.QPoint(0, 0))
    return (corner.x(), corner.y(), widget.width, widget.height)


@dataclass(frozen=True, eq=False)
class ViewChange:
    """A slice view is not as it was.

    Attributes
    ----------
    name : str
        Its layout name.
    view : SliceView or None
        As it is now; None where the volume is no longer seen in it.
    """

    name: str
    view: SliceView | None

    def details(self) -> dict[str, object]:
        """Return the change as the details of a ``view`` event."""
        if self.view is None:
            return {"name": self.name, "visible": False}
        return self.view.details()


class ViewWatch:
    """Tells how the slice views have changed: moved, zoomed, re-sliced, re-windowed, hidden.

    Parameters
    ----------
    scene_volume : SceneVolume
        The volume that is segmented.

    Attributes
    ----------
    shown : dict
        The views as they are now, by layout name.
    """

    def __init__(self, scene_volume: SceneVolume) -> None:
        self.shown: dict[str, SliceView] = {}
        self._scene_volume = scene_volume
        self._stamps: dict[str, tuple[object, ...]] = {}

    def changes(self, transform: object) -> Iterator[ViewChange]:
        """Yield what has changed since the last call.

        Parameters
        ----------
        transform : object
            Another one whenever a transform above the volume has changed.

        Raises
        ------
        GeometryError
            While iterating, if a view or the volume's transform describes no space; that view
            counts as not shown.
        """
        manager = slicer.app.layoutManager()
        names = () if manager is None else manager.sliceViewNames()
        for name in {*self._stamps, *names}:
            widget = manager.sliceWidget(name) if name in names else None
            rectangle = None if widget is None else rectangle_screen_px(widget.sliceView())
            stamp = self._stamp(widget, rectangle, transform)
            if stamp == self._stamps.get(name):
                continue
            self._stamps[name] = stamp
            was_shown = self.shown.pop(name, None) is not None
            view, error = self._snapshot(widget, rectangle)
            if view is not None:
                self.shown[name] = view
            if view is not None or was_shown:
                yield ViewChange(name, view)
            if error is not None:
                raise error

    def name_at(self, point: ScreenPoint) -> str | None:
        """Return the name of the view at a position on the desktop; None beside all."""
        for name, view in self.shown.items():
            if view.layout.view_from_screen(point) is not None:
                return name
        return None

    def _stamp(
        self, widget: "slicer.qMRMLSliceWidget", rectangle: Rectangle | None, transform: object
    ) -> tuple[object, ...]:
        """Return what is the same as long as a view is."""
        if rectangle is None:
            return ()
        node, composite = widget.mrmlSliceNode(), widget.mrmlSliceCompositeNode()
        display = self._scene_volume.node.GetDisplayNode()
        return (
            rectangle,
            node.GetMTime(),
            node.GetXYToRAS().GetMTime(),
            None if composite is None else composite.GetMTime(),
            None if display is None else display.GetMTime(),
            transform,
        )

    def _snapshot(
        self, widget: "slicer.qMRMLSliceWidget", rectangle: Rectangle | None
    ) -> tuple[SliceView | None, GeometryError | None]:
        if rectangle is None:
            return None, None
        try:
            return snapshot(widget.sliceLogic(), rectangle, self._scene_volume), None
        except GeometryError as error:
            return None, error


def step_slice(name: str, direction: int) -> None:
    """Move a slice view by one slice, as its own arrow keys do; not beyond the volume."""
    widget = slice_widget(name)
    if widget is None:
        return
    logic = widget.sliceLogic()
    offset = logic.GetSliceOffset() + direction * logic.GetLowestVolumeSliceSpacing()[2]
    bounds = [0.0] * 6
    logic.GetSliceBounds(bounds)
    if bounds[4] <= offset <= bounds[5]:
        logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.SliceToRASFlag)
        logic.SetSliceOffset(offset)
        logic.EndSliceNodeInteraction()


def likeliest_volume() -> "slicer.vtkMRMLScalarVolumeNode | None":
    """Return the volume that the reader most likely means: shown in the views, else the first."""
    volumes = [
        node
        for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        if node.GetClassName() == "vtkMRMLScalarVolumeNode"
    ]
    shown = {
        composite.GetBackgroundVolumeID()
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    }
    return next((node for node in volumes if node.GetID() in shown), next(iter(volumes), None))


def show_volume(volume_node: "slicer.vtkMRMLScalarVolumeNode | None") -> None:
    """Bring a volume into the slice views, unless one of them shows it already."""
    manager = slicer.app.layoutManager()
    if volume_node is None or manager is None:
        return
    widgets = [manager.sliceWidget(name) for name in manager.sliceViewNames()]
    if not any(shows(each.sliceLogic(), volume_node) for each in widgets if each.visible):
        slicer.util.setSliceViewerLayers(background=volume_node, fit=True)


def go_to_plane(name: str, plane: SlicePlane, scene_volume: SceneVolume) -> None:
    """Move a slice view along its normal, through the middle of a plane of the volume."""
    widget, local_ras_from_ras = slice_widget(name), scene_volume.local_ras_from_ras
    if widget is not None and local_ras_from_ras is not None:
        point_ras = apply(invert(local_ras_from_ras), plane.origin_local_ras)
        widget.mrmlSliceNode().JumpSliceByOffsetting(*point_ras.tolist())


def show_plane(view: SliceView, scene_volume: SceneVolume) -> None:
    """Turn the slice view of the same name to the plane that `view` shows, keeping its zoom."""
    widget = slice_widget(view.name)
    local_ras_from_ras = scene_volume.local_ras_from_ras
    if widget is None or local_ras_from_ras is None:
        return
    matrix = view.geometry.local_ras_from_view_xy
    middle = (0.5 * view.layout.view_width, 0.5 * view.layout.view_height, 0.0, 1.0)
    local_ras_from_slice = np.eye(4)
    directions = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    local_ras_from_slice[:3, :3] = directions
    local_ras_from_slice[:3, 3] = (matrix @ middle)[:3]
    ras_from_slice = np.linalg.inv(local_ras_from_ras) @ local_ras_from_slice
    node = widget.mrmlSliceNode()
    node.GetSliceToRAS().DeepCopy(ras_from_slice.ravel().tolist())
    node.UpdateMatrices()
