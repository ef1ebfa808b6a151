"""What it costs to carry a structure on to the next slice, and to fill between slices."""

import statistics
import time

import numpy as np

from GazeSAMLib.engines.registry import DEFAULT, FALLBACK, make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.fill_between import fill_between
from GazeSAMLib.segmentation.propagation import (
    PropagatedSlice,
    Propagation,
    PropagationSeed,
    StopReason,
)
from GazeSAMLib.segmentation.refinement import refined

SLICES, SIDE = 60, 512
VOLUME = VolumeGeometry(
    (SLICES, SIDE, SIDE),
    np.array([[-0.8, 0, 0, 204], [0, -0.8, 0, 204], [0, 0, 3, -88.5], [0, 0, 0, 1]]),
)
CONFIRMED_EVERY = 6
FILL_REPEATS = 3
STEPS = 12


def propagate_ms_per_slice_median() -> dict[str, float]:
    """Return the median cost of a slice of 512 x 512 of a liver-sized body, default engine."""
    voxels = _voxels()
    segmenter = Segmenter(make_engine(DEFAULT), voxels, VOLUME)
    plane = _plane(SLICES // 2)
    costs_ms, confidences = [], []
    for direction in (1, -1):
        seed = PropagationSeed(plane, _liver(SLICES // 2), 400.0, 40.0)
        running = Propagation(segmenter, VOLUME, seed, direction)
        for _ in range(STEPS):
            start = time.perf_counter()
            found = running.advance()
            costs_ms.append(1e3 * (time.perf_counter() - start))
            if isinstance(found, StopReason):
                raise RuntimeError(f"the propagation stopped: {found}")
            confidences.append(found.confidence)
    return {
        "propagate_ms_per_slice_median": statistics.median(costs_ms),
        "propagate_confidence_median": statistics.median(confidences),
    }


def fill_between_ms() -> dict[str, float]:
    """Return the median cost of filling a liver of 60 slices from every sixth, and of refining."""
    layers = [*range(0, SLICES, CONFIRMED_EVERY), SLICES - 1]
    confirmed = [PropagatedSlice(_plane(layer), _liver(layer), 1.0) for layer in layers]
    costs_ms = []
    for _ in range(FILL_REPEATS):
        start = time.perf_counter()
        filled = fill_between(VOLUME, confirmed)
        costs_ms.append(1e3 * (time.perf_counter() - start))
    if len(filled) != SLICES - len(layers):
        raise RuntimeError("a slice was left out")
    segmenter = Segmenter(make_engine(FALLBACK), _voxels(), VOLUME)
    refine_ms = []
    for made in filled:
        start = time.perf_counter()
        refined(segmenter, made, 400.0, 40.0)
        refine_ms.append(1e3 * (time.perf_counter() - start))
    return {
        "fill_between_ms": statistics.median(costs_ms),
        "refine_ms_per_slice_median": statistics.median(refine_ms),
    }


def _plane(layer: int) -> SlicePlane:
    origin = np.array((0.0, 0.0, 3.0 * layer - 88.5))
    return SlicePlane(origin, np.array((-1.0, 0.0, 0.0)), np.array((0.0, -1.0, 0.0)))


def _liver(layer: int) -> np.ndarray:
    """A body with a lobe to one side, largest in the middle slice."""
    rows, columns = np.ogrid[:SIDE, :SIDE]
    size = np.sqrt(max(0.0, 1.0 - ((layer - 29.5) / 36.0) ** 2))
    body = ((columns - 190.0) / (115.0 * size)) ** 2 + ((rows - 250.0) / (95.0 * size)) ** 2
    lobe = ((columns - 300.0) / (80.0 * size)) ** 2 + ((rows - 205.0) / (38.0 * size)) ** 2
    inside: np.ndarray = (body <= 1.0) | (lobe <= 1.0)
    return inside


def _voxels() -> np.ndarray:
    """A liver of 110 HU in fat and organs, noise of 15 HU, int16."""
    rng = np.random.default_rng(3)
    rows, columns = np.ogrid[:SIDE, :SIDE]
    trunk = ((columns - 256.0) / 220.0) ** 2 + ((rows - 256.0) / 170.0) ** 2 <= 1.0
    voxels = np.empty((SLICES, SIDE, SIDE), dtype=np.int16)
    for layer in range(SLICES):
        greys = np.where(trunk, 20.0, -1000.0)
        greys[_liver(layer)] = 110.0
        voxels[layer] = greys + rng.normal(0.0, 15.0, greys.shape)
    return voxels
