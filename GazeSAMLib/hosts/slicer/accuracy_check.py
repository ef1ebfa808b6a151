"""The accuracy check: targets on the tracked monitor, one after the other."""

from collections.abc import Callable

import qt

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.accuracy import Checked, checked, target_gaze, targets
from GazeSAMLib.hosts.slicer.feeds import Feed
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.signals.validity import merged_eyes

TICK_MS = 16
# The eye needs some time to get to a target, and rests on it then.
SETTLE_NS = 1_200_000_000
LOOK_NS = 800_000_000
RING_PX, DOT_PX = 25, 7


class AccuracyCheck:
    """Shows targets on the tracked monitor and compares the gaze with them.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    feed : Feed
        Where gaze comes from.
    done : callable
        Called at the end with what was found; with None if it was broken off or no eyes were seen.
    guard : Guard
        For slots.
    """

    def __init__(
        self,
        display: DisplayGeometry,
        feed: Feed,
        done: Callable[[Checked | None], None],
        guard: Guard,
    ) -> None:
        self._display, self._feed, self._done = display, feed, done
        self._targets: list[DisplayPoint] = []
        self._looks: list[tuple[DisplayPoint, list[DisplayPoint | None]]] = []
        self._shown_ns = 0
        self._before = qt.QApplication.activeWindow()
        self._window = _black_window(display)
        self._ring = _square(self._window, RING_PX, "white")
        _square(self._ring, DOT_PX, "black").move((RING_PX - DOT_PX) // 2, (RING_PX - DOT_PX) // 2)
        escape = qt.QShortcut(qt.QKeySequence("Esc"), self._window)
        escape.connect("activated()", guard(self.stop))
        self._timer = qt.QTimer()
        self._timer.setTimerType(qt.Qt.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.connect("timeout()", guard(self._tick))

    def start(self, count: int) -> None:
        """Show `count` targets, 5 or 9."""
        self._targets = list(targets(count))
        self._feed.start()
        self._window.show()
        self._window.activateWindow()
        self._next()
        self._timer.start()

    def stop(self) -> None:
        """Break it off."""
        if self._close():
            self._done(None)

    def _close(self) -> bool:
        """Take the targets away; false where that was done before."""
        if self._window is None:
            return False
        self._timer.stop()
        self._timer.deleteLater()
        self._feed.stop()
        self._window.hide()
        # Not at once with its Python object: its own Esc key may be closing it.
        qt.QTimer.singleShot(0, self._window.deleteLater)
        self._window = None
        if self._before is not None:
            self._before.activateWindow()
        return True

    def _next(self) -> None:
        target = self._targets.pop(0)
        at = self._display.screen_from_display(target)
        left = round(at.x_px - self._display.left_px - 0.5 * RING_PX)
        top = round(at.y_px - self._display.top_px - 0.5 * RING_PX)
        self._ring.move(left, top)
        self._looks.append((target, []))
        self._shown_ns = self._feed.now_ns()

    def _tick(self) -> None:
        for item in self._feed.read():
            if isinstance(item, GazeSample) and item.t_ns - self._shown_ns >= SETTLE_NS:
                self._looks[-1][1].append(merged_eyes(item))
        if self._feed.now_ns() - self._shown_ns < SETTLE_NS + LOOK_NS:
            return
        if self._targets:
            self._next()
        elif self._close():
            gazes = [target_gaze(*look, self._display) for look in self._looks]
            try:
                found = checked(gazes, self._display)
            except RecordingError:
                self._done(None)
                raise
            self._done(found)


def _black_window(display: DisplayGeometry) -> "qt.QWidget":
    window = qt.QWidget()
    window.setWindowFlags(qt.Qt.Window | qt.Qt.FramelessWindowHint | qt.Qt.WindowStaysOnTopHint)
    window.setStyleSheet("background-color: black")
    window.setGeometry(
        round(display.left_px),
        round(display.top_px),
        round(display.width_px),
        round(display.height_px),
    )
    return window


def _square(parent: "qt.QWidget", side_px: int, color: str) -> "qt.QFrame":
    square = qt.QFrame(parent)
    square.setStyleSheet(f"background-color: {color}")
    square.resize(side_px, side_px)
    return square
