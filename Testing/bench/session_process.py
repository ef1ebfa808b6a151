"""A whole session on a synthetic scan; prints its peak memory (see ``session.py``)."""

import json
import resource
import sys

import numpy as np

from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.frames import DisplayPoint, LocalRasPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession
from GazeSAMLib.simulation.layout import arrange

DISPLAY = DisplayGeometry(0.0, 0.0, 1920.0, 1080.0, 531.0, 299.0, 650.0)
SHAPE_KJI = (300, 512, 512)
TILT = np.radians(15.0)  # of the scan in the patient's space
SLICES_A_VIEW = 6
# The last one is oblique to the scan.
VIEWS = (("Red", True), ("Yellow", True), ("Green", True), ("Red", False))
LOOK_NS, SAMPLE_NS = 600_000_000, 8_333_333


def synthetic_scan() -> Scan:
    """Return a body with an organ in it, with noise; made layer by layer to need no more memory."""
    c, s = np.cos(TILT), np.sin(TILT)
    axes = np.array([[-1.0, 0.0, 0.0], [0.0, -c, s], [0.0, s, c]]) * (0.8, 0.8, 1.0)
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = -axes @ (np.array(SHAPE_KJI[::-1]) / 2)
    volume = VolumeGeometry(SHAPE_KJI, matrix)
    voxels_kji = np.empty(SHAPE_KJI, dtype=np.int16)
    noise = np.random.default_rng(0).normal(0.0, 12.0, (SHAPE_KJI[1], SHAPE_KJI[2]))
    y, x = np.ogrid[-256:256, -256:256]
    for k in range(SHAPE_KJI[0]):
        layer = np.where(np.hypot(x / 1.3, y) < 180.0, 40.0, -1000.0)
        layer[x**2 + y**2 + (2.0 * (k - 150)) ** 2 < 120.0**2] = 160.0
        voxels_kji[k] = layer + np.roll(noise, 37 * k)
    return Scan(voxels_kji, volume, "synthetic", None, "CT", 400.0, 40.0)  # type: ignore[arg-type]


def run_session(scan: Scan) -> int:
    """Look at the organ on slices of four orientations; return how many steps were accepted."""
    session = GazeSession(scan.volume, DISPLAY, Labelmap(scan.volume.shape_kji))
    segmenter = Segmenter(make_engine("region"), scan.voxels_kji, scan.volume)
    t_ns = accepted = 0
    for name, rotated in VIEWS:
        for mm in np.linspace(-30.0, 30.0, SLICES_A_VIEW):
            views = arrange(scan, DISPLAY, reading=name, rotated=rotated)
            target = LocalRasPoint(float(mm), float(mm), float(mm))
            view = views.at(target).reading
            session.handle(Event(t_ns, EventKind.VIEW, view.details()))
            on_screen = view.layout.screen_from_view(view.geometry.view_from_point(target))
            eye = EyeSample(DisplayPoint(*DISPLAY.display_from_screen(on_screen)), True)
            for _ in range(LOOK_NS // SAMPLE_NS):
                reaction = session.add_sample(GazeSample(t_ns, eye, eye))
                if reaction.request is not None:
                    session.receive(segmenter.answer(reaction.request))
                t_ns += SAMPLE_NS
            accepted += session.handle(Event(t_ns, EventKind.ACCEPT)).step is not None
    return accepted


def peak_bytes() -> int:
    """Return the most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    before = peak_bytes()
    steps = run_session(synthetic_scan())
    if steps < len(VIEWS) * SLICES_A_VIEW:
        raise SystemExit(f"only {steps} steps were accepted")
    sys.stdout.write(json.dumps({"peak_mb": (peak_bytes() - before) / 1e6}) + "\n")
