"""The gaze of a recording slice by slice."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.affine import apply, invert
from GazeSAMLib.geometry.anatomy import reading_order
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.shown_slices import Hit, ShownSlices
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid
from GazeSAMLib.geometry.slice_key import SliceKey, slice_key
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.research.gaze_table import GazeTable
from GazeSAMLib.hosts.cli.research.shown_views import Showing
from GazeSAMLib.hosts.cli.trace import SeenFixation
from GazeSAMLib.signals.types import Fixation

Numbers = npt.NDArray[np.float64]

LONGEST_STEP_S = 0.1
"""A sample stands for the time to the next one, but for no longer gap than this."""

_SIGMA_STEPS_PER_OCTAVE = 8


@dataclass(frozen=True, eq=False)
class SliceGaze:
    """What was looked at on one slice.

    Attributes
    ----------
    view : SliceView
        A view that showed it, the last one.
    plane : SlicePlane
        Its plane.
    grid : SliceGrid
        Its slice image.
    points_uv : list of ndarray, shape (N, 2)
        The filtered gaze in the slice image; a showing of the slice each.
    seconds : list of ndarray, shape (N,)
        The time for which each point stands.
    times_ns : list of ndarray, shape (N,)
        When.
    sigma_px : list of float
        How far the true gaze may lie, standard deviation, pixels of the slice image.
    fixations : list of SeenFixation
        Those on the slice.
    """

    view: SliceView
    plane: SlicePlane
    grid: SliceGrid
    points_uv: list[Numbers] = field(default_factory=list)
    seconds: list[Numbers] = field(default_factory=list)
    times_ns: list[npt.NDArray[np.int64]] = field(default_factory=list)
    sigma_px: list[float] = field(default_factory=list)
    fixations: list[SeenFixation] = field(default_factory=list)

    @property
    def duration_s(self) -> float:
        """How long it was looked at."""
        return float(sum(part.sum() for part in self.seconds))


def sample_seconds(t_ns: npt.NDArray[np.int64]) -> Numbers:
    """Return the time for which each sample stands, shape (N,)."""
    if len(t_ns) < 2:
        return np.zeros(len(t_ns))
    steps = np.diff(t_ns) * 1e-9
    seconds: Numbers = np.minimum(np.append(steps, np.median(steps)), LONGEST_STEP_S)
    return seconds


def gaze_by_slice(table: GazeTable, volume: VolumeGeometry, error_deg: float) -> list[SliceGaze]:
    """Return the gaze on each slice that was looked at, in reading order.

    Parameters
    ----------
    table : GazeTable
        Of the recording.
    volume : VolumeGeometry
        The scan.
    error_deg : float
        How far the true gaze may lie, standard deviation.
    """
    found: dict[SliceKey, SliceGaze] = {}
    seconds = sample_seconds(table.columns["t_ns"])
    names = np.stack([table.columns[name] for name in ("r_mm", "a_mm", "s_mm")], axis=1)
    for showing in table.showings:
        plane = showing.view.geometry.plane
        grid = slice_grid(volume, plane)
        if grid is None:
            continue
        rows = _rows(table, showing)
        image_from_ras = invert(grid.local_ras_from_image_uv)
        points_uv = apply(image_from_ras, names[rows])[:, :2]
        height, width = grid.shape
        on_slice = np.all((points_uv >= -0.5) & (points_uv < (width - 0.5, height - 0.5)), axis=1)
        if not on_slice.any():
            continue
        gaze = found.setdefault(slice_key(plane, grid), SliceGaze(showing.view, plane, grid))
        rows, points_uv = rows[on_slice], points_uv[on_slice]
        if gaze.grid is not grid:  # the same layer, shown the other way round
            points_uv = apply(invert(gaze.grid.local_ras_from_image_uv), names[rows])[:, :2]
        gaze.points_uv.append(points_uv)
        gaze.seconds.append(seconds[rows])
        gaze.times_ns.append(table.columns["t_ns"][rows])
        gaze.sigma_px.append(_sigma_px(showing.view, gaze.grid, table.display, error_deg))
    _add_fixations(found, table, volume)
    return sorted(found.values(), key=lambda gaze: reading_order(gaze.grid, gaze.plane))


def _rows(table: GazeTable, showing: Showing) -> npt.NDArray[np.intp]:
    first, last = np.searchsorted(table.columns["t_ns"], (showing.start_ns, showing.end_ns))
    rows: npt.NDArray[np.intp] = first + np.flatnonzero(
        table.columns["view"][first:last] == showing.view.name
    )
    return rows


def _sigma_px(
    view: SliceView, grid: SliceGrid, display: DisplayGeometry, error_deg: float
) -> float:
    _, y_mm = view.mm_per_view_px
    per_screen_px = y_mm * view.layout.pixel_ratio[1] / grid.pixel_mm
    sigma_px = error_deg * display.screen_px_per_deg * per_screen_px
    # Zooming by a little shall not mean one more filter: a step is 9 percent.
    step = round(math.log2(max(sigma_px, 1e-3)) * _SIGMA_STEPS_PER_OCTAVE)
    return float(2.0 ** (step / _SIGMA_STEPS_PER_OCTAVE))


def _add_fixations(
    found: dict[SliceKey, SliceGaze], table: GazeTable, volume: VolumeGeometry
) -> None:
    for fixation in table.fixations:
        hit = _hit(fixation, table, volume)
        if hit is None:
            continue
        key = slice_key(hit.plane, hit.grid)
        if key in found:
            found[key].fixations.append(SeenFixation(fixation, hit, key))


def _hit(fixation: Fixation, table: GazeTable, volume: VolumeGeometry) -> Hit | None:
    """Return where a fixation lay on what was shown when it began."""
    slices = ShownSlices(volume)
    for showing in table.showings:
        if showing.start_ns <= fixation.start_ns < showing.end_ns:
            slices.show(showing.view)
    if not fixation.centre_display.on_display:
        return None
    return slices.locate(table.display.screen_from_display(fixation.centre_display))
