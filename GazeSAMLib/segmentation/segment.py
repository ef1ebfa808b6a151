"""Segments and the steps that change them."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Segment:
    """A named structure of a segmentation.

    Attributes
    ----------
    id : str
        Never changes, also when the segment is renamed.
    name : str
        For people.
    color_rgb : tuple of float
        Red, green, blue, 0 to 1.
    """

    id: str
    name: str
    color_rgb: tuple[float, float, float]


def new_segment(number: int, name: str | None = None) -> Segment:
    """Return the segment with the given number, counted from 1, in a colour of its own.

    The hues are a golden-ratio walk around the colour circle, so that neighbours in number
    differ most and no number runs out of colours.
    """
    hue = (0.33 + 0.618034 * (number - 1)) % 1.0
    red, green, blue = (round(c, 3) for c in colorsys.hsv_to_rgb(hue, 0.65, 0.95))
    return Segment(f"Segment_{number}", name or f"Segment_{number}", (red, green, blue))


@dataclass(frozen=True, eq=False)
class VoxelPatch:
    """Voxels of a volume: a box and a mask in it.

    Attributes
    ----------
    offset_kji : tuple of int
        The box's first voxel.
    mask : ndarray of bool, shape (k, j, i)
        The voxels meant, cropped; empty (a zero in the shape) where none are.
    """

    offset_kji: tuple[int, int, int]
    mask: npt.NDArray[np.bool_]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The box as numpy slices of the volume."""
        k, j, i = (
            slice(first, first + count)
            for first, count in zip(self.offset_kji, self.mask.shape, strict=True)
        )
        return (k, j, i)

    def without(self, other: "VoxelPatch") -> "VoxelPatch":
        """Return the voxels that do not belong to `other`."""
        mask = self.mask.copy()
        mask[self._part_in(other)] &= ~other.mask[other._part_in(self)]
        return VoxelPatch(self.offset_kji, mask)

    def _part_in(self, other: "VoxelPatch") -> tuple[slice, ...]:
        """Return where in this box the common part with the box of `other` lies."""
        return tuple(
            slice(max(b.start - a.start, 0), max(min(a.stop, b.stop) - a.start, 0))
            for a, b in zip(self.box, other.box, strict=True)
        )


def merged(patches: Sequence[VoxelPatch]) -> VoxelPatch:
    """Return the voxels that belong to any of `patches`."""
    filled = [patch for patch in patches if patch.mask.size]
    if not filled:
        return VoxelPatch((0, 0, 0), np.zeros((0, 0, 0), dtype=bool))
    low = np.min([patch.offset_kji for patch in filled], axis=0)
    high = np.max([[part.stop for part in patch.box] for patch in filled], axis=0)
    mask = np.zeros(high - low, dtype=bool)
    for patch in filled:
        k, j, i = (
            slice(part.start - first, part.stop - first)
            for part, first in zip(patch.box, low.tolist(), strict=True)
        )
        mask[k, j, i] |= patch.mask
    k, j, i = low.tolist()
    return VoxelPatch((k, j, i), mask)


@dataclass(frozen=True, eq=False)
class Edit:
    """One accepted step: voxels added to a segment or taken away from it.

    Attributes
    ----------
    segment : Segment
        The segment.
    patch : VoxelPatch
        The voxels.
    remove : bool
        Whether they are taken away.
    replaced : VoxelPatch or None
        Voxels of the segment that are taken away before `patch` is added: what a person corrects.
    """

    segment: Segment
    patch: VoxelPatch
    remove: bool = False
    replaced: VoxelPatch | None = None

    def parts(self) -> "tuple[Edit, ...]":
        """Return what is to be done one after the other; no voxel is in two parts."""
        if self.replaced is None:
            return (self,)
        gone = self.replaced.without(self.patch)
        return (Edit(self.segment, gone, remove=True), Edit(self.segment, self.patch))


class SegmentationWriter(Protocol):
    """A segmentation that can be edited: numpy on the command line, MRML in Slicer."""

    def apply(self, edit: Edit) -> None:
        """Write one accepted step; whatever was undone can no longer be redone."""

    def undo(self) -> bool:
        """Take the last step back; false where there is none."""

    def redo(self) -> bool:
        """Repeat the step that was taken back last; false where there is none."""
