"""Slicer's window on the reader's display: where its slice views lie in the usual layouts."""

from dataclasses import dataclass
from enum import StrEnum

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.view import ViewLayout

PANEL_WIDTH_PX = 480  # the module panel on the left
TOOLBARS_HEIGHT_PX = 100  # title, menus and toolbars
STATUS_HEIGHT_PX = 25
CONTROLLER_HEIGHT_PX = 24  # the bar with the slice's slider above each view
GAP_PX = 4
SMALLEST_VIEW_PX = 100


class Layout(StrEnum):
    """How many slice views are on screen."""

    ONE_UP = "one-up"
    FOUR_UP = "four-up"


@dataclass(frozen=True, slots=True)
class _Cell:
    """A rectangle of the area in which views lie, logical pixels of the desktop."""

    left_px: float
    top_px: float
    width_px: float
    height_px: float


def view_layouts(
    layout: Layout, display: DisplayGeometry, reading: str = "Red", pixel_ratio: float = 1.0
) -> dict[str, ViewLayout]:
    """Return where the slice views of a layout lie in a window that fills the display.

    Four-up has Red top left, the 3D view top right, Green below Red and Yellow in the
    last quarter, as Slicer's layout of that name.

    Parameters
    ----------
    layout : Layout
        One slice view, or three and a 3D view.
    display : DisplayGeometry
        The tracked display.
    reading : str
        The one view of a one-up layout.
    pixel_ratio : float
        Device pixels per logical pixel of the display.

    Raises
    ------
    GeometryError
        If the display is too small for the window and its views.
    """
    area = _Cell(
        display.left_px + PANEL_WIDTH_PX,
        display.top_px + TOOLBARS_HEIGHT_PX,
        display.width_px - PANEL_WIDTH_PX,
        display.height_px - TOOLBARS_HEIGHT_PX - STATUS_HEIGHT_PX,
    )
    if layout is Layout.ONE_UP:
        cells = {reading: area}
    else:
        width_px, height_px = (area.width_px - GAP_PX) // 2, (area.height_px - GAP_PX) // 2
        right_px, bottom_px = area.left_px + width_px + GAP_PX, area.top_px + height_px + GAP_PX
        cells = {
            "Red": _Cell(area.left_px, area.top_px, width_px, height_px),
            "Yellow": _Cell(right_px, bottom_px, width_px, height_px),
            "Green": _Cell(area.left_px, bottom_px, width_px, height_px),
        }
    return {name: _below_controller(cell, pixel_ratio) for name, cell in cells.items()}


def _below_controller(cell: _Cell, pixel_ratio: float) -> ViewLayout:
    height_px = cell.height_px - CONTROLLER_HEIGHT_PX
    if min(cell.width_px, height_px) < SMALLEST_VIEW_PX:
        raise GeometryError("the display is too small for Slicer's window with these views")
    return ViewLayout(
        cell.left_px,
        cell.top_px + CONTROLLER_HEIGHT_PX,
        cell.width_px,
        height_px,
        round(cell.width_px * pixel_ratio),
        round(height_px * pixel_ratio),
    )
