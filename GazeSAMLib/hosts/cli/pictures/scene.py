"""What is to be drawn on one slice: pixels, segments, gaze, prompts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.frames import ViewPoint
from GazeSAMLib.geometry.affine import Matrix, apply
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, sample_slice, to_8bit
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.pictures.accepted_slice import AcceptedSlice
from GazeSAMLib.hosts.cli.trace import AcceptedStep, SeenFixation, Trace, Visit
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.segment import Segment

Points = npt.NDArray[np.float64]

_PATH_STEP_NS = 20_000_000  # a path of raw samples shows the tracker's noise, not the eye's way
_STEPS_BRIDGED = 5
_ENDLESS_NS = 2**63 - 1


@dataclass(frozen=True, eq=False)
class SliceScene:
    """One slice on which something was accepted.

    Attributes
    ----------
    plane : SlicePlane
        The slice.
    grid : SliceGrid
        Its slice image.
    window, level : float
        As displayed.
    pixels : ndarray of uint8, shape ``grid.shape``
        The slice image as displayed.
    labels : ndarray, shape ``grid.shape``
        The finished segmentation on this slice: 0, or the number of a segment, from 1.
    segments : list of Segment
        All segments, in the order of their numbers.
    steps : list of AcceptedStep
        The looks that were accepted here.
    fixations : list of SeenFixation
        On this slice, in order.
    paths_uv : list of ndarray, shape (N, 2)
        The gaze on this slice, a line without gaps each, image frame.
    propagated : frozenset of str
        Ids of the segments that were propagated onto this slice, and that nobody looked at here.
    """

    plane: SlicePlane
    grid: SliceGrid
    window: float
    level: float
    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.integer]
    segments: list[Segment]
    steps: list[AcceptedStep]
    fixations: list[SeenFixation]
    paths_uv: list[Points]
    propagated: frozenset[str] = frozenset()

    @property
    def shown_segments(self) -> list[tuple[int, Segment]]:
        """The segments on this slice with their numbers."""
        return [(n, s) for n, s in enumerate(self.segments, start=1) if (self.labels == n).any()]


def scene_of(
    shown: AcceptedSlice,
    trace: Trace,
    scan: Scan,
    labelmap: Labelmap,
    display: DisplayGeometry,
) -> SliceScene:
    """Gather what is to be drawn on a slice."""
    values = sample_slice(scan.voxels_kji, scan.volume, shown.grid)
    return SliceScene(
        plane=shown.plane,
        grid=shown.grid,
        window=shown.window,
        level=shown.level,
        pixels=to_8bit(values, shown.window, shown.level),
        labels=labels_on(shown.grid, labelmap, scan.volume),
        segments=labelmap.segments,
        steps=shown.steps,
        fixations=[seen for seen in trace.fixations if seen.slice_key == shown.key],
        paths_uv=[
            line
            for visit in trace.visits
            if visit.slice_key == shown.key
            for line in _lines(visit, trace, shown.grid, display)
        ],
        propagated=shown.propagated,
    )


def labels_on(
    grid: SliceGrid, labelmap: Labelmap, volume: VolumeGeometry
) -> npt.NDArray[np.integer]:
    """Return the segment of the voxel under each pixel of a slice image; 0 outside the scan."""
    height, width = grid.shape
    rows, columns = np.mgrid[0:height, 0:width]
    points_uv = np.stack((columns, rows, np.zeros_like(rows)), axis=-1)
    at_ijk = apply(volume.ijk_from_local_ras @ grid.local_ras_from_image_uv, points_uv)
    index = np.floor(at_ijk + 0.5).astype(np.intp)
    inside = np.all((index >= 0) & (index < volume.shape_ijk), axis=-1)
    i, j, k = np.where(inside[..., None], index, 0).transpose(2, 0, 1)
    labels: npt.NDArray[np.integer] = np.where(inside, labelmap.labels_kji[k, j, i], 0)
    return labels


def _lines(visit: Visit, trace: Trace, grid: SliceGrid, display: DisplayGeometry) -> list[Points]:
    """Return the gaze during a visit as lines on the slice, broken where it was elsewhere."""
    end_ns = _ENDLESS_NS if visit.end_ns is None else visit.end_ns
    step, points_display = _mean_of_steps(*trace.gaze.between(visit.start_ns, end_ns))
    inside = _in_widget(points_display, visit.view, display)
    step, points_display = step[inside], points_display[inside]
    matrix = _image_uv_from_display(visit.view, grid, display)
    points_uv = points_display @ matrix[:, :2].T + matrix[:, 2]
    breaks = np.flatnonzero(np.diff(step) > _STEPS_BRIDGED) + 1
    return [line for line in np.split(points_uv, breaks) if len(line) > 1]


def _mean_of_steps(
    t_ns: npt.NDArray[np.int64], points: Points
) -> tuple[npt.NDArray[np.int64], Points]:
    """Return the numbers of the time steps in which an eye was found and the mean positions."""
    found = np.isfinite(points).all(axis=1)
    step, index = np.unique(t_ns[found] // _PATH_STEP_NS, return_inverse=True)
    count = np.bincount(index, minlength=len(step))
    sums = [np.bincount(index, points[found, axis], minlength=len(step)) for axis in (0, 1)]
    means: Points = np.stack(sums, axis=1) / count[:, None]
    return step, means


def _in_widget(
    points_display: Points, view: SliceView, display: DisplayGeometry
) -> npt.NDArray[np.bool_]:
    x_px = display.left_px + points_display[:, 0] * display.width_px
    y_px = display.top_px + points_display[:, 1] * display.height_px
    layout = view.layout
    inside: npt.NDArray[np.bool_] = (
        (x_px >= layout.left_px)
        & (x_px < layout.left_px + layout.width_px)
        & (y_px >= layout.top_px)
        & (y_px < layout.top_px + layout.height_px)
    )
    return inside


def _image_uv_from_display(view: SliceView, grid: SliceGrid, display: DisplayGeometry) -> Matrix:
    """Return the affine map, shape (2, 3), from the display to the slice image."""
    width, height = view.layout.view_width, view.layout.view_height
    corners = [ViewPoint(0.0, 0.0), ViewPoint(width, 0.0), ViewPoint(0.0, height)]
    at_display = [
        (*display.display_from_screen(view.layout.screen_from_view(corner)), 1.0)
        for corner in corners
    ]
    at_image = [
        tuple(grid.image_from_point(view.geometry.point_from_view(corner))) for corner in corners
    ]
    matrix: Matrix = np.linalg.solve(np.array(at_display), np.array(at_image)).T
    return matrix
