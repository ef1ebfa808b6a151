"""A small scan of ellipsoids, looks at it, and a recording of somebody who segments them."""

import numpy as np

from GazeSAMLib.engines.segmenter import SegmentRequest
from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice import SliceGeometry, SlicePlane
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.prompt_set import PromptSet

DISPLAY = DisplayGeometry(0, 0, 1920, 1080, 531, 299, 650)
VOLUME = VolumeGeometry((20, 48, 64), np.diag((2.0, 2.0, 3.0, 1.0)))
AXIAL = SlicePlane((0.0, 0.0, 30.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
OBLIQUE = SlicePlane((60.0, 50.0, 31.0), (-0.9, 0.1, 0.4), (0.05, -1.0, 0.2))
CENTRES_RAS = ((40.0, 30.0), (90.0, 35.0), (62.0, 70.0))


def phantom() -> np.ndarray:
    """Three ellipsoids of their own grey in noise, int16, shape of `VOLUME`."""
    k, j, i = np.indices(VOLUME.shape_kji)
    voxels = np.random.default_rng(7).normal(0.0, 4.0, VOLUME.shape_kji)
    for grey, (r, a) in zip((100, 150, 200), CENTRES_RAS, strict=True):
        inside = ((2 * i - r) / 22) ** 2 + ((2 * j - a) / 16) ** 2 + ((3 * k - 30) / 24) ** 2
        voxels[inside < 1.0] += grey
    return voxels.astype(np.int16)


def look(number: int, plane: SlicePlane = AXIAL, **prompts) -> SegmentRequest:
    """A request, by default a point in the second ellipsoid, a little elsewhere each time."""
    given = {"points_image_uv": [(16.0 + number % 5, 30.0)], "labels": [1], "sigma_px": 1.5}
    return SegmentRequest(number, plane, 256.0, 100.0, PromptSet(**(given | prompts)))


def view(tilt: float, s_mm: float) -> SliceView:
    """A view of 800 x 800 pixels with an axial slice, tilted about the reader's x axis."""
    matrix = np.eye(4)
    matrix[:3, 0] = (-0.25, 0.0, 0.0)
    matrix[:3, 1] = (0.0, 0.25 * np.cos(tilt), 0.25 * np.sin(tilt))
    matrix[:3, 2] = np.cross(matrix[:3, 0], matrix[:3, 1]) / 0.0625
    matrix[:3, 3] = np.array((64.0, 48.0, s_mm)) - matrix[:3, :3] @ (400.0, 400.0, 0.0)
    return SliceView(
        "Red", ViewLayout(100, 100, 800, 800, 800, 800), SliceGeometry(matrix), 256, 100
    )


def recording(slices: int = 4, tilt: float = 0.1) -> Recording:
    """Somebody goes through slices, every other one tilted, and accepts all three structures."""
    random = np.random.default_rng(3)
    events, samples, t_ns = [], [], 0
    for number in range(slices):
        shown = view(tilt * (number % 2), 21.0 + 4.5 * number)
        events.append(Event(t_ns, EventKind.VIEW, shown.details()))
        for structure, (r, a) in enumerate(CENTRES_RAS):
            aim = shown.geometry.view_from_point(LocalRasPoint(r, a, 0.0))
            at = DISPLAY.display_from_screen(shown.layout.screen_from_view(aim))
            for _ in range(40):
                x, y = random.normal((at.x, at.y), 0.0005)
                eye = EyeSample(type(at)(x, y), True)
                samples.append(GazeSample(t_ns, eye, eye))
                t_ns += 10_000_000
            details = {"segment": f"structure {structure}"}
            events.append(Event(t_ns, EventKind.NEXT_SEGMENT, details))
            events.append(Event(t_ns, EventKind.ACCEPT))
    header = RecordingHeader(0, 0, 1920, 1080, 531, 299, 650, Tracker("phantom"))
    return Recording(header, samples, events)
