"""A recording to start from."""

import math

import pytest

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.sample import EyeSample, GazeSample


@pytest.fixture
def a_header() -> RecordingHeader:
    return RecordingHeader(
        display_left_px=-1920.0,
        display_top_px=0.0,
        display_width_px=1920.0,
        display_height_px=1080.0,
        display_width_mm=531.0,
        display_height_mm=299.0,
        distance_mm=650.0,
        tracker=Tracker("Tobii Pro Spectrum", "Spectrum", "TPSP1-010203040506", 600.0),
        scan_digest="0f" * 32,
        offset_deg=(0.25, -0.5),
        precision_rms_deg=0.21,
        created="2026-05-04T10:11:12+02:00",
        software_version="GazeSAM 0.1.0",
    )


@pytest.fixture
def some_samples() -> list[GazeSample]:
    """Every kind of eye: seen, seen without a pupil, lost, not delivered."""
    lost = EyeSample(DisplayPoint(math.nan, math.nan), False)
    return [
        GazeSample(
            t_ns=10**15 + i * 1_666_667,
            left=EyeSample(DisplayPoint(0.1 + i / 7, 1 / 3), True, 3.0 + i / 9),
            right=(EyeSample(DisplayPoint(-0.2, 1.1e-9), True), lost, None)[i % 3],
            device_t_ns=None if i % 4 == 0 else 12345 + i,
        )
        for i in range(12)
    ]


@pytest.fixture
def some_events() -> list[Event]:
    view = {
        "name": "Red",
        "visible": True,
        "rectangle_screen_px": [0, 24, 640, 512],
        "pixel_ratio": [1.5, 1.5024],
        "window": 350.0,
        "level": 40.0,
    }
    return [
        Event(10**15, EventKind.VIEW, view),
        Event(10**15 + 3_000_000, EventKind.ACCEPT),
        Event(10**15 + 3_000_000, EventKind.NEXT_SEGMENT, {"segment": "Leber\tü\n\u2028"}),
    ]
