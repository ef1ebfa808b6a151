"""Where the slices of a DICOM volume lie, and how uneven ones are brought to a regular grid.

The voxel-to-space matrix is built from the slices' own positions, never from a spacing and a
normal: a tilted gantry shears the volume, and that shear stays.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.errors import GeometryError, ScanError
from GazeSAMLib.geometry.affine import Matrix
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.dicom_frames import Frame
from GazeSAMLib.scans.lps import ras_from_lps
from GazeSAMLib.scans.voxels import Voxels

# Slices nearer than this lie in one place; a slice this far off its place is in its place.
_SAME_PLACE_MM = 0.01
# ... or this fraction of the distance between slices.
_SLACK = 0.01


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices in order, and the regular grid they make.

    Attributes
    ----------
    frames : tuple of Frame
        The slices as stored, ascending along row x column.
    volume : VolumeGeometry
        The grid; as many slices as `frames` if `places` is None.
    places : ndarray or None, shape (k,)
        Where each of the grid's slices lies between the stored ones (2.5: halfway from the
        third to the fourth); None if they are the stored ones.
    shifts_ji : ndarray, shape (frames, 2)
        How far each stored slice lies beside the straight line of the grid, in pixels.
    notes : tuple of str
        What the reader should know.
    """

    frames: tuple[Frame, ...]
    volume: VolumeGeometry
    places: npt.NDArray[np.float64] | None
    shifts_ji: npt.NDArray[np.float64]
    notes: tuple[str, ...]

    def regular(self, voxels_kji: Voxels) -> Voxels:
        """Bring the values of `frames` to the grid, linear between neighbouring slices."""
        if self.places is None:
            return voxels_kji
        count = len(self.frames)
        result = np.empty(self.volume.shape_kji, dtype=voxels_kji.dtype)
        for k, place in enumerate(self.places.tolist()):
            low = min(int(place), max(count - 2, 0))
            fraction = place - low
            near = [(low, 1.0 - fraction), (low + 1, fraction)]
            mixed = sum(w * self._in_line(voxels_kji, at) for at, w in near if w > 0.0)
            result[k] = np.rint(mixed) if result.dtype.kind in "iu" else mixed
        return result

    def _in_line(self, voxels_kji: Voxels, k: int) -> npt.NDArray[np.float32]:
        values: npt.NDArray[np.float32] = voxels_kji[k].astype(np.float32)
        shift = self.shifts_ji[k]
        if not shift.any():
            return values
        low = float(values.min())
        return np.asarray(ndimage.shift(values, shift, order=1, cval=low), dtype=np.float32)


def build_stack(path: Path, frames: Sequence[Frame]) -> Stack:
    """Order the frames of one volume and find their grid.

    Parameters
    ----------
    path : Path
        For messages.
    frames : sequence of Frame
        One volume, same size, spacing and orientation, in any order.

    Raises
    ------
    ScanError
        If the pixels have no size or the directions span no plane.
    """
    ordered = sorted(frames, key=lambda frame: (frame.place, frame.instance, str(frame.file.path)))
    first = ordered[0]
    notes: list[str] = []
    row_mm, column_mm = first.spacing_mm or (1.0, 1.0)
    if first.spacing_mm is None:
        notes.append("the file says nothing of its pixels' size: they are taken to be 1 mm")
    orientation = np.reshape(first.orientation_lps or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (2, 3))
    normal = np.cross(orientation[0], orientation[1])
    if min(row_mm, column_mm) <= 0.0 or abs(np.linalg.norm(normal) - 1.0) > 0.05:
        raise ScanError(
            f"{first.file.path} has no usable geometry: spacing {row_mm:g} x {column_mm:g} mm, "
            f"directions {orientation.tolist()}"
        )
    in_plane = np.stack((orientation[0] * column_mm, orientation[1] * row_mm), axis=1)
    has_places = all(f.position_lps is not None and f.orientation_lps is not None for f in ordered)
    if has_places:
        ordered, copies = _along(ordered, normal)
        notes += copies
        positions = np.array([frame.position_lps for frame in ordered], dtype=np.float64)
    else:
        step_mm = first.step_mm or 1.0
        positions = np.array([k * step_mm * normal for k in range(len(ordered))])
        notes.append("the slices carry no positions: orientation and origin are a guess")
        if len(ordered) > 1:
            notes.append(f"slices were ordered by number and taken to be {step_mm:g} mm apart")
    try:
        return _stack(ordered, positions, in_plane, normal, notes)
    except GeometryError as error:
        raise ScanError(f"{path} has no usable geometry: {error}") from error


