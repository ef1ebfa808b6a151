"""Segments and the steps that change them."""

import colorsys
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


@dataclass(frozen=True, eq=False)
class Edit:
    """One accepted step: voxels added to a segment or taken away from it."""

    segment: Segment
    patch: VoxelPatch
    remove: bool = False


class SegmentationWriter(Protocol):
    """A segmentation that can be edited: numpy on the command line, MRML in Slicer."""

    def apply(self, edit: Edit) -> None:
        """Write one accepted step; whatever was undone can no longer be redone."""

    def undo(self) -> bool:
        """Take the last step back; false where there is none."""

    def redo(self) -> bool:
        """Repeat the step that was taken back last; false where there is none."""
