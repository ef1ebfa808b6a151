"""What a gaze sample costs from the tracker to the prompt."""

import statistics
import time

import numpy as np

from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession
from GazeSAMLib.simulation.layout import arrange
from Testing.simulated_gaze import DISPLAY, simulate


def chain_us_median() -> float:
    """Return the median cost of a sample in `GazeSession`, microseconds; no segmenter.

    600 Hz, 0.2 degree of noise, fixations and saccades of 15 seconds all over the display,
    which shows one slice of a 512 x 512 x 300 scan.
    """
    samples = simulate(600.0, 0.2, fixations=40).samples()
    volume = VolumeGeometry((300, 512, 512), np.diag((-0.8, -0.8, 1.0, 1.0)))
    # One value for all voxels: the chain up to the prompt does not read them.
    voxels_kji = np.broadcast_to(np.int16(0), volume.shape_kji)
    scan = Scan(voxels_kji, volume, "empty", path=None, window=400.0, level=40.0)  # type: ignore[arg-type]
    session = GazeSession(volume, DISPLAY, Labelmap((1, 1, 1)))
    shown = arrange(scan, DISPLAY).reading
    session.handle(Event(samples[0].t_ns, EventKind.VIEW, shown.details()))
    costs_ns, requests = [], 0
    for sample in samples:
        start_ns = time.perf_counter_ns()
        reaction = session.add_sample(sample)
        costs_ns.append(time.perf_counter_ns() - start_ns)
        requests += reaction.request is not None
    if requests == 0:
        raise RuntimeError("no look reached the slice: nothing was measured")
    return statistics.median(costs_ns) / 1e3
