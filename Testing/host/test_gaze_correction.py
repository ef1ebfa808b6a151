"""A tracker that is off: the check, the correction that it gives, and the key for drift."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

OFF_PX = (110.0, -60.0)


class OffTracker:
    """Makes the pointer's gaze wrong, as a tracker's: shifted, and stretched about the middle."""

    def __init__(self, display):
        self.display, self.off_px, self.stretch, self.seen = display, (0.0, 0.0), 1.0, True

    def spoil(self, sample):
        from GazeSAMLib.frames import ScreenPoint
        from GazeSAMLib.gaze.sample import EyeSample

        at, middle = self.display.screen_from_display(sample.left.point_display), 800.0
        x_px = middle + self.stretch * (at.x_px - middle) + self.off_px[0]
        point = self.display.display_from_screen(ScreenPoint(x_px, at.y_px + self.off_px[1]))
        eye = EyeSample(point, valid=self.seen)
        return replace(sample, left=eye, right=eye)


@pytest.fixture
def tracker(a_reader, monkeypatch):
    from GazeSAMLib.hosts.slicer.feeds import PointerFeed
    from GazeSAMLib.hosts.slicer.monitors import tracked_monitor

    off, read = OffTracker(tracked_monitor().display), PointerFeed.read
    monkeypatch.setattr(PointerFeed, "read", lambda feed: [off.spoil(s) for s in read(feed)])
    return off


def overlap(reader, volume):
    import slicer.util

    reader.host.spin(until=lambda: "Added to" in reader.said, timeout_ms=20_000)
    accepted, truth = reader.voxels(), slicer.util.arrayFromVolume(volume)[32] > 100
    return 2 * (accepted[32] & truth).sum() / (accepted[32].sum() + truth.sum())


def point_at(reader, name="Red"):
    import slicer

    view = slicer.app.layoutManager().sliceWidget(name).sliceView()
    x, y = view.convertRASToXYZ((0.0, 0.0, 0.0))[:2]
    width, height, _ = view.mrmlSliceNode().GetDimensions()
    reader.host.move_mouse(
        view, (x + 0.5) * view.width / width, (height - 0.5 - y) * view.height / height
    )


def check(reader, host, count):
    """Look at each target with the pointer until the check is done."""
    import qt

    button = reader.ui.quickCheckButton if count == 5 else reader.ui.fullCheckButton
    button.click()
    while (running := reader.panel._gaze._accuracy._check) is not None:
        middle = running._ring.mapToGlobal(
            qt.QPoint(running._ring.width // 2, running._ring.height // 2)
        )
        qt.QCursor.setPos(middle.x(), middle.y())
        host.wait(50)


def test_the_key_for_drift_puts_the_gaze_on_the_pointer(a_reader, a_ball, tracker, tmp_path):
    from GazeSAMLib.gaze.recording_reader import read_recording
    from GazeSAMLib.signals.drift import DriftCorrection

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.ui.recordButton.click()
    tracker.off_px = OFF_PX
    point_at(a_reader)
    a_reader.host.wait(600)
    a_reader.host.press("d")
    assert "corrected until the end" in a_reader.said
    a_reader.accept()
    assert overlap(a_reader, a_ball) > 0.9
    a_reader.ui.startButton.click()
    (folder,) = tmp_path.glob("gaze-*")
    (event,) = [e for e in read_recording(folder).events if e.kind == "drift"]
    per_px_deg = 1.0 / tracker.display.screen_px_per_deg
    assert DriftCorrection.from_details(event.details).offset_deg == pytest.approx(
        np.multiply(OFF_PX, per_px_deg), rel=0.15
    )


def test_the_key_for_drift_says_when_the_eyes_are_elsewhere_or_lost(a_reader, a_ball, tracker):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    tracker.off_px = (700.0, 0.0)
    point_at(a_reader)
    a_reader.host.wait(600)
    a_reader.host.press("d")
    assert "degrees from the mark" in a_reader.said
    tracker.seen = False
    a_reader.host.wait(600)
    a_reader.host.press("d")
    assert "nothing was corrected" in a_reader.said
    assert a_reader.state == "running"


def test_nine_targets_correct_a_stretched_gaze_for_this_tracker_and_screen(
    a_reader, a_ball, tracker, a_host, tmp_path
):
    from GazeSAMLib.gaze.recording_header import Tracker
    from GazeSAMLib.gaze.recording_reader import read_recording
    from GazeSAMLib.hosts.slicer.corrections import Corrections

    tracker.off_px, tracker.stretch = (90.0, 40.0), 1.12
    check(a_reader, a_host, 9)
    told = a_reader.ui.accuracyStatusLabel.text
    for wanted in ("px) off", "SD", "% lost", "Picture"):
        assert wanted in told
    kept = Corrections(tracker.display, in_use=True)
    drift = kept.of(Tracker("pointer"))
    assert drift.affine_deg[0][0] == pytest.approx(1 / 1.12, abs=0.02)
    assert kept.of(Tracker("another")).is_identity
    assert Corrections(tracker.display, in_use=False).of(Tracker("pointer")).is_identity
    assert (
        Corrections(replace(tracker.display, width_px=800.0), in_use=True)
        .of(Tracker("pointer"))
        .is_identity
    )
    a_reader.ui.correctDriftButton.click()
    choice = a_reader.panel._gaze.choice()
    assert choice.accuracy_deg < 0.3 < a_reader.panel._gaze._accuracy.result.error_deg
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    assert overlap(a_reader, a_ball) > 0.9
    a_reader.ui.recordButton.click()
    a_reader.host.wait(100)
    a_reader.ui.startButton.click()
    (folder,) = tmp_path.glob("gaze-*")
    recording = read_recording(folder)
    assert recording.events[0].kind == "drift"
    assert recording.events[0].details == drift.to_details()
    assert recording.header.offset_deg == drift.offset_deg


def test_the_result_of_a_check_can_be_seen_as_a_picture(a_reader, tracker, a_host, a_picture):
    from GazeSAMLib.hosts.slicer.settings import data_folder

    tracker.off_px = (24.0, 12.0)
    check(a_reader, a_host, 9)
    (path,) = (data_folder() / "accuracy").glob("pointer*.png")
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    for color in ((0xC0, 0x39, 0x2B), (0x1B, 0x6C, 0xA8), (0x2A, 0x9D, 0x5C)):
        assert (abs(pixels - color).sum(axis=2) < 30).sum() > 50, color
    row = a_reader.panel._gaze._accuracy
    a_reader.ui.accuracyStatusLabel.linkActivated.emit("picture")
    a_host.wait(100)
    assert row._window.is_shown
    row.release()
    assert row._window is None


def test_a_check_without_eyes_says_so_and_keeps_what_was_known(a_reader, tracker, a_host):
    tracker.seen = False
    check(a_reader, a_host, 5)
    assert "saw no eyes" in a_reader.said
    assert a_reader.ui.accuracyStatusLabel.text == "Not checked"
