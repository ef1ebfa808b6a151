"""The module in a window: opened, looked at, and driven by a real mouse and real keys."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from Testing.host.other_displays import passes_on_display

MODULE = Path(__file__).resolve().parents[2] / "GazeSAM" / "GazeSAM.py"
PICTURES = os.environ.get("GAZESAM_PICTURES")
INSIDE = 180


@pytest.fixture
def a_module(a_host, caplog):
    """The module's widget, its panel shown; nothing unexpected may happen in it."""
    yield a_host.load_module(MODULE)
    unexpected = [record for record in caplog.get_records("call") if record.exc_info]
    assert not unexpected, unexpected[0].exc_text


@pytest.fixture
def a_picture(a_host):
    """Return a function that keeps a picture of the window, where pictures are wanted."""

    def keep(name):
        a_host.wait(100)
        if PICTURES:
            a_host.window.grab().save(str(Path(PICTURES) / f"{name}.png"))

    return keep


@pytest.fixture
def a_ball(a_host):
    """A bright ball with a radius of 30 mm in a noisy box, shown in the slice views."""
    return show_ball()


def show_ball(name="Ball"):
    import slicer.util

    k, j, i = np.mgrid[-32:33, -40:41, -36:37]
    inside = (2.0 * i) ** 2 + (2.0 * j) ** 2 + (2.5 * k) ** 2 < 30.0**2
    noise = np.random.default_rng(0).normal(0.0, 8.0, inside.shape)
    voxels = (np.where(inside, INSIDE, 20) + noise).astype(np.int16)
    matrix = np.array([[-2.0, 0, 0, 72], [0, -2.0, 0, 80], [0, 0, 2.5, -80], [0, 0, 0, 1]])
    volume = slicer.util.addVolumeFromArray(voxels, ijkToRAS=matrix, name=name)
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevel(300.0, 100.0)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


class Reader:
    """A person at the panel: looks with the mouse, presses keys, reads what the panel says."""

    def __init__(self, host, widget):
        self.host, self.widget, self.ui = host, widget, widget.ui

    @property
    def panel(self):
        return self.widget.shell.panel

    @property
    def said(self):
        return self.ui.statusLabel.text

    @property
    def state(self):
        return self.panel.session.state.value

    @property
    def parameters(self):
        return self.panel.choices.parameters

    @property
    def look_shown(self):
        run = self.panel.session.run
        return None if run is None or run.live is None else run.live.outlined

    @property
    def outlined(self):
        return None if self.look_shown is None else self.look_shown.hit.view.name

    def scroll_to(self, widget):
        """Bring a part of the panel into view."""
        self.host.wait(50)
        self.host.window.moduleSelector().panel().ensureWidgetVisible(widget)
        self.host.wait(50)

    def start(self):
        self.ui.startButton.click()
        self.host.spin(until=lambda: self.state != "preparing", timeout_ms=60_000)
        assert self.state == "running", self.said

    def look(self, name="Red", ras=(0.0, 0.0, 0.0)):
        """Rest the pointer on a point until its structure is outlined, and a little longer."""
        import slicer

        view = slicer.app.layoutManager().sliceWidget(name).sliceView()
        x, y = view.convertRASToXYZ(ras)[:2]
        width, height, _ = view.mrmlSliceNode().GetDimensions()
        x_px, y_px = (x + 0.5) * view.width / width, (height - 0.5 - y) * view.height / height
        self.host.move_mouse(view, x_px, y_px)
        self.host.spin(until=lambda: self.outlined == name, timeout_ms=20_000)
        self.host.wait(350)

    def accept(self, name="Red", ras=(0.0, 0.0, 0.0)):
        self.look(name, ras)
        self.host.press("space")

    def voxels(self, segment_id=None):
        """Return the segment on the volume's grid."""
        import slicer.util

        node = self.parameters.segmentation
        segment_id = segment_id or self.parameters.segmentId
        array = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, self.parameters.volume)
        return np.zeros(1, bool) if array is None else array > 0


@pytest.fixture
def a_reader(a_host, a_module, tmp_path):
    """A reader without a past: no journals, and nothing written outside the test's folder."""
    from GazeSAMLib.hosts.slicer.journal_shelf import JournalShelf

    a_module.shell.panel.session.shelf = JournalShelf(tmp_path / "journals")
    a_module.ui.exportFolderEdit.currentPath = str(tmp_path)
    a_module.ui.recordFolderEdit.currentPath = str(tmp_path)
    return Reader(a_host, a_module)


