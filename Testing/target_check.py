"""Recordings of an accuracy check of which the tracker's error is known.

``python -m Testing.target_check FOLDER`` records one with half a degree of error; the picture of
docs/trackers.md is made of it by ``gazesam accuracy FOLDER --picture PICTURE``.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.signals.accuracy import NINE_TARGETS
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.performance import Performance
from GazeSAMLib.simulation.planned import RecordingTaker, header_for
from Testing.recorded_scan import DISPLAY

LOOK_MS = 1900.0


def record_check(
    folder: Path,
    options: ReaderOptions,
    targets: Iterable[DisplayPoint] = NINE_TARGETS,
    *,
    elsewhere: Iterable[int] = (),
    seed: int = 0,
) -> Path:
    """Record a reader who looks at the targets; at those numbered `elsewhere`, far beside them."""
    with RecordingWriter(folder, header_for(DISPLAY, None, options)) as writer:
        take = RecordingTaker(writer)
        performance = Performance(DISPLAY, options, seed, take)
        performance.hold(500.0)
        for number, target in enumerate(targets):
            performance.press(EventKind.TARGET, x_display=target.x, y_display=target.y)
            beside = DisplayPoint(1.0 - target.x * 0.6, 0.3)
            performance.look_at(beside if number in set(elsewhere) else target)
            performance.hold(LOOK_MS)
        performance.press(EventKind.TARGET, visible=False)
        performance.hold(200.0)
        take.flush()
    return folder


if __name__ == "__main__":
    record_check(Path(sys.argv[1]), ReaderOptions(accuracy_deg=0.5), seed=2)
