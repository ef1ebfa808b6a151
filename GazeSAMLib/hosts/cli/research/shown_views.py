"""Which slice views were on screen when, and where a gaze falls in them; many samples at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.frames import ViewPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice_view import SliceView

Numbers = npt.NDArray[np.float64]

_ENDLESS_NS = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Showing:
    """A time during which one view stayed as it was.

    Attributes
    ----------
    view : SliceView
        The view.
    start_ns, end_ns : int
        From its first moment to the one at which it is something else.
    """

    view: SliceView
    start_ns: int
    end_ns: int


def showings(events: Iterable[Event]) -> list[Showing]:
    """Return what was shown when, in the order in which it appeared.

    Raises
    ------
    GeometryError
        If a view event is malformed.
    """
    running: dict[str, tuple[SliceView, int]] = {}
    found: list[Showing] = []
    for event in events:
        if event.kind != EventKind.VIEW:
            continue
        name = str(event.details.get("name"))
        if name in running:
            view, start_ns = running.pop(name)
            found.append(Showing(view, start_ns, event.t_ns))
        if event.details.get("visible", True):
            running[name] = (SliceView.from_details(event.details), event.t_ns)
    found += [Showing(view, start_ns, _ENDLESS_NS) for view, start_ns in running.values()]
    return sorted(found, key=lambda showing: showing.start_ns)


def inside(view: SliceView, points_screen_px: Numbers) -> npt.NDArray[np.bool_]:
    """Return which positions on the desktop, shape (N, 2), lie in a view's widget."""
    layout = view.layout
    offset = points_screen_px - (layout.left_px, layout.top_px)
    found: npt.NDArray[np.bool_] = np.all((offset >= 0.0) & (offset < _size(view)), axis=1)
    return found


def local_ras(view: SliceView, points_display: Numbers, display: DisplayGeometry) -> Numbers:
    """Return the points of the displayed plane, shape (N, 3), mm, under positions on the display.

    Everything between is affine, so that three corners tell it all.
    """
    width, height = view.layout.view_width, view.layout.view_height
    corners = [ViewPoint(0.0, 0.0), ViewPoint(width, 0.0), ViewPoint(0.0, height)]
    at_display = [
        (*display.display_from_screen(view.layout.screen_from_view(corner)), 1.0)
        for corner in corners
    ]
    at_local_ras = [tuple(view.geometry.point_from_view(corner)) for corner in corners]
    matrix = np.linalg.solve(np.array(at_display), np.array(at_local_ras))
    points: Numbers = np.column_stack((points_display, np.ones(len(points_display)))) @ matrix
    return points


def _size(view: SliceView) -> tuple[float, float]:
    return (view.layout.width_px, view.layout.height_px)