def _along(frames: list[Frame], normal: Matrix) -> tuple[list[Frame], list[str]]:
    """Sort along `normal` and keep one frame of each place."""
    heights = [float(normal @ np.array(frame.position_lps)) for frame in frames]
    kept: list[tuple[float, Frame]] = []
    for height, frame in sorted(zip(heights, frames, strict=True), key=lambda pair: pair[0]):
        if not kept or height - kept[-1][0] > _SAME_PLACE_MM:
            kept.append((height, frame))
    surplus = len(frames) - len(kept)
    notes = []
    if surplus:
        notes.append(f"{surplus} of {len(frames)} slices lie where another lies and were left out")
    return [frame for _, frame in kept], notes


def _stack(
    frames: list[Frame], positions: Matrix, in_plane: Matrix, normal: Matrix, notes: list[str]
) -> Stack:
    count = len(frames)
    if count == 1:
        step = normal * (abs(frames[0].step_mm or 0.0) or 1.0)
        return Stack(
            tuple(frames),
            _grid(frames[0], 1, positions[0], in_plane, step),
            None,
            np.zeros((1, 2)),
            tuple(notes),
        )
    whole = positions[-1] - positions[0]
    heights = (positions - positions[0]) @ normal
    beside = positions - positions[0] - np.outer(heights / heights[-1], whole)
    even = np.arange(count) * (heights[-1] / (count - 1))
    slack = _SAME_PLACE_MM + _SLACK * heights[-1] / (count - 1)
    tilt_deg = math.degrees(math.acos(min(1.0, heights[-1] / float(np.linalg.norm(whole)))))
    if tilt_deg > 0.05:
        notes.append(
            f"the slices are tilted by {tilt_deg:.1f} degrees against the direction in which they "
            "are stacked; the shear is kept"
        )
    is_straight = np.abs(beside).max() <= slack
    if is_straight and np.abs(heights - even).max() <= slack:
        volume = _grid(frames[0], count, positions[0], in_plane, whole / (count - 1))
        return Stack(tuple(frames), volume, None, np.zeros((count, 2)), tuple(notes))
    shifts_ij = np.linalg.lstsq(in_plane, beside.T, rcond=None)[0].T
    shifts_ji = np.zeros((count, 2)) if is_straight else shifts_ij[:, ::-1]
    places = _regular_places(heights)
    gaps = np.diff(heights)
    notes.append(
        f"{count} slices with gaps from {gaps.min():.2f} to {gaps.max():.2f} mm were resampled to "
        f"{len(places)} slices {heights[-1] / (len(places) - 1):.2f} mm apart, linear between "
        "neighbours"
    )
    if not is_straight:
        notes.append("slices that lie beside the line of the others were shifted into it")
    volume = _grid(frames[0], len(places), positions[0], in_plane, whole / (len(places) - 1))
    return Stack(tuple(frames), volume, places, shifts_ji, tuple(notes))


def _regular_places(heights: Matrix) -> npt.NDArray[np.float64]:
    """Return where the slices of a regular grid lie between slices at uneven `heights`.

    The grid's step is the gap that a tenth of the gaps do not exceed: with single slices
    missing that is the true gap and all slices keep their values, and one stray slice does
    not make the step tiny.
    """
    gaps = np.sort(np.diff(heights))
    step = gaps[len(gaps) // 10]
    most = max(8 * len(heights), 512)
    count = min(round(heights[-1] / step), most) + 1
    wanted = np.linspace(0.0, heights[-1], count)
    places = np.interp(wanted, heights, np.arange(len(heights), dtype=np.float64))
    nearest = np.rint(places)
    off_mm = np.abs(wanted - heights[nearest.astype(np.intp)])
    # A slice that lies on the grid but for rounding is taken as it is, not blurred.
    at_hand: npt.NDArray[np.float64] = np.where(
        off_mm <= _SAME_PLACE_MM + _SLACK * step, nearest, places
    )
    return at_hand


def _grid(
    frame: Frame, count: int, origin_lps: Matrix, in_plane: Matrix, step: Matrix
) -> VolumeGeometry:
    lps_from_ijk = np.eye(4)
    lps_from_ijk[:3, :2] = in_plane
    lps_from_ijk[:3, 2] = step
    lps_from_ijk[:3, 3] = origin_lps
    shape = (count, frame.file.pixels.rows, frame.file.pixels.columns)
    return VolumeGeometry(shape, ras_from_lps(lps_from_ijk))
