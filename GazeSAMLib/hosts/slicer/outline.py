"""The preview in a slice view: the outline of a mask, drawn over the slice."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

from GazeSAMLib.geometry.affine import Matrix, apply
from GazeSAMLib.geometry.dashes import DASH, GAP, dashes
from GazeSAMLib.geometry.slice_image import SliceGrid
from GazeSAMLib.geometry.slice_view import SliceView

Field = npt.NDArray[np.float32] | npt.NDArray[np.bool_]
Color = tuple[float, float, float]

HALO_WIDTH = 2.0  # how much wider than the line, in line widths
HALO_OPACITY = 0.45
BLACK = (0.0, 0.0, 0.0)
# Lines that meet exactly in a pixel's centre leave it out, by OpenGL's rules: a gap.
OFF_TIES = 0.01
STRAIGHT = 1e-4  # square pixels


class Outline:
    """An outline in one slice view.

    Nothing is rendered here: call the view's ``scheduleRender`` after a change.

    Parameters
    ----------
    renderer : vtkRenderer
        The slice view's renderer.
    line_width_px : float
        Width of the line, logical pixels; a darker rim on both sides keeps it visible on white.
    dashed : bool
        Whether the line is broken into dashes, equally long at every zoom.
    """

    def __init__(
        self, renderer: vtk.vtkRenderer, line_width_px: float = 2.0, *, dashed: bool = False
    ) -> None:
        self._renderer = renderer
        self._line_width_px = line_width_px
        self._dashed = dashed
        self._counts: list[int] = []  # points of each contour
        self._points_image_uv: Matrix = np.empty((0, 3))
        self._grid: SliceGrid | None = None
        self._lines = vtk.vtkPolyData()
        self._actors = [_actor(self._lines), _actor(self._lines)]
        for actor in self._actors:
            renderer.AddViewProp(actor)

    @property
    def is_shown(self) -> bool:
        """Whether there is an outline in the view."""
        return bool(self._actors[0].GetVisibility())

    def show(
        self, field: Field, grid: SliceGrid, view: SliceView, color_rgb: Color, opacity: float = 1.0
    ) -> None:
        """Show the outline of a mask.

        Parameters
        ----------
        field : ndarray, shape ``grid.shape``
            A mask, or logits, whose zero crossings then lie between pixels.
        grid : SliceGrid
            The slice image on which it lies.
        view : SliceView
            The view as it is now; it shows the plane of `grid`.
        color_rgb : tuple of float
            0 to 1.
        opacity : float
            0 to 1.
        """
        contours = contours_image_uv(field)
        self._points_image_uv = np.pad(
            np.concatenate([np.empty((0, 2)), *contours]), ((0, 0), (0, 1))
        )
        self._grid = grid
        self._counts = [len(contour) for contour in contours]
        for actor, color, strength in zip(
            self._actors, (BLACK, color_rgb), (HALO_OPACITY * opacity, opacity), strict=True
        ):
            actor.GetProperty().SetColor(color)
            actor.GetProperty().SetOpacity(strength)
            actor.SetVisibility(len(self._points_image_uv) > 0)
        self._come_to_front()
        self.move(view)

    def move(self, view: SliceView) -> None:
        """Follow a view that was zoomed, panned or resized on the same plane."""
        if self._grid is None:
            return
        matrix = view.geometry.view_xy_from_local_ras @ self._grid.local_ras_from_image_uv
        # Whole numbers are pixel centres in view XY, and pixel corners where VTK draws lines.
        drawn = apply(matrix, self._points_image_uv) + 0.5 + OFF_TIES
        drawn[:, 2] = 0.0
        ratio = sum(view.layout.pixel_ratio) / 2.0
        lines = _closed_lines(self._counts)
        if self._dashed:
            drawn, lines = _dashed(drawn, self._counts, ratio)
        moved = vtk.vtkPoints()
        moved.SetData(numpy_to_vtk(drawn.astype(np.float32), deep=True))
        self._lines.SetPoints(moved)
        self._lines.SetLines(lines)
        width = self._line_width_px * ratio
        for actor, factor in zip(self._actors, (HALO_WIDTH, 1.0), strict=True):
            actor.GetProperty().SetLineWidth(factor * width)

    def hide(self) -> None:
        """Show nothing."""
        self._grid = None
        for actor in self._actors:
            actor.VisibilityOff()

    def remove(self) -> None:
        """Leave the view for good."""
        self.hide()
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)

    def _come_to_front(self) -> None:
        """Be drawn last: what Slicer has added to the view since would cover it."""
        if self._renderer.GetViewProps().GetLastProp() is not self._actors[-1]:
            for actor in self._actors:
                self._renderer.RemoveViewProp(actor)
                self._renderer.AddViewProp(actor)


def contours_image_uv(field: Field) -> list[Matrix]:
    """Return the outlines of a mask or of logits above zero, in image coordinates.

    Outlines of a mask pass between its pixels and those outside. At the image's edge the
    outline follows the edge of the outermost pixels.

    Parameters
    ----------
    field : ndarray, shape (height, width)
        A mask, or logits.

    Returns
    -------
    list of ndarray, shape (n, 2)
        Corners of each outline as (u, v), in order; the last is joined to the first.
    """
    inside = field > 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if len(rows) == 0:
        return []
    top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
    window = (slice(top, rows[-1] + 2), slice(left, columns[-1] + 2))
    values = np.where(inside[window], 1.0, -1.0).astype(np.float32)
    if field.dtype != np.bool_:
        # Not further from zero than 50: a sum of infinite logits has no zero crossing.
        values *= np.clip(np.abs(np.nan_to_num(field[window], nan=1.0)), 1e-3, 50.0)
    framed = np.pad(values, 1, mode="edge")
    frame = np.ones(framed.shape, dtype=bool)
    frame[1:-1, 1:-1] = False
    framed[frame] = -np.abs(framed[frame])
    return [
        np.add(_without_straight_corners(outline), (left - 1.0, top - 1.0))
        for outline in _zero_crossings(framed)
    ]


def _zero_crossings(values: npt.NDArray[np.float32]) -> list[Matrix]:
    """Return where `values` cross zero, as closed lines of (column, row)."""
    image = vtk.vtkImageData()
    image.SetDimensions(values.shape[1], values.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(values.ravel(), deep=True))
    edges = vtk.vtkFlyingEdges2D()
    edges.SetInputData(image)
    edges.SetValue(0, 0.0)
    joined = vtk.vtkStripper()
    joined.JoinContiguousSegmentsOn()
    joined.SetMaximumLength(values.size)
    joined.SetInputConnection(edges.GetOutputPort())
    joined.Update()
    lines = joined.GetOutput().GetLines()
    points = vtk_to_numpy(joined.GetOutput().GetPoints().GetData())[:, :2].astype(np.float64)
    ids = vtk_to_numpy(lines.GetConnectivityArray())
    # The last point of a closed line is its first.
    return [points[ids[a : b - 1]] for a, b in pairwise(vtk_to_numpy(lines.GetOffsetsArray()))]


def _without_straight_corners(outline: Matrix) -> Matrix:
    """Leave out points on straight lines: where segments meet, wide lines may show gaps."""
    before, after = outline - np.roll(outline, 1, axis=0), np.roll(outline, -1, axis=0) - outline
    is_corner = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > STRAIGHT
    return outline[is_corner] if is_corner.sum() >= 3 else outline


def _closed_lines(counts: list[int]) -> vtk.vtkCellArray:
    """Return lines through consecutive points, so many each, back to their first."""
    ends = np.cumsum(counts, dtype=np.int64)
    return _lines_through(
        [np.append(np.arange(end - n, end), end - n) for n, end in zip(counts, ends, strict=True)]
    )


def _dashed(points: Matrix, counts: list[int], ratio: float) -> tuple[Matrix, vtk.vtkCellArray]:
    """Return points and lines of the dashes of contours with so many points each."""
    found: list[Matrix] = []
    for contour in np.split(points[:, :2], np.cumsum(counts)[:-1]) if counts else []:
        closed = np.concatenate((contour, contour[:1]))
        found += dashes(closed, DASH * ratio, GAP * ratio)
    ends = np.cumsum([0, *map(len, found)], dtype=np.int64)
    lines = _lines_through([np.arange(a, b) for a, b in pairwise(ends)])
    flat = np.concatenate([np.empty((0, 2)), *found])
    return np.pad(flat, ((0, 0), (0, 1))), lines


def _lines_through(ids: list[npt.NDArray[np.int64]]) -> vtk.vtkCellArray:
    """Return a line through the points of each list."""
    offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
    lines = vtk.vtkCellArray()
    lines.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(np.concatenate([np.empty(0, np.int64), *ids]), deep=True),
    )
    return lines


def _actor(lines: vtk.vtkPolyData) -> vtk.vtkActor2D:
    mapper = vtk.vtkPolyDataMapper2D()
    mapper.SetInputData(lines)
    mapper.ScalarVisibilityOff()
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    actor.PickableOff()
    actor.VisibilityOff()
    return actor
