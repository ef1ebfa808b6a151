# ruff: noqa: PT009 - Slicer runs it without pytest
"""The module's own test, inside Slicer: drives the panel and the views with Slicer's API alone.

It needs no download, and no eye tracker: the mouse pointer is moved by Qt.
"""

import os
import signal
import tempfile
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import qt
import slicer
import slicer.util

from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.hosts.slicer.journal_shelf import JournalShelf
from GazeSAMLib.hosts.slicer.session_run import RunState
from GazeSAMLib.hosts.slicer.settings import data_folder

READY_MS = 60_000
ANSWER_MS = 20_000
RADIUS_MM = 30.0
INSIDE, OUTSIDE = 180, 20
# A key means the look that began at least 200 ms before it.
REST_MS = 400


class Hands:
    """A ball in a box, the panel, and a hand on the pointer.

    Parameters
    ----------
    case : unittest.TestCase
        Fails where something does not happen in time.

    Raises
    ------
    unittest.SkipTest
        If the module lacks packages, or there is no window.
    """

    def __init__(self, case: unittest.TestCase) -> None:
        if slicer.app.layoutManager() is None:
            raise unittest.SkipTest("Slicer runs without its main window")
        self._case = case
        slicer.util.selectModule("GazeSAM")
        widget = slicer.util.getModuleWidget("GazeSAM")
        if widget.shell.panel is None:
            raise unittest.SkipTest("packages are missing: press Install in the module's panel")
        self.panel, self.ui = widget.shell.panel, widget.ui
        # The user's own journals are left alone.
        self._folder = tempfile.TemporaryDirectory(prefix="gazesam-test-")
        self.panel.session.shelf = JournalShelf(Path(self._folder.name))
        slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    def close(self) -> None:
        """End what is still running."""
        self.panel.session.stop()
        slicer.mrmlScene.Clear()
        self.panel.session.shelf = JournalShelf(data_folder() / "journals")
        self._folder.cleanup()

    def show_ball(self) -> "slicer.vtkMRMLScalarVolumeNode":
        """Show a bright ball in a noisy box."""
        k, j, i = np.mgrid[-32:33, -40:41, -36:37]
        inside = (2.0 * i) ** 2 + (2.0 * j) ** 2 + (2.5 * k) ** 2 < RADIUS_MM**2
        noise = np.random.default_rng(0).normal(0.0, 8.0, inside.shape)
        voxels = (np.where(inside, INSIDE, OUTSIDE) + noise).astype(np.int16)
        matrix = np.array([[-2.0, 0, 0, 72], [0, -2.0, 0, 80], [0, 0, 2.5, -80], [0, 0, 0, 1]])
        volume = slicer.util.addVolumeFromArray(voxels, ijkToRAS=matrix, name="Ball")
        volume.GetDisplayNode().SetAutoWindowLevel(False)
        volume.GetDisplayNode().SetWindowLevel(300.0, 100.0)
        slicer.util.setSliceViewerLayers(background=volume, fit=True)
        self.panel.choices.parameters.volume = volume
        return volume

    def start(self) -> None:
        """Press Start and wait until looking begins."""
        self.ui.sourceSelector.setCurrentIndex(0)
        self.ui.startButton.click()
        self.wait_for(lambda: self.panel.session.state is RunState.RUNNING, "Start", READY_MS)

    def press(self, kind: EventKind) -> None:
        """Do what a key does."""
        self.panel.session.press(kind)

    def look_at(self, ras: tuple[float, float, float], name: str) -> None:
        """Rest the pointer on a point until its structure is outlined."""
        view = slicer.app.layoutManager().sliceWidget(name).sliceView()
        self.wait_for(lambda: view.visible, f"the view {name}")
        self.wait(REST_MS)  # for the layout to settle
        x, y = view.convertRASToXYZ(list(ras))[:2]
        ratio = view.mrmlSliceNode().GetDimensions()[0] / view.width
        at = view.mapToGlobal(qt.QPoint(int(x / ratio), int(view.height - 1 - y / ratio)))
        qt.QCursor.setPos(at.x(), at.y())
        there = qt.QCursor.pos()
        # A fractional scaling rounds to the next pixel of the monitor.
        if max(abs(there.x() - at.x()), abs(there.y() - at.y())) > 1:
            raise unittest.SkipTest("the pointer cannot be moved here")
        self.wait_for(lambda: self.outlined() == name, f"an outline in {name}", ANSWER_MS)
        self.wait(REST_MS)

    def outlined(self) -> str | None:
        """Return the name of the view with an outline."""
        live = self.panel.session.run and self.panel.session.run.live
        look = live.outlined if live else None
        return None if look is None else look.hit.view.name

    def ball_slice(self, volume: "slicer.vtkMRMLScalarVolumeNode") -> np.ndarray:
        """Return where the ball is in its middle slice."""
        return slicer.util.arrayFromVolume(volume)[32] > 0.5 * (INSIDE + OUTSIDE)

    def segment_slice(self, volume: "slicer.vtkMRMLScalarVolumeNode") -> np.ndarray:
        """Return the current segment in the same slice."""
        parameters = self.panel.choices.parameters
        return slicer.util.arrayFromSegmentBinaryLabelmap(
            parameters.segmentation, parameters.segmentId, volume
        )[32]

    def wait_for(
        self, condition: Callable[[], object], what: str, timeout_ms: int = ANSWER_MS
    ) -> None:
        """Let Slicer go on until something holds."""
        deadline_s = time.monotonic() + 0.001 * timeout_ms
        while not condition():
            if time.monotonic() > deadline_s:
                said = self.ui.statusLabel.text
                self._case.fail(f"waited {timeout_ms} ms for {what}; the panel says: {said}")
            self.wait(20)

    def wait(self, duration_ms: int) -> None:
        """Let Slicer go on for a while."""
        loop = qt.QEventLoop()
        qt.QTimer.singleShot(duration_ms, loop.quit)
        loop.exec_()


