"""A segmentation as one numpy labelmap, with undo and redo: what the command line writes to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.segmentation.segment import Edit, Segment, VoxelPatch

Labels = npt.NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True, eq=False)
class _Change:
    """The voxels that an edit really changed, with their values before and after."""

    index_kji: tuple[npt.NDArray[np.intp], ...]
    before: Labels
    after: int


class Labelmap:
    """Segments of one volume; each voxel belongs to one segment or to none.

    Parameters
    ----------
    shape_kji : tuple of int
        The volume's shape.
    overwrite : bool
        Whether a new mask may take voxels of other segments; by default it never does.

    Attributes
    ----------
    labels_kji : ndarray of uint8 (uint16 beyond 255 segments), shape `shape_kji`
        0 where there is no segment, else the segment's position in `segments`, from 1.
    segments : list of Segment
        In the order of their first edit.
    """

    def __init__(self, shape_kji: tuple[int, int, int], *, overwrite: bool = False) -> None:
        self.labels_kji: Labels = np.zeros(shape_kji, dtype=np.uint8)
        self.segments: list[Segment] = []
        self._overwrite = overwrite
        self._done: list[list[_Change]] = []
        self._undone: list[list[_Change]] = []

    def apply(self, edit: Edit) -> None:
        """Write one accepted step; whatever was undone can no longer be redone."""
        self._done.append([self._change(part) for part in edit.parts()])
        self._undone.clear()

    def undo(self) -> bool:
        """Take the last step back; false where there is none."""
        if not self._done:
            return False
        step = self._done.pop()
        for change in reversed(step):
            self.labels_kji[change.index_kji] = change.before
        self._undone.append(step)
        return True

    def redo(self) -> bool:
        """Repeat the step that was taken back last; false where there is none."""
        if not self._undone:
            return False
        step = self._undone.pop()
        for change in step:
            self.labels_kji[change.index_kji] = change.after
        self._done.append(step)
        return True

    def _change(self, edit: Edit) -> _Change:
        """Write `edit` and return what it changed."""
        value = self._value_of(edit.segment)
        index = _index_of(edit.patch)
        labels = self.labels_kji[index]
        if edit.remove:
            changed = labels == value
        elif self._overwrite:
            changed = labels != value
        else:
            changed = labels == 0
        index = tuple(at[changed] for at in index)
        change = _Change(index, labels[changed], 0 if edit.remove else value)
        self.labels_kji[index] = change.after
        return change

    def _value_of(self, segment: Segment) -> int:
        for value, known in enumerate(self.segments, start=1):
            if known.id == segment.id:
                return value
        self.segments.append(segment)
        if len(self.segments) > np.iinfo(self.labels_kji.dtype).max:
            self.labels_kji = self.labels_kji.astype(np.uint16)
        return len(self.segments)


def _index_of(patch: VoxelPatch) -> tuple[npt.NDArray[np.intp], ...]:
    """Return the voxels of `patch` as indices: an oblique patch is a large box, nearly empty."""
    inside = np.unravel_index(np.flatnonzero(patch.mask), patch.mask.shape)
    return tuple(at + first for at, first in zip(inside, patch.offset_kji, strict=True))
