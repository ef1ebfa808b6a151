"""The module in a window: opened, looked at, and driven by a real mouse and real keys."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from Testing.host.other_displays import passes_on_display
from Testing.host.reader import Reader, actors_in_views, bend, show_ball


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


@pytest.mark.parametrize("window_level", [(200.0, 100.0), (300.0, 90.0)], ids=str)
def test_a_new_window_takes_the_outline_away_and_asks_anew(a_reader, a_ball, window_level):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    before = a_reader.look_shown
    a_ball.GetDisplayNode().SetWindowLevel(*window_level)
    a_reader.host.spin(until=lambda: a_reader.look_shown is not before)
    assert a_reader.look_shown is None
    a_reader.host.spin(until=lambda: a_reader.outlined == "Red")
    view = a_reader.look_shown.hit.view
    assert (view.window, view.level) == window_level


def test_nothing_stale_is_left_by_slice_layout_and_scene(a_reader, a_picture):
    show_ball()
    a_reader.host.close_scene()  # Slicer has then what it keeps for an empty scene
    before = actors_in_views()
    a_reader.parameters.volume = show_ball()
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


@pytest.mark.usefixtures("running_host")
@pytest.mark.parametrize("factors", [(1.5,), (1.0, 1.5)], ids=str)
def test_looking_works_on_other_displays(factors):
    passes_on_display(Path(__file__).with_name("module_on_monitors.py"), *factors)


def test_a_session_that_ended_is_forgotten_and_its_volume_with_it(a_reader):
    import slicer

    from GazeSAMLib.hosts.slicer.process_transport import END_GRACE_MS

    a_reader.parameters.volume = show_ball()
    voxels = weakref.ref(a_reader.parameters.volume.GetImageData())
    a_reader.start()
    a_reader.accept()
    run = a_reader.panel.session.run
    traces = [weakref.ref(each) for each in (run, run.live, run.room, run.workplace.node)]
    del run
    a_reader.ui.startButton.click()
    a_reader.parameters.volume = a_reader.parameters.segmentation = None
    slicer.mrmlScene.Clear()
    a_reader.host.wait(END_GRACE_MS + 200)
    gc.collect()
    assert [trace() for trace in traces] == [None] * 4
    assert voxels() is None


def test_a_look_means_the_same_point_after_zoom_pan_and_resize(a_reader, a_ball):
    import slicer

    a_reader.parameters.volume = a_ball
    a_reader.start()
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    point = (12.0, -9.0, 0.0)
    for change in (
        lambda: node.SetFieldOfView(90.0, 80.0, 1.0),
        lambda: node.SetXYZOrigin(8.0, -6.0, 0.0),
        lambda: a_reader.host.show_layout("Conventional"),
        lambda: a_reader.host.window.setGeometry(140, 80, 1200, 820),
    ):
        change()
        a_reader.host.wait(300)
        a_reader.look("Red", point)
        hit = a_reader.look_shown.hit
        # Never off by more than the pixel that the pointer stands on.
        allowed_mm = hit.view.mm_per_view_px[0] + 0.01
        assert tuple(hit.point_local_ras) == pytest.approx(point, abs=allowed_mm)
        a_reader.host.move_mouse(a_reader.host.window, 5, 5)


@pytest.mark.parametrize("turn", [(35.0, -20.0, 0.0), (0.0, 0.0, 40.0)], ids=str)
def test_an_oblique_slice_is_segmented_as_it_is_shown(a_reader, a_ball, turn):
    import slicer
    import slicer.util

    a_reader.parameters.volume = a_ball
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    ras_from_slice = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())
    ras_from_slice[:3, :3] = (
        Rotation.from_euler("xyz", turn, degrees=True).as_matrix() @ (ras_from_slice[:3, :3])
    )
    ras_from_slice[:3, 3] = 0.0
    node.GetSliceToRAS().DeepCopy(ras_from_slice.ravel().tolist())
    node.UpdateMatrices()
    a_reader.start()
    a_reader.accept("Red", (0.0, 0.0, 0.0))
    accepted, truth = a_reader.voxels(), a_reader.truth()
    normal = ras_from_slice[:3, 2]
    k, j, i = np.indices(truth.shape)
    from_plane_mm = np.abs(
        normal @ np.stack((72 - 2.0 * i, 80 - 2.0 * j, 2.5 * k - 80)).reshape(3, -1)
    ).reshape(truth.shape)
    on_plane = truth & (from_plane_mm < 0.4)
    assert (accepted & on_plane).sum() > 0.85 * on_plane.sum()
    assert from_plane_mm[accepted].max() <= 0.5 * np.abs(normal) @ (2.0, 2.0, 2.5) + 1e-6
    assert (accepted & ~truth).sum() < 0.1 * accepted.sum()
