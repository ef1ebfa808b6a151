"""Segments with what they are in codes and their voxels: all that a segmentation file can say."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.terminology import UNKNOWN, Terminology
from GazeSAMLib.segmentation.placement import EMPTY
from GazeSAMLib.segmentation.segment import Segment, VoxelPatch

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True, eq=False)
class CodedSegment:
    """A segment, its codes, and its voxels, which may be those of another segment too.

    Attributes
    ----------
    segment : Segment
        Its name and colour.
    patch : VoxelPatch
        Its voxels; empty where it has none.
    terminology : Terminology
        What it is.
    """

    segment: Segment
    patch: VoxelPatch
    terminology: Terminology = UNKNOWN


@dataclass(frozen=True, eq=False)
class CodedSegments:
    """The segments of one grid.

    Attributes
    ----------
    volume : VolumeGeometry
        The grid of all patches.
    segments : tuple of CodedSegment
        In the order of the file.
    notes : tuple of str
        What the reader should know.
    """

    volume: VolumeGeometry
    segments: tuple[CodedSegment, ...]
    notes: tuple[str, ...] = ()

    def flat(self) -> Labels:
        """Return labels, shape (k, j, i): n for the n-th segment, from 1; the later one wins."""
        dtype = np.uint8 if len(self.segments) < 256 else np.uint16
        labels: Labels = np.zeros(self.volume.shape_kji, dtype=dtype)
        for value, one in enumerate(self.segments, start=1):
            labels[one.patch.box][one.patch.mask] = value
        return labels

    def overlap(self) -> bool:
        """Whether a voxel belongs to more than one segment."""
        taken = np.zeros(self.volume.shape_kji, dtype=bool)
        for one in self.segments:
            inside = taken[one.patch.box]
            if (inside & one.patch.mask).any():
                return True
            inside |= one.patch.mask
        return False


def patches_of_labels(labels_kji: npt.NDArray[np.integer], count: int) -> list[VoxelPatch]:
    """Return the voxels of the labels 1 to `count`, each cropped to its box.

    Parameters
    ----------
    labels_kji : ndarray of int, shape (k, j, i)
        Labels; those beyond `count`, and 0 and less, are left out.
    count : int
        How many labels there are.
    """
    boxes = ndimage.find_objects(labels_kji, max_label=count)
    return [
        EMPTY if box is None else VoxelPatch(_first(box), labels_kji[box] == value)
        for value, box in enumerate(boxes, start=1)
    ]


def _first(box: tuple[slice, ...]) -> tuple[int, int, int]:
    k, j, i = (one.start for one in box)
    return (k, j, i)
