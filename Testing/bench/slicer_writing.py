"""What it costs to write an accepted slice into a segmentation node of Slicer."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import SkipTest

import numpy as np

from GazeSAMLib.segmentation.segment import Edit, VoxelPatch, new_segment

SHAPE_KJI = (300, 512, 512)
RADIUS_PX = 150.0
NEIGHBOURS = 3
NAIVE_REPEATS = 3
STRUCTURE = new_segment(1)


def write_slice() -> dict[str, float]:
    """Return the cost of a slice of a structure that is built through 512 x 512 x 300 voxels.

    ``write_slice_ms_p95`` is that of the writer over all 300 slices of a disc of 300 pixels: of
    a structure alone, whose labelmap has to grow, or of one that shares a labelmap with segments
    through the whole scan, whichever is more. ``write_slice_speedup`` says how much longer
    Slicer's own ``slicer.util.updateSegmentBinaryLabelmapFromArray`` takes (medians).
    """
    try:
        import slicer.util
    except ModuleNotFoundError as error:
        raise SkipTest("slicer-core is not installed") from error
    from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
    from Testing.mrml_application import start_mrml

    start_mrml()
    matrix = np.diag((-0.8, -0.8, 1.0, 1.0))
    node = slicer.util.addVolumeFromArray(np.zeros(SHAPE_KJI, np.int16), ijkToRAS=matrix)
    scene_volume = SceneVolume(node)
    alone_ms, segmentation_node = _built_slice_by_slice(scene_volume, neighbours=0)
    beside_ms, _ = _built_slice_by_slice(scene_volume, neighbours=NEIGHBOURS)
    voxels_kji = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation_node, STRUCTURE.id, node)
    if voxels_kji.sum() != SHAPE_KJI[0] * _disc().sum():
        raise RuntimeError("the segment does not hold what was written")
    naive_ms = [
        _cost_ms(
            lambda: slicer.util.updateSegmentBinaryLabelmapFromArray(
                voxels_kji, segmentation_node, STRUCTURE.id, node
            )
        )
        for _ in range(NAIVE_REPEATS)
    ]
    return {
        "write_slice_ms_p95": float(max(np.percentile(c, 95) for c in (alone_ms, beside_ms))),
        "write_slice_speedup": float(np.median(naive_ms) / np.median(alone_ms + beside_ms)),
    }


def _built_slice_by_slice(scene_volume: Any, *, neighbours: int) -> tuple[list[float], Any]:
    """Return what each slice of a structure cost, ms, and the segmentation node."""
    from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
    from GazeSAMLib.hosts.slicer.segmentation_setup import new_segmentation

    segmentation_node = new_segmentation(scene_volume)
    writer = SegmentationNodeWriter(segmentation_node, scene_volume)
    for number in range(neighbours):
        corner = np.ones((SHAPE_KJI[0], 40, 40), dtype=bool)
        offset = (0, 470 * (number % 2), 470 * (number // 2))
        writer.apply(Edit(new_segment(2 + number), VoxelPatch(offset, corner)))
    mask = _disc()
    costs_ms = []
    for k in range(SHAPE_KJI[0]):
        edit = Edit(STRUCTURE, VoxelPatch((k, 106, 106), mask))
        costs_ms.append(_cost_ms(partial(writer.apply, edit)))
    return costs_ms, segmentation_node


def _disc() -> np.ndarray:
    rows, columns = np.ogrid[:300, :300]
    return (np.hypot(rows - 149.5, columns - 149.5) <= RADIUS_PX)[None]


def _cost_ms(act: Callable[[], object]) -> float:
    start_ns = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - start_ns) / 1e6
