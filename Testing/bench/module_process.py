"""The module in a window, measured; prints its numbers as JSON (see ``module.py``)."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from GazeSAMLib.signals.types import FixationPhase
from Testing.host import x_display
from Testing.host.requirements import what_is_missing

MODULE = Path(__file__).resolve().parents[2] / "GazeSAM" / "GazeSAM.py"
LOOKS = 60
IDLE_S = 5.0
TICK_NS, SAMPLE_NS = 16_000_000, 833_333
WARM_UP_TICKS, LONG_TICKS = 2_000, 37_500  # half a minute, ten minutes


def main() -> None:
    """Print the numbers, or ``{"skip": reason}``."""
    reason = what_is_missing()
    if reason is not None:
        sys.stdout.write(json.dumps({"skip": reason}) + "\n")
        return
    os.environ["QT_QPA_PLATFORM"] = "xcb"
    server = x_display.start_server()
    try:
        numbers = measured(long="--long" in sys.argv)
    finally:
        server.terminate()
    sys.stdout.write(json.dumps(numbers) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what Qt and VTK do at the end is not measured


def measured(*, long: bool) -> dict[str, float]:
    """Return all numbers."""
    from Testing.host.host import Host

    host = Host()
    host.begin()
    sys.executable = ""  # as inside Slicer
    os.environ["SLICER_HOME"] = str(host.app.slicerHome)  # where its Python is
    bench = Bench(host)
    numbers = {
        f"fixation_to_outline_ms_p95_{size}": bench.fixation_to_outline_ms(size)
        for size in (512, 1024)
    }
    numbers["session_idle_cpu_percent"] = bench.idle_cpu_percent()
    if long:
        numbers["session_1200hz_growth_mb"] = bench.growth_mb()
    return numbers


class Bench:
    """Runs sessions of the module.

    Parameters
    ----------
    host : Host
        The window.
    """

    def __init__(self, host: Any) -> None:
        self._host = host
        widget = host.load_module(MODULE)
        self._ui, self._panel = widget.ui, widget.shell.panel

    def fixation_to_outline_ms(self, size: int) -> float:
        """Return the 95th percentile from the detection of a fixation to its outline on screen."""
        began: dict[int, float] = {}
        shown: list[float] = []
        run = self._started(size)
        session, preview = run.live._parts.session, run.live._preview
        add_sample = session.add_sample

        def adding(sample: Any) -> Any:
            arrived = time.perf_counter()
            reaction = add_sample(sample)
            update = reaction.fixation
            if update is not None and update.phase is FixationPhase.STARTED:
                began[update.fixation.start_ns] = arrived
            return reaction

        def rendered(_caller: object, _event: str) -> None:
            look = preview.look
            if look is not None and look.start_ns in began:
                shown.append(1e3 * (time.perf_counter() - began.pop(look.start_ns)))

        session.add_sample = adding
        view = self._host.view("Red")
        view.renderWindow().AddObserver("EndEvent", rendered)
        rng = np.random.default_rng(0)
        while len(shown) < LOOKS:
            x, y = rng.uniform(0.3, 0.7, 2)
            seen = len(shown)
            self._host.move_mouse(view, x * view.width, y * view.height)
            deadline_s = time.monotonic() + 2.0
            while len(shown) == seen and time.monotonic() < deadline_s:
                self._wait(20)
        self._stopped()
        return float(np.percentile(shown[5:], 95))

    def idle_cpu_percent(self) -> float:
        """Return the processor time of a session in which nothing happens, over that of none."""
        self._host.move_mouse(self._host.window, 3, 3)
        before = self._cpu_s()
        self._started(512)
        self._wait(1000)
        during = self._cpu_s()
        self._stopped()
        return 100.0 * (during - before) / IDLE_S

    def growth_mb(self) -> float:
        """Return how much memory ten minutes of gaze at 1200 Hz add to the process."""
        run = self._started(512)
        run._timer.stop()
        feed = run._choices.feed
        fast = FastGaze(feed._display, self._host.view("Red"))
        feed.read, feed.now_ns = fast.read, fast.now_ns
        looks, send = [0], run.live.events._send

        def counting(request: Any) -> None:
            looks[0] += 1
            send(request)

        run.live.events._send = counting
        self._tick(run, WARM_UP_TICKS)
        before = _resident_bytes()
        self._tick(run, LONG_TICKS)
        grown = _resident_bytes() - before
        self._stopped()
        if looks[0] < WARM_UP_TICKS // 100:
            raise RuntimeError(f"ten minutes of gaze made only {looks[0]} looks")
        return grown / 1e6

    def _tick(self, run: Any, count: int) -> None:
        for _ in range(count):
            run._tick()
            self._host.spin()

    def _cpu_s(self) -> float:
        start = sum(os.times()[:2])
        self._wait(round(1000 * IDLE_S))
        return sum(os.times()[:2]) - start

    def _started(self, size: int) -> Any:
        self._host.close_scene()
        self._panel.choices.parameters.volume = _show_scan(size)
        self._ui.startButton.click()
        session = self._panel.session
        self._host.spin(until=lambda: session.state.value != "preparing", timeout_ms=120_000)
        if session.state.value != "running":
            raise RuntimeError(f"the session does not start: {self._ui.statusLabel.text}")
        return session.run

    def _stopped(self) -> None:
        self._panel.session.stop()

    def _wait(self, duration_ms: int) -> None:
        """Let Qt's own loop run, which sleeps while there is nothing to do."""
        import qt

        loop = qt.QEventLoop()
        qt.QTimer.singleShot(duration_ms, loop.quit)
        loop.exec_()


