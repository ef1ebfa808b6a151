"""From the voxels of segments to the pixels of a scan's own slices.

A slice's pixel belongs to a segment if its centre lies in a voxel that does. Where the grid of
the segments is that of the slices, this is the same mask; where the reader resampled a scan
with uneven gaps, what lies between its slices has no place in the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.affine import Matrix
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.coded_segments import CodedSegments, Mask
from GazeSAMLib.scans.dicom_frames import Frame
from GazeSAMLib.scans.lps import ras_from_lps
from GazeSAMLib.segmentation.segment import VoxelPatch

# How far, in voxels, a slice's corners may lie off voxel centres and still be the same slice.
_SAME = 0.05
# How much gaps between slices may differ, as a part of their mean, and still be equal.
_EVEN = 0.01
# The least cosine of the angle between an axis of a volume and that of the slices it has.
_SAME_DIRECTION = 0.9


@dataclass(frozen=True, eq=False)
class SlicePixels:
    """Segments on slices.

    Attributes
    ----------
    values : ndarray of uint8 or uint16
        Shape (slice, row, column), n for the n-th segment from 1; or, where segments overlap,
        (slice, row, column, segment), 1 for a pixel of the segment.
    notes : tuple of str
        What was lost on the way.
    """

    values: npt.NDArray[np.uint8 | np.uint16]
    notes: tuple[str, ...]


def slice_pixels(
    found: CodedSegments, places: Sequence[Matrix], frames: Sequence[Frame]
) -> SlicePixels:
    """Put segments onto slices.

    Parameters
    ----------
    found : CodedSegments
        The segments.
    places : sequence of ndarray, shape (4, 4)
        For each slice, from (column, row, 0) to the index in the segments' grid.
    frames : sequence of Frame
        The slices.

    Raises
    ------
    OutputError
        If a segment has voxels, and none of them is on a slice.
    """
    pixels = frames[0].file.pixels
    shape: tuple[int, ...] = (len(frames), pixels.rows, pixels.columns)
    count = len(found.segments)
    is_stacked = count > 1 and found.overlap()
    values = np.zeros(
        (*shape, count) if is_stacked else shape,
        dtype=np.uint8 if count < 256 or is_stacked else np.uint16,
    )
    maps = [_SliceMap(matrix, pixels.rows, pixels.columns) for matrix in places]
    there = np.zeros(count, dtype=np.int64)
    for number, one in enumerate(found.segments):
        for on_slice, to_grid in zip(values, maps, strict=True):
            cut = to_grid.cut(one.patch)
            if cut is None:
                continue
            rows, columns, mask = cut
            there[number] += np.count_nonzero(mask)
            if is_stacked:
                on_slice[rows, columns, number][mask] = 1
            else:
                on_slice[rows, columns][mask] = number + 1
    return SlicePixels(values, _losses(found, there, maps))


def pixel_places(volume: VolumeGeometry, frames: Sequence[Frame]) -> list[Matrix]:
    """Return where the pixels of each slice lie in a volume that was loaded from the slices.

    By position in space where the slices are layers of the volume. Else by their number where
    that is possible: 3D Slicer loads slices with uneven gaps as if they were even, and corrects
    that with a transform.

    Returns
    -------
    list of ndarray, shape (4, 4)
        From (column, row, 0) to the index in the grid.
    """
    places = by_position(volume, frames)
    pixels = frames[0].file.pixels
    if all(_SliceMap(place, pixels.rows, pixels.columns).is_layer for place in places):
        return places
    return by_number(volume, frames) or places


def by_position(volume: VolumeGeometry, frames: Sequence[Frame]) -> list[Matrix]:
    """Return where the pixels of each slice lie in a grid, by position in space.

    Returns
    -------
    list of ndarray, shape (4, 4)
        From (column, row, 0) to the index in the grid.
    """
    return [volume.ijk_from_local_ras @ _local_ras_from_pixel(frame) for frame in frames]


def by_number(volume: VolumeGeometry, frames: Sequence[Frame]) -> list[Matrix]:
    """Return where the pixels of each slice lie in a grid that has a layer for each slice.

    Returns
    -------
    list of ndarray, shape (4, 4)
        From (column, row, 0) to the index in the grid; empty where its layers are not the slices.
    """
    pixels = frames[0].file.pixels
    along = np.sum(_ras_axes(frames) * volume.axes_mm / volume.spacing_mm, axis=0)
    is_alike = volume.shape_kji == (len(frames), pixels.rows, pixels.columns)
    if not is_alike or along[:2].min() < _SAME_DIRECTION or abs(along[2]) < 0.5:
        return []
    places = []
    for n in range(len(frames)):
        place = np.eye(4)
        place[2, 3] = n if along[2] > 0.0 else len(frames) - 1 - n
        places.append(place)
    return places


def slice_gaps_mm(frames: Sequence[Frame]) -> Matrix:
    """Return the distances between neighbouring slices along their normal, mm."""
    matrices = [_local_ras_from_pixel(frame) for frame in frames]
    gaps: Matrix = np.diff([matrices[0][:3, 2] @ matrix[:3, 3] for matrix in matrices])
    return np.abs(gaps)


def are_even(frames: Sequence[Frame]) -> bool:
    """Whether the slices lie at equal distances; one alone does."""
    gaps = slice_gaps_mm(frames)
    return not len(gaps) or bool(np.ptp(gaps) < _EVEN * gaps.mean())


def _ras_axes(frames: Sequence[Frame]) -> Matrix:
    """Columns: directions along a row, along a column, and from slice to slice, unit, RAS."""
    matrix = _local_ras_from_pixel(frames[0])
    axes = np.array(matrix[:3, :3])
    if len(frames) > 1:
        axes[:, 2] = _local_ras_from_pixel(frames[-1])[:3, 3] - matrix[:3, 3]
    unit: Matrix = axes / np.linalg.norm(axes, axis=0)
    return unit


def _local_ras_from_pixel(frame: Frame) -> Matrix:
    """From (column, row, mm off the slice) to RAS."""
    if frame.position_lps is None or frame.orientation_lps is None or frame.spacing_mm is None:
        raise OutputError(f"{frame.file.path} does not say where its slices lie")
    row_mm, column_mm = frame.spacing_mm
    directions = np.reshape(frame.orientation_lps, (2, 3))
    matrix = np.eye(4)
    matrix[:3, 0] = directions[0] * column_mm
    matrix[:3, 1] = directions[1] * row_mm
    matrix[:3, 2] = np.cross(directions[0], directions[1])
    matrix[:3, 3] = frame.position_lps
    return ras_from_lps(matrix)


class _SliceMap:
    """Which voxels the pixels of one slice lie in."""

    def __init__(self, ijk_from_pixel: Matrix, rows: int, columns: int) -> None:
        self._shape = (rows, columns)
        self._matrix = ijk_from_pixel
        corners = np.array([(0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1)])
        at = corners @ ijk_from_pixel[:3, :2].T + ijk_from_pixel[:3, 3]
        first = np.rint(at[0])
        off = at - first
        off[:, :2] -= corners
        self.is_layer = bool(np.abs(off).max() <= _SAME)
        self.is_parallel = bool(np.abs(off[:, :2]).max() <= _SAME and np.abs(off[:, 2]).max() < 0.5)
        self._first_ijk = first.astype(int)
        self.layer = int(first[2])
        self._index: npt.NDArray[np.intp] | None = None

    def cut(self, patch: VoxelPatch) -> tuple[slice, slice, Mask] | None:
        """Return the slice's pixels in `patch` as rows, columns and a mask on them."""
        if not patch.mask.size:
            return None
        return self._cut_layer(patch) if self.is_parallel else self._cut_across(patch)

    def _cut_layer(self, patch: VoxelPatch) -> tuple[slice, slice, Mask] | None:
        k, j, i = patch.offset_kji
        if not 0 <= self.layer - k < len(patch.mask):
            return None
        mask = patch.mask[self.layer - k]
        row, column = j - int(self._first_ijk[1]), i - int(self._first_ijk[0])
        rows = slice(max(row, 0), min(row + mask.shape[0], self._shape[0]))
        columns = slice(max(column, 0), min(column + mask.shape[1], self._shape[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None
        inside = mask[
            rows.start - row : rows.stop - row, columns.start - column : columns.stop - column
        ]
        return rows, columns, inside

    def _cut_across(self, patch: VoxelPatch) -> tuple[slice, slice, Mask] | None:
        if self._index is None:
            rows, columns = np.indices(self._shape, dtype=np.float64)
            at = np.stack((columns, rows), axis=-1) @ self._matrix[:3, :2].T + self._matrix[:3, 3]
            self._index = np.floor(at + 0.5).astype(np.intp)[..., ::-1]
        index = self._index - patch.offset_kji
        inside = ((index >= 0) & (index < patch.mask.shape)).all(axis=-1)
        if not inside.any():
            return None
        mask = np.zeros(self._shape, dtype=bool)
        mask[inside] = patch.mask[tuple(index[inside].T)]
        return slice(0, self._shape[0]), slice(0, self._shape[1]), mask


def _losses(
    found: CodedSegments, there: npt.NDArray[np.int64], maps: Sequence[_SliceMap]
) -> tuple[str, ...]:
    """Return notes on what is not on the slices.

    Raises
    ------
    OutputError
        If that is all of a segment.
    """
    notes = []
    layers = [one.layer for one in maps]
    beside = sum(not one.is_layer for one in maps)
    if beside or len(set(layers)) < len(layers):
        notes.append(
            f"{beside} of {len(maps)} slices of the scan are no layers of the segmentation's grid: "
            "their pixels have the label of the voxel that they lie in"
        )
    lost = 0
    for one, count in zip(found.segments, there.tolist(), strict=True):
        voxels = int(np.count_nonzero(one.patch.mask))
        if voxels and not count:
            raise OutputError(
                f"no voxel of '{one.segment.name}' lies on a slice of the scan, and a DICOM "
                "segmentation consists of such slices: segment it on a slice of the scan itself, "
                "give the scan that was segmented, or write .seg.nrrd instead"
            )
        lost += max(voxels - count, 0)
    if lost and all(one.is_parallel for one in maps):
        notes.append(
            f"{lost} voxels lie beside or between the slices of the scan, where a DICOM "
            "segmentation holds nothing; .seg.nrrd holds them"
        )
    return tuple(notes)
