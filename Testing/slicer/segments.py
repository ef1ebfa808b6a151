"""What the tests of segmentations share: masks, and reading segments back through Slicer."""

import numpy as np
import slicer
import slicer.util

from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.segmentation.segment import Edit, Segment, VoxelPatch

LIVER = Segment("liver", "Liver", (0.8, 0.4, 0.2))
KIDNEY = Segment("kidney", "Kidney", (0.2, 0.6, 0.9))
TUMOUR = Segment("tumour", "Tumour", (0.9, 0.1, 0.1))
SPLEEN = Segment("spleen", "Spleen", (0.3, 0.3, 0.9))


def voxels_of(node, segment: Segment, volume_node) -> np.ndarray:
    """Where a segment is, as Slicer exports it on the grid of a volume: bool, (k, j, i)."""
    return slicer.util.arrayFromSegmentBinaryLabelmap(node, segment.id, volume_node) > 0


def all_voxels(node, volume_node) -> dict[str, np.ndarray]:
    segmentation = node.GetSegmentation()
    return {
        name: slicer.util.arrayFromSegmentBinaryLabelmap(node, name, volume_node) > 0
        for name in segmentation.GetSegmentIDs()
    }


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def block(segment: Segment, offset_kji, shape, *, remove: bool = False) -> Edit:
    """An edit of a whole block of voxels."""
    return Edit(segment, VoxelPatch(offset_kji, np.ones(shape, dtype=bool)), remove)


def scattered(segment: Segment, offset_kji, shape, seed: int, *, remove: bool = False) -> Edit:
    """An edit of every other voxel of a block, at random."""
    mask = np.random.default_rng(seed).random(shape) < 0.5
    return Edit(segment, VoxelPatch(offset_kji, mask), remove)


def filled(patch: VoxelPatch, shape_kji) -> np.ndarray:
    """A patch in an otherwise empty volume."""
    whole = np.zeros(shape_kji, dtype=bool)
    whole[patch.box] = patch.mask
    return whole


def disc(hit: Hit, radius_px: float) -> np.ndarray:
    """A disc on the slice image around the place that is looked at."""
    rows, columns = np.indices(hit.grid.shape)
    u, v = hit.point_image_uv
    return np.hypot(columns - u, rows - v) <= radius_px