class FastGaze:
    """Gaze at 1200 Hz that wanders over a view, on a clock of its own.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    view : qMRMLSliceView
        Where it wanders.
    """

    def __init__(self, display: Any, view: Any) -> None:
        import qt

        corner = view.mapToGlobal(qt.QPoint(0, 0))
        self._display, self._size = display, (view.width, view.height)
        self._corner = (corner.x(), corner.y())
        self._rng = np.random.default_rng(1)
        self._now_ns = time.monotonic_ns()
        self._at = (0.5, 0.5)

    def now_ns(self) -> int:
        """Return the time now."""
        return self._now_ns

    def read(self) -> list[Any]:
        """Return the samples of one tick."""
        from GazeSAMLib.frames import DisplayPoint, ScreenPoint
        from GazeSAMLib.gaze.sample import EyeSample, GazeSample

        end_ns, samples = self._now_ns + TICK_NS, []
        if self._rng.random() < 0.05:
            self._at = tuple(self._rng.uniform(0.3, 0.7, 2))
        while self._now_ns + SAMPLE_NS <= end_ns:
            self._now_ns += SAMPLE_NS
            place = [
                corner + part * size
                for corner, part, size in zip(self._corner, self._at, self._size, strict=True)
            ]
            point = self._display.display_from_screen(ScreenPoint(*place))
            noise = self._rng.normal(0.0, 2e-3, 2)
            eye = EyeSample(DisplayPoint(point.x + noise[0], point.y + noise[1]), valid=True)
            samples.append(GazeSample(self._now_ns, eye, eye))
        self._now_ns = end_ns
        return samples


def _show_scan(size: int) -> Any:
    """Show a body with organs in it, `size` pixels wide."""
    import slicer.util

    y, x = np.ogrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    layer = np.where(np.hypot(x / 0.9, y / 0.7) < 1.0, 40.0, -1000.0)
    for at, radius, value in (((-0.3, 0.0), 0.3, 110.0), ((0.35, -0.1), 0.2, 160.0)):
        layer[np.hypot(x - at[0], y - at[1]) < radius] = value
    rng = np.random.default_rng(0)
    voxels = np.stack([layer + rng.normal(0.0, 12.0, layer.shape) for _ in range(8)])
    spacing = 400.0 / size
    matrix = np.diag((-spacing, -spacing, 3.0, 1.0))
    matrix[:3, 3] = (200.0, 200.0, 0.0)
    volume = slicer.util.addVolumeFromArray(voxels.astype(np.int16), ijkToRAS=matrix, name="Body")
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevel(400.0, 40.0)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


def _resident_bytes() -> int:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
