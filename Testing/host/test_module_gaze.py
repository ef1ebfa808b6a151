"""Gaze in the module: recorded, replayed, measured, lost, and drawn."""

import numpy as np
import pytest


def test_gaze_is_recorded_when_asked_and_replays_to_the_same_segment(
    a_reader, a_ball, tmp_path, a_picture
):
    import slicer

    from GazeSAMLib.gaze.recording_reader import read_recording

    a_reader.parameters.volume = a_ball
    a_reader.start()
    assert not list(tmp_path.glob("gaze-*"))
    a_reader.ui.recordSection.collapsed = False
    a_reader.ui.recordButton.click()
    a_picture("recording")
    assert str(tmp_path) in a_reader.ui.recordStatusLabel.text
    a_reader.accept()
    accepted = a_reader.voxels().copy()
    a_reader.ui.startButton.click()
    assert not a_reader.ui.recordButton.checked
    (folder,) = tmp_path.glob("gaze-*")
    recording = read_recording(folder)
    assert recording.notes == ()
    assert recording.header.tracker.name == "pointer"
    assert len(recording.header.scan_digest) == 64
    assert [event.kind for event in recording.events].count("accept") == 1
    assert len(recording.samples) > 20
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(10.0)
    a_reader.parameters.segmentation = None
    a_reader.ui.sourceSelector.setCurrentIndex(a_reader.ui.sourceSelector.findData("replay"))
    a_reader.ui.replayFolderEdit.currentPath = str(folder)
    a_reader.host.move_mouse(a_reader.host.window, 5, 5)
    a_reader.start()
    a_reader.host.spin(until=lambda: "Added to" in a_reader.said, timeout_ms=20_000)
    assert (a_reader.voxels() == accepted).all()
    a_picture("replay")
    assert slicer.app.layoutManager().sliceWidget(
        "Red"
    ).sliceLogic().GetSliceOffset() == pytest.approx(0.0)
    a_reader.ui.startButton.click()
    a_reader.ui.sourceSelector.setCurrentIndex(0)


def test_a_missing_recording_is_told_and_nothing_starts(a_reader, a_ball, tmp_path):
    a_reader.parameters.volume = a_ball
    a_reader.ui.sourceSelector.setCurrentIndex(a_reader.ui.sourceSelector.findData("replay"))
    a_reader.ui.replayFolderEdit.currentPath = str(tmp_path / "nowhere")
    a_reader.ui.startButton.click()
    assert "there is no such folder" in a_reader.said
    assert a_reader.state == "idle"
    a_reader.ui.sourceSelector.setCurrentIndex(0)


def test_a_long_look_accepts_where_that_is_wanted(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.parameters.dwellMs = 600.0
    a_reader.start()
    a_reader.look()
    a_reader.host.wait(800)
    assert not a_reader.voxels().any()
    a_reader.parameters.dwell = True
    a_reader.host.spin(until=lambda: "Added to" in a_reader.said)
    count = a_reader.voxels().sum()
    a_reader.host.wait(900)
    assert a_reader.voxels().sum() == count  # once a look


def test_an_accuracy_check_tells_degrees_and_corrects(a_reader, a_host, a_picture):
    import qt

    from GazeSAMLib.hosts.slicer import accuracy_check

    a_reader.scroll_to(a_reader.ui.quickCheckButton)
    a_reader.ui.quickCheckButton.click()
    check = a_reader.panel._gaze._accuracy._check
    seen = []
    while a_reader.panel._gaze._accuracy._check is not None:
        ring = check._ring
        middle = ring.mapToGlobal(qt.QPoint(ring.width // 2, ring.height // 2))
        if seen[-1:] != [middle]:
            seen.append(middle)
            qt.QCursor.setPos(middle.x() + 20, middle.y() - 10)
            if len(seen) == 2:
                a_picture("accuracy-target")
        a_host.wait(50)
    assert len(seen) == 5
    text = a_reader.ui.accuracyStatusLabel.text
    px_mm = a_reader.ui.monitorWidthSpinBox.value / a_host.app.screens()[0].geometry.width()
    expected = np.degrees(np.arctan(20 * px_mm / a_reader.ui.distanceSpinBox.value))
    x_deg = float(text.split("x ")[1].split("°")[0])
    y_deg = float(text.split("y ")[1].split("°")[0])
    assert x_deg == pytest.approx(expected, rel=0.1)
    assert y_deg == pytest.approx(-expected / 2, rel=0.15)
    a_picture("accuracy-checked")
    a_reader.ui.correctDriftButton.click()
    assert a_reader.panel._gaze.choice().offset_deg == pytest.approx((x_deg, y_deg), abs=0.006)
    assert accuracy_check.RING_PX % 2 == 1


def test_escape_breaks_an_accuracy_check_off(a_reader, a_host):
    a_reader.ui.fullCheckButton.click()
    a_host.wait(200)
    a_host.press("Escape")
    assert a_reader.panel._gaze._accuracy._check is None
    assert a_reader.ui.accuracyStatusLabel.text == "Not checked"


def test_a_lost_gaze_is_told_and_looking_goes_on(a_reader, a_ball, monkeypatch):
    from GazeSAMLib.gaze.sample import EyeSample, GazeSample
    from GazeSAMLib.hosts.slicer.feeds import PointerFeed

    lost, read = [False], PointerFeed.read

    def blinking(feed):
        samples = read(feed)
        if not lost[0]:
            return samples
        closed = EyeSample(samples[0].left.point_display, valid=False)
        return [GazeSample(sample.t_ns, closed, closed) for sample in samples]

    monkeypatch.setattr(PointerFeed, "read", blinking)
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    lost[0] = True
    a_reader.host.spin(
        until=lambda: "no valid gaze" in a_reader.ui.gazeStatusLabel.text, timeout_ms=5000
    )
    lost[0] = False
    a_reader.host.spin(
        until=lambda: "100 % valid" in a_reader.ui.gazeStatusLabel.text, timeout_ms=5000
    )
    a_reader.accept("Yellow")
    assert a_reader.voxels().any()


def test_the_gaze_is_drawn_only_where_that_is_wanted(a_reader, a_ball, a_picture):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    a_reader.host.press("Escape")
    a_reader.host.wait(100)
    plain = a_reader.host.pixels("Green").copy()
    a_reader.ui.optionsSection.collapsed = False
    a_reader.scroll_to(a_reader.ui.heatMapCheckBox)
    a_reader.host.click(a_reader.ui.trailCheckBox, 8)
    a_reader.host.click(a_reader.ui.heatMapCheckBox, 8)
    assert a_reader.parameters.showTrail
    assert a_reader.parameters.showHeatMap
    for place in ((0.0, 0.0, 0.0), (20.0, 0.0, 10.0), (-20.0, 0.0, 15.0)):
        a_reader.look("Green", place)
        a_reader.host.wait(500)
    a_reader.host.move_mouse(a_reader.host.view("Green"), 120, 200)
    a_reader.host.wait(80)
    a_picture("gaze-overlay")
    drawn = a_reader.host.pixels("Green")
    assert (drawn.astype(int) != plain).any(axis=2).sum() > 1000
    a_reader.parameters.showTrail = a_reader.parameters.showHeatMap = False
    a_reader.host.wait(100)
    a_reader.host.press("f")
    a_reader.host.wait(100)
    assert (a_reader.host.pixels("Green") == plain).mean() > 0.99