def test_a_look_and_space_make_a_segment(a_reader, a_ball, a_picture):
    import slicer.util

    a_reader.parameters.volume = a_ball
    a_picture("panel-chosen")
    a_reader.start()
    a_picture("panel-running")
    a_reader.look()
    a_picture("outline")
    a_reader.host.press("space")
    truth = slicer.util.arrayFromVolume(a_ball)[32] > 100
    accepted = a_reader.voxels()
    assert 2 * (accepted[32] & truth).sum() / (accepted[32].sum() + truth.sum()) > 0.9
    assert not accepted[31].any()
    assert not accepted[33].any()
    assert "Added to 'Segment_1' and saved." in a_reader.said
    a_reader.host.wait(1800)
    a_picture("accepted")
    assert "ml" in a_reader.ui.segmentVolumesLabel.text
    assert ": 0.0 ml" not in a_reader.ui.segmentVolumesLabel.text


def test_keys_take_back_repeat_and_take_away(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    count = a_reader.voxels().sum()
    a_reader.host.press("z")
    assert a_reader.voxels().sum() == 0
    assert a_reader.said == "Taken back."
    a_reader.host.press("z")
    assert a_reader.said == "There is nothing to undo."
    a_reader.host.press("shift+z")
    assert a_reader.voxels().sum() == count
    a_reader.look("Red", (0.0, 70.0, 0.0))
    a_reader.look()
    a_reader.host.press("shift+space")
    assert a_reader.voxels().sum() == 0
    assert a_reader.said == "Taken from 'Segment_1' and saved."


def test_arrow_keys_turn_the_view_that_is_looked_at(a_reader, a_ball):
    import slicer

    a_reader.parameters.volume = a_ball
    a_reader.start()
    manager = slicer.app.layoutManager()

    def offsets():
        return [manager.sliceWidget(n).sliceLogic().GetSliceOffset() for n in ("Red", "Yellow")]

    red, yellow = offsets()
    a_reader.look("Yellow")
    a_reader.host.press("Down")
    assert offsets() == [red, pytest.approx(yellow - 2.0)]
    a_reader.host.spin(until=lambda: a_reader.outlined is None)
    a_reader.host.press("Up")
    assert offsets() == [red, pytest.approx(yellow)]


def test_tab_goes_to_a_new_segment_that_leaves_the_first_alone(a_reader, a_ball, a_picture):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    first = a_reader.voxels("Segment_1").copy()
    a_reader.host.press("Tab")
    assert a_reader.parameters.segmentId == "Segment_2"
    assert a_reader.ui.segmentsTable.selectedSegmentIDs() == ("Segment_2",)
    a_reader.look("Red", (0.0, 70.0, 0.0))
    a_reader.accept("Yellow")
    assert (a_reader.voxels("Segment_1") == first).all()
    assert a_reader.voxels("Segment_2").any()
    assert not (a_reader.voxels("Segment_1") & a_reader.voxels("Segment_2")).any()
    a_picture("two-segments")
    a_reader.host.press("shift+Tab")
    assert a_reader.parameters.segmentId == "Segment_1"


def test_escape_clears_the_outline_until_the_next_look(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    a_reader.host.press("Escape")
    assert a_reader.outlined is None
    a_reader.host.wait(200)
    assert a_reader.outlined is None
    a_reader.host.press("space")
    assert "Nothing to accept" in a_reader.said


def test_f_pauses_and_goes_on(a_reader, a_ball, a_picture):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    a_reader.host.press("f")
    assert (a_reader.state, a_reader.outlined) == ("paused", None)
    a_picture("paused")
    a_reader.host.press("space")
    assert a_reader.said == "Paused."
    a_reader.host.press("f")
    assert a_reader.state == "running"
    a_reader.accept("Green")
    assert a_reader.voxels().any()


def test_keys_type_text_where_there_is_no_session(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    edit = a_reader.ui.exportFolderEdit
    a_reader.scroll_to(edit)
    a_reader.host.click(edit)
    a_reader.host.press("End")
    a_reader.host.type("znb ")
    assert edit.currentPath.endswith("znb ")
    a_reader.start()
    a_reader.scroll_to(edit)
    a_reader.host.click(edit)
    a_reader.host.press("End")
    a_reader.host.type("fz ")
    assert edit.currentPath.endswith("znb fz ")
    assert a_reader.state == "running"


def actors_in_views():
    import slicer

    manager = slicer.app.layoutManager()
    views = [manager.sliceWidget(name).sliceView() for name in manager.sliceViewNames()]
    return [v.renderWindow().GetRenderers().GetFirstRenderer().GetViewProps().GetNumberOfItems()
            for v in views]  # fmt: skip


def test_a_new_window_asks_anew(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    a_ball.GetDisplayNode().SetWindowLevel(200.0, 90.0)
    a_reader.host.spin(until=lambda: a_reader.look_shown.hit.view.window == 200.0)
    assert a_reader.look_shown.hit.view.level == 90.0


def test_nothing_stale_is_left_by_slice_layout_and_scene(a_reader, a_ball, a_picture):
    before = actors_in_views()
    a_reader.parameters.volume = a_ball
    a_reader.start()
    for change in (
        lambda: a_reader.host.press("Down"),
        lambda: a_reader.host.show_layout("OneUpYellowSlice"),
    ):
        a_reader.look()
        change()
        a_reader.host.spin(until=lambda: a_reader.outlined is None)
        a_reader.host.wait(50)
    a_picture("one-up")
    a_reader.host.show_layout("FourUp")
    a_reader.look("Green")
    a_reader.host.close_scene()
    assert a_reader.state == "idle"
    assert a_reader.said == "The scene was closed."
    assert actors_in_views() == before
    a_picture("scene-closed")
    a_reader.parameters.volume = show_ball("Another")
    a_reader.start()
    a_reader.accept()
    assert a_reader.voxels().any()


def test_a_moved_window_needs_no_restart(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    a_reader.host.window.setGeometry(140, 80, 1300, 860)
    a_reader.host.wait(300)
    a_reader.accept("Red", (10.0, 5.0, 0.0))
    accepted = a_reader.voxels()
    assert accepted[32].sum() > 500
    assert accepted.sum() == accepted[32].sum()


def test_the_panel_opens_without_the_packages_and_installs_them(a_host, monkeypatch, a_picture):
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "GazeSAMLib"]:
        monkeypatch.delitem(sys.modules, name)
    a_host.packages.hide(OneEuroFilter="OneEuroFilter", scipy="scipy")
    widget = a_host.load_module(MODULE)
    a_picture("packages-missing")
    assert widget.shell.panel is None
    assert "OneEuroFilter" in widget.ui.setupLabel.text
    assert "scipy" in widget.ui.setupLabel.text
    assert not widget.ui.startButton.visible
    a_host.packages.error = RuntimeError("no network")
    a_host.click(widget.ui.installButton)
    assert "no network" in widget.ui.setupLabel.text
    assert widget.shell.panel is None
    a_host.click(widget.ui.installButton)
    assert sorted(name.split(">")[0] for name in a_host.packages.installed) == [
        "OneEuroFilter",
        "scipy",
    ]
    assert widget.shell.panel is not None
    assert widget.ui.startButton.visible
    assert not widget.ui.setupFrame.visible


def test_exports_are_whole_files_that_never_overwrite(a_reader, a_ball, tmp_path):
    import SimpleITK
    import slicerio

    a_reader.parameters.volume = a_ball
    a_reader.ui.exportNrrdButton.click()
    assert "no segmentation yet" in a_reader.said
    a_reader.start()
    a_reader.accept()
    a_reader.host.click(a_reader.ui.pauseButton)
    for _ in range(2):
        a_reader.ui.exportNrrdButton.click()
    assert a_reader.said == f"Written: {tmp_path / 'Ball segmentation 2.seg.nrrd'}"
    written = slicerio.read_segmentation(str(tmp_path / "Ball segmentation.seg.nrrd"))
    assert [segment["name"] for segment in written["segments"]] == ["Segment_1"]
    a_reader.ui.exportNiftiButton.click()
    labels = SimpleITK.ReadImage(str(tmp_path / "Ball segmentation.nii.gz"))
    truth = a_reader.voxels()
    assert (SimpleITK.GetArrayFromImage(labels) > 0).sum() == truth.sum()


def test_work_lost_in_a_crash_is_offered_and_restored(a_reader, a_ball, a_picture):
    import slicer

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    a_reader.host.press("Tab")
    a_reader.accept("Yellow")
    segmentation = a_reader.parameters.segmentation
    segmentation.GetSegmentation().GetSegment("Segment_1").SetName("Kidney")
    expected = {name: a_reader.voxels(name).copy() for name in ("Segment_1", "Segment_2")}
    a_reader.host.close_scene()  # as a crash: nothing was saved
    volume = show_ball("The same scan under another name")
    a_reader.parameters.volume = volume
    a_reader.ui.startButton.click()
    a_reader.host.spin(until=lambda: a_reader.state == "asking", timeout_ms=60_000)
    assert "2 steps" in a_reader.said
    a_picture("restore-offered")
    a_reader.ui.restoreButton.click()
    assert a_reader.state == "running"
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    for name, voxels in expected.items():
        assert (a_reader.voxels(name) == voxels).all()
    restored = a_reader.parameters.segmentation.GetSegmentation()
    assert restored.GetSegment("Segment_1").GetName() == "Kidney"
    a_reader.ui.startButton.click()
    a_reader.start()  # asks nothing: the scene holds it


def test_work_set_aside_is_not_offered_again(a_reader, a_ball, tmp_path):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    a_reader.host.close_scene()
    a_reader.parameters.volume = show_ball()
    a_reader.ui.startButton.click()
    a_reader.host.spin(until=lambda: a_reader.state == "asking", timeout_ms=60_000)
    a_reader.ui.setAsideButton.click()
    assert a_reader.state == "running"
    assert list((tmp_path / "journals" / "set-aside").glob("*/*/journal.jsonl"))
    a_reader.ui.startButton.click()
    a_reader.start()


def test_a_killed_engine_process_comes_back(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    accepted = a_reader.voxels().copy()
    first = a_reader.panel.session.run.room.pid
    os.kill(first, signal.SIGKILL)
    a_reader.host.spin(until=lambda: "was started again" in a_reader.said, timeout_ms=20_000)
    assert "What you accepted is not touched." in a_reader.said
    a_reader.look("Yellow")
    assert a_reader.panel.session.run.room.pid not in (0, first)
    assert (a_reader.voxels() == accepted).all()


def test_a_full_disk_stops_no_work(a_reader, a_ball, tmp_path):
    from Testing.full_disk import limited_file_size

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    (journal,) = (tmp_path / "journals").glob("*/*/journal.jsonl")
    with limited_file_size(journal.stat().st_size + 10):
        a_reader.host.press("space")
    assert "could not be saved" in a_reader.said
    assert "free some disk space" in a_reader.said
    assert not a_reader.voxels().any()
    a_reader.look("Yellow")
    a_reader.accept("Red")
    assert a_reader.voxels().any()


def test_bad_input_gets_one_clear_sentence(a_reader, a_host):
    import slicer.util

    a_reader.ui.startButton.click()
    assert a_reader.said == "No volume is chosen: load a CT or MR scan and choose it."
    colours = np.zeros((4, 5, 6, 3), dtype=np.uint8)
    a_reader.parameters.volume = slicer.util.addVolumeFromArray(
        colours, name="photo", nodeClassName="vtkMRMLVectorVolumeNode"
    )
    a_reader.ui.startButton.click()
    assert "'photo' has 3 values a voxel" in a_reader.said
    volume = show_ball()
    a_reader.parameters.volume = volume
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "flat")
    transform.SetMatrixTransformToParent(
        slicer.util.vtkMatrixFromArray(np.diag((1.0, 1.0, 0.0, 1.0)))
    )
    volume.SetAndObserveTransformNodeID(transform.GetID())
    a_reader.ui.startButton.click()
    assert "under the transform 'flat', which cannot be inverted" in a_reader.said
    assert a_reader.state == "idle"


def test_the_session_ends_with_its_volume(a_reader, a_ball):
    import slicer

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    segmentation = a_reader.parameters.segmentation
    slicer.mrmlScene.RemoveNode(a_ball)
    a_reader.host.spin(until=lambda: a_reader.state == "idle")
    assert a_reader.said == "The volume was deleted; what you accepted is kept."
    assert slicer.mrmlScene.IsNodePresent(segmentation)
    volume = show_ball()
    a_reader.parameters.volume, a_reader.parameters.segmentation = volume, None
    a_reader.start()
    volume.GetImageData().GetPointData().GetScalars().Modified()
    volume.GetImageData().Modified()
    a_reader.host.spin(until=lambda: a_reader.state == "idle")
    assert "The volume has changed: press Start" in a_reader.said


def test_a_hidden_or_deleted_segmentation_takes_nothing(a_reader, a_ball):
    import slicer

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    segmentation = a_reader.parameters.segmentation
    segmentation.GetDisplayNode().SetVisibility(False)
    a_reader.host.press("space")
    assert "is hidden: show it to go on" in a_reader.said
    segmentation.GetDisplayNode().SetVisibility(True)
    a_reader.host.press("space")
    assert a_reader.voxels().any()
    slicer.mrmlScene.RemoveNode(segmentation)
    a_reader.host.spin(until=lambda: a_reader.state == "idle")
    assert "The segmentation was deleted" in a_reader.said
    a_reader.ui.startButton.click()
    a_reader.host.spin(until=lambda: a_reader.state == "asking", timeout_ms=60_000)


def test_another_module_gets_its_keys_back(a_reader, a_ball):
    import slicer.util

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    slicer.util.selectModule("")
    a_reader.host.spin()
    assert (a_reader.state, a_reader.outlined) == ("paused", None)
    slicer.util.selectModule("GazeSAM")
    a_reader.host.spin()
    assert a_reader.state == "running"
    a_reader.accept("Green")
    assert a_reader.voxels().any()


def test_a_reload_leaves_nothing_behind(a_host, a_reader, a_ball):
    import slicer.util

    before = actors_in_views()
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    pid = a_reader.panel.session.run.room.pid
    segmentation = a_reader.parameters.segmentation
    slicer.util.reloadScriptedModule("GazeSAM")
    slicer.mrmlScene.RemoveNode(segmentation)
    a_host.spin()
    assert actors_in_views() == before
    a_host.spin(until=lambda: not Path(f"/proc/{pid}").exists(), timeout_ms=10_000)
    again = Reader(a_host, slicer.modules.GazeSAMWidget)
    assert again.panel is not None
    assert again.parameters.volume is a_ball


def test_the_module_tests_itself(a_host, a_module):
    a_host.run_module_tests("GazeSAM")


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


def test_a_key_can_be_changed_but_not_taken_twice(a_reader, a_ball, a_picture):
    a_reader.ui.keysSection.collapsed = False
    a_host = a_reader.host
    a_host.spin()
    edits = {key.kind.value: edit for key, edit in a_reader.panel._keys._edits}
    a_reader.scroll_to(edits["accept"])
    a_picture("keys")
    a_host.click(edits["accept"])
    a_host.press("z")
    a_host.wait(1200)
    assert "The key Z is that of 'Undo'" in a_reader.said
    assert edits["accept"].keySequence.toString() == "Space"
    a_host.click(edits["accept"])
    a_host.press("a")
    a_host.wait(1200)
    assert "<b>A</b>" in a_reader.ui.keysSummaryLabel.text
    a_reader.ui.keysSection.collapsed = True
    a_reader.parameters.volume = a_ball
    a_reader.start()
    assert "A accepts its outline" in a_reader.said
    a_reader.look()
    a_host.press("space")
    assert not a_reader.voxels().any()
    a_host.press("a")
    assert a_reader.voxels().any()
    a_reader.ui.resetKeysButton.click()
    assert edits["accept"].keySequence.toString() == "Space"


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


@pytest.mark.usefixtures("running_host")
@pytest.mark.parametrize("factors", [(1.5,), (1.0, 1.5)], ids=str)
def test_looking_works_on_other_displays(factors):
    passes_on_display(Path(__file__).with_name("module_on_monitors.py"), *factors)


def test_saved_work_is_not_offered_again(a_reader, a_ball, tmp_path):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    a_reader.ui.startButton.click()
    node = a_reader.parameters.segmentation
    node.AddDefaultStorageNode()
    node.GetStorageNode().SetFileName(str(tmp_path / "saved.seg.nrrd"))
    assert node.GetStorageNode().WriteData(node)
    assert list((tmp_path / "journals").glob("*"))
    a_reader.host.close_scene()
    assert not list((tmp_path / "journals").glob("*"))
    a_reader.parameters.volume = show_ball()
    a_reader.start()  # asks nothing


def bend(volume, mm=8.0):
    """Put a volume under a transform that shifts points along R, the more the higher they lie."""
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    field = vtk.vtkImageData()
    field.SetOrigin(-120.0, -120.0, -120.0)
    field.SetSpacing(12.0, 12.0, 12.0)
    field.SetDimensions(21, 21, 21)
    s = np.indices((21, 21, 21))[0] * 12.0 - 120.0
    shift = np.stack((mm * np.sin(s / 25.0), 0 * s, 0 * s), axis=-1).reshape(-1, 3)
    field.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(shift), deep=True))
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(field)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", "bent")
    node.SetAndObserveTransformToParent(transform)
    volume.SetAndObserveTransformNodeID(node.GetID())
    return node


def test_a_bent_volume_is_segmented_as_it_is_shown(a_reader, a_ball, a_picture):
    import slicer.util

    bend(a_ball)
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept("Green")
    a_picture("bent")
    accepted, truth = a_reader.voxels().copy(), slicer.util.arrayFromVolume(a_ball) > 100
    plane = truth[:, 40]
    found = accepted.any(axis=1)
    assert 2 * (found & plane).sum() / (found.sum() + plane.sum()) > 0.9
    assert (accepted & ~truth).sum() < 0.1 * accepted.sum()
    a_reader.host.press("z")
    assert not a_reader.voxels().any()
    a_reader.host.press("shift+z")
    assert (a_reader.voxels() == accepted).all()
    a_reader.host.close_scene()
    volume = show_ball()
    bend(volume)
    a_reader.parameters.volume = volume
    a_reader.ui.startButton.click()
    a_reader.host.spin(until=lambda: a_reader.state == "asking", timeout_ms=60_000)
    a_reader.ui.restoreButton.click()
    assert (a_reader.voxels() == accepted).all()


def test_a_volume_that_is_moved_keeps_its_segments_and_the_session(a_reader, a_ball):
    import slicer
    import slicer.util

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, 3] = (12.0, -9.0, 5.0)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    a_ball.SetAndObserveTransformNodeID(transform.GetID())
    a_reader.host.spin(
        until=lambda: a_reader.parameters.segmentation.GetTransformNodeID() == transform.GetID()
    )
    a_reader.accept("Yellow", (12.0, -9.0, 5.0))
    accepted, truth = a_reader.voxels(), slicer.util.arrayFromVolume(a_ball) > 100
    assert (accepted & truth).sum() > 0.9 * accepted.sum()
    bend(a_ball)
    a_reader.host.spin(until=lambda: a_reader.state == "idle")
    assert "The volume was moved" in a_reader.said


def test_a_neighbour_loses_voxels_only_where_that_is_wanted(a_reader, a_ball):
    from GazeSAMLib.hosts.slicer.edit_rules import Overwrite

    selector = a_reader.ui.overwriteSelector
    assert selector.count == len(Overwrite)
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    first = a_reader.voxels("Segment_1").copy()
    a_reader.host.press("Tab")
    a_reader.look("Red", (0.0, 70.0, 0.0))
    a_reader.accept()
    assert "belong to other segments" in a_reader.said
    assert (a_reader.voxels("Segment_1") == first).all()
    selector.setCurrentIndex(list(Overwrite).index(Overwrite.ALL))
    assert a_reader.parameters.overwrite == "all"
    a_reader.look("Red", (0.0, 70.0, 0.0))
    a_reader.accept()
    assert (a_reader.voxels("Segment_2") == first).all()
    assert not a_reader.voxels("Segment_1").any()
    a_reader.host.press("z")
    assert (a_reader.voxels("Segment_1") == first).all()


def test_a_panel_that_cannot_be_built_says_why(a_host, monkeypatch):
    from GazeSAMLib.hosts.slicer.panel import panel

    def broken(_ui, _logic):
        raise ValueError("on purpose")

    monkeypatch.setattr(panel, "Panel", broken)
    widget = a_host.load_module(MODULE)
    assert "ValueError: on purpose" in widget.ui.setupLabel.text
    assert not widget.ui.installButton.visible
    assert not widget.ui.startButton.visible
