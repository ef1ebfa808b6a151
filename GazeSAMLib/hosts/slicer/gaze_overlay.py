"""The gaze itself in the slice views, for those who want to see it: a trail and a heat map."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.slicer.views import slice_widget

TRAIL_NS = 1_000_000_000
TRAIL_RGB = (90, 200, 255)
TRAIL_WIDTH_PX = 2.0
HEAT_RGB = (255, 120, 0)
HEAT_ALPHA = 150
# A look of this length has the full colour.
HEAT_FULL_MS = 1500.0
HEAT_CORNERS = 24
LOOKS_KEPT = 500


@dataclass(frozen=True, slots=True)
class _Look:
    """A fixation that has ended, on its plane."""

    plane_key: tuple[float, ...]
    point: LocalRasPoint
    duration_ms: float


class GazeOverlay:
    """Draws where the reader has looked in the slice views.

    Parameters
    ----------
    radius_px : float
        Of a look in the heat map, logical pixels: how far the gaze may be off.
    """

    def __init__(self, radius_px: float) -> None:
        self._radius_px = radius_px
        self._trail: deque[tuple[int, str, LocalRasPoint]] = deque()
        self._looks: deque[_Look] = deque(maxlen=LOOKS_KEPT)
        self._layers: dict[str, _Layer] = {}

    def add_gaze(self, t_ns: int, hit: Hit | None) -> None:
        """Take in where the gaze is now."""
        if hit is not None:
            self._trail.append((t_ns, hit.view.name, hit.point_local_ras))
        while self._trail and t_ns - self._trail[0][0] > TRAIL_NS:
            self._trail.popleft()

    def add_look(self, hit: Hit | None, duration_ms: float) -> None:
        """Take in a fixation that has ended."""
        if hit is not None:
            self._looks.append(_Look(hit.plane.key(), hit.point_local_ras, duration_ms))

    def draw(self, views: dict[str, SliceView], *, trail: bool, heat_map: bool) -> None:
        """Bring the views up to date; without trail and heat map they show nothing of the gaze."""
        if not (trail or heat_map or self._layers):
            return
        for name, view in views.items():
            layer = self._layer(name) if trail or heat_map else self._layers.get(name)
            if layer is not None:
                layer.show_trail(self._trail_points(view) if trail else np.empty((0, 2)), view)
                layer.show_heat(self._heat_points(view) if heat_map else [], self._radius_px, view)
                _render(name)
        if not (trail or heat_map):
            self.close()

    def close(self) -> None:
        """Take everything out of the views."""
        for name, layer in self._layers.items():
            layer.remove()
            _render(name)
        self._layers.clear()

    def _trail_points(self, view: SliceView) -> np.ndarray:
        places = [view.geometry.view_from_point(p) for _, n, p in self._trail if n == view.name]
        return np.array([tuple(place) for place in places]).reshape(-1, 2)

    def _heat_points(self, view: SliceView) -> list[tuple[float, float, float]]:
        key = view.geometry.plane.key()
        return [
            (*view.geometry.view_from_point(look.point), look.duration_ms)
            for look in self._looks
            if look.plane_key == key
        ]

    def _layer(self, name: str) -> "_Layer | None":
        widget = slice_widget(name)
        if name not in self._layers and widget is not None:
            window = widget.sliceView().renderWindow()
            self._layers[name] = _Layer(window.GetRenderers().GetFirstRenderer())
        return self._layers.get(name)


class _Layer:
    """What is drawn in one view."""

    def __init__(self, renderer: vtk.vtkRenderer) -> None:
        self._renderer = renderer
        self._heat, self._trail = vtk.vtkPolyData(), vtk.vtkPolyData()
        self._actors = [_actor(self._heat), _actor(self._trail)]
        for actor in self._actors:
            renderer.AddViewProp(actor)

    def show_trail(self, points_view_xy: np.ndarray, view: SliceView) -> None:
        """Draw a line through `points_view_xy`, shape (n, 2), that fades toward its start."""
        count = len(points_view_xy)
        rgba = np.empty((count, 4), dtype=np.uint8)
        rgba[:, :3] = TRAIL_RGB
        rgba[:, 3] = np.linspace(0, 255, count)
        _fill(self._trail, points_view_xy, rgba)
        self._trail.SetLines(_cells(np.arange(count), max(count, 1)))
        ratio = sum(view.layout.pixel_ratio) / 2.0
        self._actors[1].GetProperty().SetLineWidth(TRAIL_WIDTH_PX * ratio)

    def show_heat(
        self, looks: list[tuple[float, float, float]], radius_px: float, view: SliceView
    ) -> None:
        """Draw a soft disc for each look (x, y, duration in ms)."""
        radius = radius_px * sum(view.layout.pixel_ratio) / 2.0
        turn = np.linspace(0.0, 2.0 * np.pi, HEAT_CORNERS, endpoint=False)
        disc = np.vstack(((0.0, 0.0), radius * np.stack((np.cos(turn), np.sin(turn)), axis=1)))
        values = np.array(looks).reshape(-1, 3)
        points = (values[:, None, :2] + disc).reshape(-1, 2)
        rgba = np.zeros((len(values), len(disc), 4), dtype=np.uint8)
        rgba[:, :, :3] = HEAT_RGB
        rgba[:, 0, 3] = HEAT_ALPHA * np.minimum(values[:, 2] / HEAT_FULL_MS, 1.0)
        rim = np.arange(HEAT_CORNERS)
        fan = np.stack((0 * rim, rim + 1, (rim + 1) % HEAT_CORNERS + 1), axis=1)
        fans = fan + (len(disc) * np.arange(len(values)))[:, None, None]
        _fill(self._heat, points, rgba.reshape(-1, 4))
        self._heat.SetPolys(_cells(fans.ravel(), 3))

    def remove(self) -> None:
        """Leave the view for good."""
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)


def _fill(data: vtk.vtkPolyData, points_view_xy: np.ndarray, rgba: np.ndarray) -> None:
    positions = np.zeros((len(points_view_xy), 3), dtype=np.float32)
    positions[:, :2] = points_view_xy
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(positions, deep=True))
    data.SetPoints(points)
    data.GetPointData().SetScalars(numpy_to_vtk(rgba, deep=True))


def _cells(points: np.ndarray, points_a_cell: int) -> vtk.vtkCellArray:
    """Return cells of equal size from the numbers of their points, one cell after the other."""
    offsets = np.arange(0, len(points) + 1, points_a_cell, dtype=np.int64)
    cells = vtk.vtkCellArray()
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(points.astype(np.int64), deep=True),
    )
    return cells


def _actor(data: vtk.vtkPolyData) -> vtk.vtkActor2D:
    mapper = vtk.vtkPolyDataMapper2D()
    mapper.SetInputData(data)
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    actor.PickableOff()
    return actor


def _render(name: str) -> None:
    widget = slice_widget(name)
    if widget is not None:
        widget.sliceView().scheduleRender()
