"""Everything that is known of each sample of a recording, as columns."""

import math
from array import array
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import EyeSample
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.anatomy import plane_name
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.replaying import display_of, own_drift
from GazeSAMLib.hosts.cli.research.shown_views import Showing, inside, local_ras, showings
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.signals.chain import SignalChain, SignalOptions
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import Fixation, FixationPhase, FixationUpdate, GazePoint

Column = npt.NDArray[Any]

NO_TIME: Final = -(2**63)
"""In `device_t_ns`: the tracker has no clock of its own."""

_Newest = tuple[GazePoint, GazePoint] | None
_PER_REPORT = 4096


@dataclass(frozen=True, eq=False)
class GazeTable:
    """A recording as columns of equal length, and its fixations.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (N,)
        By name, as :data:`GazeSAMLib.hosts.cli.research.columns.MEANINGS` explains them. A
        missing number is NaN, a missing device time `NO_TIME`, a missing text empty, a
        sample in no fixation has fixation 0.
    fixations : list of Fixation
        Number 1 is the first.
    showings : list of Showing
        What was on screen when.
    display : DisplayGeometry
        The tracked display.
    """

    columns: dict[str, Column]
    fixations: list[Fixation]
    showings: list[Showing]
    display: DisplayGeometry

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.columns["t_ns"])


def gaze_table(
    recording: Recording,
    volume: VolumeGeometry | None = None,
    options: SignalOptions | None = None,
    progress: Progress = silent,
) -> GazeTable:
    """Take a recording through the signal chain and the views that were on screen.

    Parameters
    ----------
    recording : Recording
        The recording; its own offset is taken out.
    volume : VolumeGeometry or None
        The scan; without it there are no voxel indices.
    options : SignalOptions or None
        How fixations are found.
    progress : Progress
        Called now and then.

    Raises
    ------
    GeometryError
        If a view or drift event is malformed.
    """
    display = display_of(recording.header)
    pass_ = _Pass(recording, display, options, progress)
    columns = pass_.columns()
    shown = showings(recording.events)
    columns |= _places(columns, shown, display, volume)
    columns["fixation"] = _fixation_numbers(columns["t_ns"], pass_.fixations)
    return GazeTable(columns, pass_.fixations, shown, display)


class _Pass:
    """Once through all samples."""

    def __init__(
        self,
        recording: Recording,
        display: DisplayGeometry,
        options: SignalOptions | None,
        progress: Progress,
    ) -> None:
        self.fixations: list[Fixation] = []
        self._display = display
        self._t_ns = array("q")
        self._device_t_ns = array("q")
        self._eyes = {"left": array("d"), "right": array("d")}
        self._points = array("d")
        if options is None:
            options = SignalOptions(drift=own_drift(recording.header))
        self._chain = SignalChain(display, options)
        breaks = deque(e for e in recording.events if e.kind in (EventKind.VIEW, EventKind.DRIFT))
        for number, sample in enumerate(recording.samples):
            while breaks and breaks[0].t_ns <= sample.t_ns:
                self._note(self._broken_by(breaks.popleft()))
            before = self._chain.newest
            self._note(self._chain.add(sample))
            self._t_ns.append(sample.t_ns)
            device = sample.device_t_ns
            self._device_t_ns.append(NO_TIME if device is None else device)
            self._eyes["left"].extend(_eye(sample.left))
            self._eyes["right"].extend(_eye(sample.right))
            self._points.extend(self._point(before, self._chain.newest))
            if number % _PER_REPORT == 0:
                progress("measuring", number, len(recording.samples))
        self._note(self._chain.flush())

    def _broken_by(self, event: Event) -> FixationUpdate | None:
        if event.kind == EventKind.DRIFT:
            return self._chain.correct_with(DriftCorrection.from_details(event.details))
        return self._chain.reset()

    def columns(self) -> dict[str, Column]:
        """Return what is known without looking at the views."""
        found: dict[str, Column] = {
            "t_ns": np.array(self._t_ns, dtype=np.int64),
            "device_t_ns": np.array(self._device_t_ns, dtype=np.int64),
        }
        for side, values in self._eyes.items():
            table = np.array(values, dtype=np.float64).reshape(-1, 4)
            names = ("x_display", "y_display", "valid", "pupil_mm")
            found |= {f"{side}_{name}": table[:, i] for i, name in enumerate(names)}
        points = np.array(self._points, dtype=np.float64).reshape(-1, 4)
        names = ("x_display", "y_display", "x_filtered_display", "y_filtered_display")
        return found | {name: points[:, i] for i, name in enumerate(names)}

    def _point(self, before: _Newest, newest: _Newest) -> tuple[float, ...]:
        if newest is None or newest is before:
            return (math.nan,) * 4
        measured, smoothed = (
            self._display.display_from_degrees(point.x_deg, point.y_deg) for point in newest
        )
        return (*measured, *smoothed)

    def _note(self, update: FixationUpdate | None) -> None:
        if update is not None and update.phase is FixationPhase.ENDED:
            self.fixations.append(update.fixation)


