"""A segmentation as one numpy labelmap, with undo and redo: what the command line writes to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.segmentation.segment import Edit, Segment, VoxelPatch

Labels = npt.NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True, eq=False)
class _Change:
    """The voxels that an edit really changed, with their values before and after."""

    patch: VoxelPatch
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
        self._done: list[_Change] = []
        self._undone: list[_Change] = []

    def apply(self, edit: Edit) -> None:
        """Write one accepted step; whatever was undone can no longer be redone."""
        value = self._value_of(edit.segment)
        box = self.labels_kji[edit.patch.box]
        if edit.remove:
            changed = edit.patch.mask & (box == value)
        elif self._overwrite:
            changed = edit.patch.mask & (box != value)
        else:
            changed = edit.patch.mask & (box == 0)
        patch = VoxelPatch(edit.patch.offset_kji, changed)
        self._done.append(_Change(patch, box[changed], 0 if edit.remove else value))
        self._undone.clear()
        box[changed] = self._done[-1].after

    def undo(self) -> bool:
        """Take the last step back; false where there is none."""
        if not self._done:
            return False
        change = self._done.pop()
        self.labels_kji[change.patch.box][change.patch.mask] = change.before
        self._undone.append(change)
        return True

    def redo(self) -> bool:
        """Repeat the step that was taken back last; false where there is none."""
        if not self._undone:
            return False
        change = self._undone.pop()
        self.labels_kji[change.patch.box][change.patch.mask] = change.after
        self._done.append(change)
        return True

    def _value_of(self, segment: Segment) -> int:
        for value, known in enumerate(self.segments, start=1):
            if known.id == segment.id:
                return value
        self.segments.append(segment)
        if len(self.segments) > np.iinfo(self.labels_kji.dtype).max:
            self.labels_kji = self.labels_kji.astype(np.uint16)
        return len(self.segments)