@contextmanager
def bench(case: unittest.TestCase) -> "Iterator[Bench]":
    """Give a test its bench; at its end nothing is left running, whether it failed or not."""
    hands = Hands(case)
    try:
        yield Bench(case, hands)
    finally:
        hands.close()


class Bench:
    """The tests themselves.

    Parameters
    ----------
    case : unittest.TestCase
        Whose assertions are used.
    hands : Hands
        Does what a reader does.
    """

    def __init__(self, case: unittest.TestCase, hands: Hands) -> None:
        self._case, self._hands = case, hands

    def look_and_accept(self) -> None:
        """Rest the pointer on the ball, accept it, take it back, repeat it."""
        volume = self._hands.show_ball()
        self._hands.start()
        self._hands.look_at((0.0, 0.0, 0.0), "Red")
        self._hands.press(EventKind.ACCEPT)
        truth = self._hands.ball_slice(volume)
        self._case.assertGreater(_dice(self._hands.segment_slice(volume), truth), 0.9)
        self._hands.press(EventKind.UNDO)
        self._case.assertEqual(self._hands.segment_slice(volume).sum(), 0)
        self._hands.press(EventKind.REDO)
        self._case.assertGreater(_dice(self._hands.segment_slice(volume), truth), 0.9)

    def change_everything(self) -> None:
        """Change slice, window, layout and scene under a shown outline: it always goes."""
        display = self._hands.show_ball().GetDisplayNode()
        self._hands.start()
        manager = slicer.app.layoutManager()
        for change in (
            lambda: self._hands.press(EventKind.NEXT_SLICE),
            lambda: display.SetWindowLevel(280.0, 110.0),
            lambda: manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpYellowSliceView),
        ):
            self._hands.look_at((0.0, 0.0, 0.0), "Red")
            change()
            self._hands.wait_for(lambda: self._hands.outlined() is None, "the outline to go")
        manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        self._hands.look_at((0.0, 0.0, 0.0), "Green")
        slicer.mrmlScene.Clear()
        self._case.assertIs(self._hands.panel.session.state, RunState.IDLE)
        self._case.assertIn("closed", self._hands.ui.statusLabel.text)

    def kill_the_worker(self) -> None:
        """Kill the engine process in the middle of a session; the next look is answered."""
        volume = self._hands.show_ball()
        self._hands.start()
        self._hands.look_at((0.0, 0.0, 0.0), "Red")
        self._hands.press(EventKind.ACCEPT)
        os.kill(self._hands.panel.session.run.room.pid, signal.SIGTERM)
        self._hands.wait_for(
            lambda: "started again" in self._hands.ui.statusLabel.text, "the note of the loss"
        )
        self._case.assertGreater(self._hands.segment_slice(volume).sum(), 0)
        self._hands.look_at((0.0, 0.0, 0.0), "Yellow")

    def give_bad_input(self) -> None:
        """Press Start without a volume, and with one that cannot be segmented."""
        button, label = self._hands.ui.startButton, self._hands.ui.statusLabel
        button.click()
        self._case.assertIn("no volume is chosen", label.text.lower())
        colours = np.zeros((4, 5, 6, 3), dtype=np.uint8)
        node = slicer.util.addVolumeFromArray(colours, nodeClassName="vtkMRMLVectorVolumeNode")
        self._hands.panel.choices.parameters.volume = node
        button.click()
        self._case.assertIn("3 values a voxel", label.text)
        volume = self._hands.show_ball()
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag((1, 1, 0, 1))))
        volume.SetAndObserveTransformNodeID(transform.GetID())
        button.click()
        self._case.assertIn("cannot be inverted", label.text)
        self._case.assertIs(self._hands.panel.session.state, RunState.IDLE)


def _dice(mask: np.ndarray, truth: np.ndarray) -> float:
    inside = mask > 0
    return 2.0 * float((inside & truth).sum()) / float(inside.sum() + truth.sum())
