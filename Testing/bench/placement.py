"""What it costs to turn an accepted mask into voxels."""

import statistics
import time

import numpy as np

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.placement import place
from GazeSAMLib.segmentation.segment import Edit, new_segment

RADIUS_PX = 150.0
REPEATS = 25


def placement_ms() -> dict[str, float]:
    """Return the median cost of writing a disc of 300 pixels into a 512 x 512 x 300 segmentation.

    From the mask on the slice image to the changed labelmap, on an axial slice and on a plane
    that is tilted by 35 degrees and turned by 20.
    """
    volume = VolumeGeometry(
        (300, 512, 512),
        np.array([[-0.8, 0, 0, 204], [0, -0.8, 0, 204], [0, 0, 1, -150], [0, 0, 0, 1]]),
    )
    axial = SlicePlane(np.zeros(3), np.array((-1.0, 0.0, 0.0)), np.array((0.0, -1.0, 0.0)))
    tilt, turn = np.radians((35.0, 20.0))
    row = np.array((-np.cos(turn), np.sin(turn), 0.0))
    column = np.array((-np.sin(turn) * np.cos(tilt), -np.cos(turn) * np.cos(tilt), np.sin(tilt)))
    return {
        "placement_axis_ms_median": _median_ms(volume, axial),
        "placement_oblique_ms_median": _median_ms(volume, SlicePlane(np.zeros(3), row, column)),
    }


def _median_ms(volume: VolumeGeometry, plane: SlicePlane) -> float:
    grid = slice_grid(volume, plane)
    assert grid is not None
    height, width = grid.shape
    rows, columns = np.ogrid[:height, :width]
    mask = np.hypot(rows - height / 2, columns - width / 2) <= RADIUS_PX
    labelmap, segment = Labelmap(volume.shape_kji), new_segment(1)
    costs_ns = []
    for _ in range(REPEATS):
        start_ns = time.perf_counter_ns()
        labelmap.apply(Edit(segment, place(mask, grid, volume)))
        costs_ns.append(time.perf_counter_ns() - start_ns)
        labelmap.undo()
    labelmap.redo()
    if labelmap.labels_kji.sum() < 0.5 * mask.sum():
        raise RuntimeError("less was written than the mask holds")
    return statistics.median(costs_ns) / 1e6
