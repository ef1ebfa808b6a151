"""Slice views of a scan as Slicer lays them out: orientation, field of view, slice.

What is computed here for a display of any size, without Slicer, is checked in
``Testing/slicer`` against Slicer's own slice logic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from GazeSAMLib.frames import DisplayPoint, LocalRasPoint
from GazeSAMLib.geometry.affine import Matrix, apply
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice import SliceGeometry, Vector
from GazeSAMLib.geometry.slice_image import SliceGrid
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.window import Layout, view_layouts

PRESETS: Mapping[str, tuple[str, tuple[float, float, float], tuple[float, float, float]]] = {
    # Screen right and screen up: the patient's right is on the screen's left.
    "Red": ("axial", (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "Yellow": ("sagittal", (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
    "Green": ("coronal", (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
}
"""Slicer's default orientation, right and up of each of its slice views."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The slice views of one scan on one display.

    Attributes
    ----------
    reading : SliceView
        The view in which the reader works.
    others : tuple of SliceView
        The other slice views on screen.
    """

    reading: SliceView
    others: tuple[SliceView, ...] = ()

    @property
    def views(self) -> tuple[SliceView, ...]:
        """All slice views on screen."""
        return (self.reading, *self.others)

    def at(self, point: LocalRasPoint) -> "Arrangement":
        """Return the same views with the reading one scrolled to the slice through a point."""
        return replace(self, reading=through(self.reading, point))


def arrange(
    scan: Scan,
    display: DisplayGeometry,
    layout: Layout = Layout.ONE_UP,
    *,
    reading: str | None = None,
    rotated: bool = True,
    pixel_ratio: float = 1.0,
) -> Arrangement:
    """Return the views on a scan that has just been opened.

    Parameters
    ----------
    scan : Scan
        What is shown, with its default window and level.
    display : DisplayGeometry
        The tracked display.
    layout : Layout
        Which views there are.
    reading : str or None
        The view in which the reader works; None takes the one that shows the slices as
        they were acquired.
    rotated : bool
        Whether the views lie along the scan's own axes (Slicer: "rotate to volume plane").
    pixel_ratio : float
        Device pixels per logical pixel.
    """
    reading = reading or acquired_view(scan.volume)
    views = {
        name: fitted_view(name, place, scan, rotated=rotated)
        for name, place in view_layouts(layout, display, reading, pixel_ratio).items()
    }
    others = tuple(view for name, view in views.items() if name != reading)
    return Arrangement(views[reading], others)


def acquired_view(volume: VolumeGeometry) -> str:
    """Return the view across the scan's thickest voxel axis; Red where they are alike."""
    spacing_mm = np.array(volume.spacing_mm)
    if spacing_mm.max() < 1.05 * np.median(spacing_mm):
        return "Red"
    thick = int(np.argmax(spacing_mm))
    return next(name for name in PRESETS if _nearest_axes(volume, name)[2] == thick)


def fitted_view(name: str, place: ViewLayout, scan: Scan, *, rotated: bool) -> SliceView:
    """Return a view that shows the scan's middle slice as a whole.

    As ``vtkMRMLSliceLogic::FitSliceToBackground`` does: the scan's outer edges fill the
    view in one direction and leave room in the other, and the offset lies on a slice.

    Parameters
    ----------
    name : str
        ``Red``, ``Yellow`` or ``Green``.
    place : ViewLayout
        Where the view lies.
    scan : Scan
        What is shown.
    rotated : bool
        See :func:`arrange`.
    """
    axes = _axes(scan.volume, name, rotated=rotated)
    corners = _corners(scan.volume)
    extent_mm = np.ptp(corners @ axes, axis=0)
    mm_per_px = float(max(extent_mm[0] / place.view_width, extent_mm[1] / place.view_height))
    matrix = np.eye(4)
    matrix[:3, :3] = axes * (mm_per_px, mm_per_px, 1.0)
    half_px = (0.5 * place.view_width, 0.5 * place.view_height)
    centre = _snapped(scan.volume, 0.5 * (corners.min(axis=0) + corners.max(axis=0)), axes[:, 2])
    matrix[:3, 3] = centre - matrix[:3, :2] @ half_px
    return SliceView(name, place, SliceGeometry(matrix), scan.window, scan.level)


def through(view: SliceView, point: LocalRasPoint) -> SliceView:
    """Return `view` scrolled to the slice through a point; what it shows of it stays."""
    matrix = view.geometry.local_ras_from_view_xy.copy()
    normal = matrix[:3, 2] / np.linalg.norm(matrix[:3, 2])
    matrix[:3, 3] += normal * (normal @ (np.array(tuple(point)) - matrix[:3, 3]))
    return replace(view, geometry=SliceGeometry(matrix))


def on_display(display: DisplayGeometry, view: SliceView, point: LocalRasPoint) -> DisplayPoint:
    """Return where a view shows a point of the scan, dropping its distance from the slice."""
    at_view_xy = view.geometry.view_from_point(point)
    return display.display_from_screen(view.layout.screen_from_view(at_view_xy))


def image_px_per_deg(display: DisplayGeometry, view: SliceView, grid: SliceGrid) -> float:
    """Return how many pixels of a slice image a degree of visual angle covers in a view."""
    mm_per_screen_px = view.mm_per_view_px[1] * view.layout.pixel_ratio[1]
    return display.screen_px_per_deg * mm_per_screen_px / grid.pixel_mm


def _axes(volume: VolumeGeometry, name: str, *, rotated: bool) -> Matrix:
    """Return the view's right, up and normal as columns, orthonormal, local RAS."""
    _, right, up = PRESETS[name]
    if not rotated:
        return _frame(np.array(right), np.array(up))
    across, along, _ = _nearest_axes(volume, name)
    axes_mm = volume.axes_mm
    return _frame(
        axes_mm[:, across] * np.sign(axes_mm[:, across] @ right),
        axes_mm[:, along] * np.sign(axes_mm[:, along] @ up),
    )


def _frame(right: Vector, up: Vector) -> Matrix:
    right = right / np.linalg.norm(right)
    normal = np.cross(right, up)
    normal /= np.linalg.norm(normal)
    return np.stack((right, np.cross(normal, right), normal), axis=1)


def _nearest_axes(volume: VolumeGeometry, name: str) -> tuple[int, int, int]:
    """Return the voxel axes that lie nearest to a view's right, up and normal."""
    _, right, up = PRESETS[name]
    directions = volume.axes_mm / np.linalg.norm(volume.axes_mm, axis=0)
    closeness = np.abs(directions.T @ _frame(np.array(right), np.array(up)))
    orders = [(order[0], order[1], order[2]) for order in permutations(range(3))]
    return max(orders, key=lambda order: float(closeness[order, (0, 1, 2)].sum()))


def _corners(volume: VolumeGeometry) -> Matrix:
    bits = np.indices((2, 2, 2)).reshape(3, -1).T
    return apply(volume.local_ras_from_ijk, bits * np.array(volume.shape_ijk) - 0.5)


def _snapped(volume: VolumeGeometry, point: Vector, normal: Vector) -> Vector:
    """Move a point along the normal to the nearest voxel centre."""
    at_ijk = apply(volume.ijk_from_local_ras, point)
    per_mm = volume.ijk_from_local_ras[:3, :3] @ normal
    axis = int(np.argmax(np.abs(per_mm) * volume.spacing_mm))
    aside = np.floor(at_ijk[axis] + 0.5) - at_ijk[axis]
    moved: Vector = point + normal * (aside / per_mm[axis])
    return moved
