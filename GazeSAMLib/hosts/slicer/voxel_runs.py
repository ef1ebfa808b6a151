"""A set of voxels as runs along the rows of a volume: little memory, quickly found in labelmaps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.segmentation.segment import VoxelPatch

Indices = npt.NDArray[np.int64]
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class VoxelRuns:
    """Voxels of a volume; some kilobytes a slice.

    Attributes
    ----------
    shape_kji : tuple of int
        The volume's shape.
    starts, lengths : ndarray of int64
        Of each run the first voxel, counted through the volume in k, j, i order, and how many
        voxels follow along i; ascending. No run goes beyond the end of its row.
    """

    shape_kji: Shape
    starts: Indices
    lengths: Indices

    @classmethod
    def of_flat(cls, flat: Indices, shape_kji: Shape) -> "VoxelRuns":
        """Return the voxels with the ascending indices `flat`, counted in k, j, i order."""
        begins = np.flatnonzero((np.diff(flat, prepend=-2) != 1) | (flat % shape_kji[2] == 0))
        lengths = np.diff(np.append(begins, len(flat)))
        return cls(shape_kji, flat[begins], lengths)

    @classmethod
    def of_patch(cls, patch: VoxelPatch, shape_kji: Shape) -> "VoxelRuns":
        """Return the voxels of a patch; those outside the volume are left out."""
        low = np.array(patch.offset_kji)
        first = np.maximum(-low, 0)
        end = np.minimum(np.array(shape_kji) - low, patch.mask.shape)
        if (first >= end).any():
            return cls.of_flat(np.empty(0, dtype=np.int64), shape_kji)
        inside = patch.mask[first[0] : end[0], first[1] : end[1], first[2] : end[2]]
        box = cls.of_flat(np.flatnonzero(inside), inside.shape)
        k, j, i = (
            at + start for at, start in zip(box.start_kji(), (low + first).tolist(), strict=True)
        )
        return cls(shape_kji, (k * shape_kji[1] + j) * shape_kji[2] + i, box.lengths)

    def __len__(self) -> int:
        return int(self.lengths.sum())

    def start_kji(self) -> tuple[Indices, Indices, Indices]:
        """Return the indices of each run's first voxel."""
        rows, i = np.divmod(self.starts, self.shape_kji[2])
        k, j = np.divmod(rows, self.shape_kji[1])
        return k, j, i

    def flat(self) -> Indices:
        """Return the voxels' indices, counted through the volume in k, j, i order, ascending."""
        return self.from_starts(self.starts)

    def from_starts(self, starts: Indices) -> Indices:
        """Return the voxels' indices where the runs start at `starts`: in another array."""
        before = np.cumsum(self.lengths) - self.lengths
        return np.repeat(starts - before, self.lengths) + np.arange(len(self))

    def where(self, chosen: npt.NDArray[np.bool_]) -> "VoxelRuns":
        """Return those of the voxels, in the order of :meth:`flat`, that are chosen."""
        return self if chosen.all() else VoxelRuns.of_flat(self.flat()[chosen], self.shape_kji)