def _eye(eye: EyeSample | None) -> tuple[float, float, float, float]:
    if eye is None:
        return (math.nan,) * 4
    pupil_mm = math.nan if eye.pupil_mm is None else eye.pupil_mm
    return (eye.point_display.x, eye.point_display.y, float(eye.valid), pupil_mm)


_VIEW_NUMBERS: Final = (
    "x_view", "y_view", "slice_offset_mm", "r_mm", "a_mm", "s_mm", "i", "j", "k", "window",
    "level", "field_of_view_width_mm", "field_of_view_height_mm", "view_left_px", "view_top_px",
    "view_width_px", "view_height_px",
)  # fmt: skip


def _places(
    columns: dict[str, Column],
    shown: list[Showing],
    display: DisplayGeometry,
    volume: VolumeGeometry | None,
) -> dict[str, Column]:
    """Return where the filtered gaze falls: on the desktop, in a view, on a slice."""
    points = np.column_stack((columns["x_filtered_display"], columns["y_filtered_display"]))
    screen_px = points * (display.width_px, display.height_px) + (display.left_px, display.top_px)
    count = len(points)
    found: dict[str, Column] = {
        "x_screen_px": screen_px[:, 0],
        "y_screen_px": screen_px[:, 1],
        "view": np.full(count, "", dtype=object),
        "orientation": np.full(count, "", dtype=object),
    }
    found |= {name: np.full(count, math.nan) for name in _VIEW_NUMBERS}
    for showing in shown:
        first, last = np.searchsorted(columns["t_ns"], (showing.start_ns, showing.end_ns))
        hit = first + np.flatnonzero(inside(showing.view, screen_px[first:last]))
        if not len(hit):
            continue
        plane = showing.view.geometry.plane
        found["view"][hit] = showing.view.name
        found["orientation"][hit] = plane_name(plane)
        on_plane = local_ras(showing.view, points[hit], display)
        values = _view_values(showing, plane)
        values |= dict(zip(("r_mm", "a_mm", "s_mm"), on_plane.T, strict=True))
        in_view = apply(showing.view.geometry.view_xy_from_local_ras, on_plane)
        values |= {"x_view": in_view[:, 0], "y_view": in_view[:, 1]}
        if volume is not None:
            at_ijk = apply(volume.ijk_from_local_ras, on_plane)
            values |= dict(zip("ijk", at_ijk.T, strict=True))
        for name, value in values.items():
            found[name][hit] = value
    return found


def _view_values(showing: Showing, plane: SlicePlane) -> dict[str, Any]:
    view, layout = showing.view, showing.view.layout
    x_mm, y_mm = view.mm_per_view_px
    axis = int(np.abs(plane.normal).argmax())
    return {
        # Along the axis that the plane's normal is nearest to, growing towards R, A or S.
        "slice_offset_mm": float(plane.normal @ plane.origin_local_ras)
        * float(np.sign(plane.normal[axis])),
        "window": view.window,
        "level": view.level,
        "field_of_view_width_mm": x_mm * layout.view_width,
        "field_of_view_height_mm": y_mm * layout.view_height,
        "view_left_px": layout.left_px,
        "view_top_px": layout.top_px,
        "view_width_px": layout.width_px,
        "view_height_px": layout.height_px,
    }


def _fixation_numbers(t_ns: Column, fixations: list[Fixation]) -> Column:
    numbers = np.zeros(len(t_ns), dtype=np.int64)
    for number, fixation in enumerate(fixations, start=1):
        first, last = np.searchsorted(t_ns, (fixation.start_ns, fixation.end_ns))
        numbers[first : last + 1] = number
    return numbers
