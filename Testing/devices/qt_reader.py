"""``python -m Testing.devices.qt_reader SOURCE PORT``: a feed as Slicer has it, in an event loop.

Qt stands behind the module ``qt`` as in the window host, and a precise timer of 16 ms reads.
Each line that it prints is JSON: ``{"samples": [...]}``, ``{"trouble": "..."}`` when that changes,
``{"threads": N}`` at the end of its input, and ``{"problems": [...]}`` last. A line that comes in
ends it.
"""

import json
import sys
import threading
import time
from dataclasses import astuple

from PySide6 import QtCore

from Testing.host import pythonqt, qt_module
from Testing.host.problems import PROBLEMS


def main(name: str, port: int) -> int:
    pythonqt.install()
    qt_module.install()
    import qt

    from GazeSAMLib.gaze.registry import make_source
    from GazeSAMLib.hosts.slicer.feeds import TrackerFeed
    from GazeSAMLib.hosts.slicer.feeds_tcp import QtLink

    app = QtCore.QCoreApplication([])
    options = {"port": port} if name in ("opengaze", "pupil") else {}
    if name == "opengaze":
        options["link"] = QtLink
    feed = TrackerFeed(make_source(name, **options), name)
    told = {"trouble": ""}

    def tick() -> None:
        samples = feed.read()
        if samples:
            read_ns = time.monotonic_ns()
            tell({"samples": [astuple(sample) for sample in samples], "read_ns": read_ns})
        if feed.trouble != told["trouble"]:
            told["trouble"] = feed.trouble
            tell({"trouble": feed.trouble})

    timer = qt.QTimer()
    timer.setTimerType(qt.Qt.PreciseTimer)
    timer.setInterval(16)
    timer.connect("timeout()", tick)
    ended = QtCore.QSocketNotifier(0, QtCore.QSocketNotifier.Type.Read)
    ended.activated.connect(app.quit)
    feed.start()
    timer.start()
    tell({"trouble": ""})
    app.exec()
    tell({"threads": threading.active_count(), "tracker": astuple(feed.tracker)})
    feed.stop()
    feed.stop()
    tell({"problems": PROBLEMS.take()})
    return 0


def tell(values: dict) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
