"""What goes wrong in a session: one clear sentence, nothing accepted is lost, and it can go on."""

import os
import signal

import numpy as np
import pytest

FLAT = np.diag((1.0, 1.0, 0.0, 1.0))


def refused(a_reader, volume):
    """Press Start with a volume; return what the panel says."""
    a_reader.parameters.volume = volume
    a_reader.ui.startButton.click()
    assert a_reader.state == "idle"
    return a_reader.said


def put_under(volume, matrix, name):
    """Put a volume under a linear transform and return that."""
    import slicer
    import slicer.util

    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    volume.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def test_without_a_volume_the_panel_says_what_to_do(a_reader):
    said = refused(a_reader, None)
    assert said == "No volume is chosen: load a CT or MR scan and choose it."


def test_a_colour_volume_is_refused(a_reader):
    import slicer.util

    colours = np.zeros((4, 5, 6, 3), dtype=np.uint8)
    kind = "vtkMRMLVectorVolumeNode"
    photo = slicer.util.addVolumeFromArray(colours, name="photo", nodeClassName=kind)
    assert "'photo' has 3 values a voxel (colours or vectors)" in refused(a_reader, photo)


def test_one_time_point_of_a_4d_volume_is_refused_and_the_way_out_is_told(a_reader, a_ball):
    import slicer

    logic = slicer.vtkSlicerSequencesLogic()
    logic.SetMRMLScene(slicer.mrmlScene)
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "heart")
    for time in ("0", "1"):
        sequence.SetDataNodeAtValue(a_ball, time)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "heart browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    logic.UpdateProxyNodesFromSequences(browser)
    said = refused(a_reader, browser.GetProxyNode(sequence))
    logic.SetMRMLScene(None)
    assert "one time point of the sequence 'heart browser'" in said
    assert "clone it in the module Data" in said


def test_a_volume_under_a_singular_transform_is_refused(a_reader, a_ball):
    put_under(a_ball, FLAT, "flat")
    said = refused(a_reader, a_ball)
    assert "under the transform 'flat', which cannot be inverted" in said
    assert "take the volume out of it in the module Transforms" in said


def test_a_transform_that_becomes_singular_is_told_and_looking_goes_on_after(a_reader, a_ball):
    import slicer.util

    transform = put_under(a_ball, np.eye(4), "moved")
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    accepted = a_reader.voxels().copy()
    a_reader.look("Yellow")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(FLAT))
    a_reader.host.spin(until=lambda: "cannot be inverted" in a_reader.said)
    a_reader.host.spin(until=lambda: a_reader.outlined is None)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.eye(4)))
    a_reader.accept("Green")
    assert (a_reader.voxels() >= accepted).all()
    assert a_reader.voxels().sum() > accepted.sum()


def test_a_volume_deleted_while_running_ends_the_session_and_keeps_what_was_accepted(
    a_reader, a_ball
):
    import slicer

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    segmentation = a_reader.parameters.segmentation
    slicer.mrmlScene.RemoveNode(a_ball)
    a_reader.host.spin(until=lambda: a_reader.state == "idle")
    assert a_reader.said == "The volume was deleted; what you accepted is kept."
    assert slicer.mrmlScene.IsNodePresent(segmentation)


@pytest.mark.parametrize("change", ["voxels", "image", "spacing"])
def test_a_volume_replaced_while_running_ends_the_session(a_reader, a_ball, change):
    import vtk

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    accepted = a_reader.voxels().copy()
    if change == "voxels":
        a_ball.GetImageData().GetPointData().GetScalars().Modified()
        a_ball.GetImageData().Modified()
    elif change == "image":
        other = vtk.vtkImageData()
        other.DeepCopy(a_ball.GetImageData())
        a_ball.SetAndObserveImageData(other)
    else:
        a_ball.SetSpacing(2.0, 2.0, 2.6)
    a_reader.host.spin(until=lambda: a_reader.state == "idle")
    assert "The volume has changed: press Start" in a_reader.said
    if change != "spacing":
        assert (a_reader.voxels() == accepted).all()
        a_reader.start()


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


def test_a_key_waits_no_more_for_a_look_that_the_engine_cannot_answer(a_reader, a_ball):
    from GazeSAMLib.engines.messages import Failure

    a_reader.parameters.volume = a_ball
    a_reader.start()
    run = a_reader.panel.session.run
    looks = run.live._parts.session.aim.looks
    os.kill(run.room.pid, signal.SIGSTOP)  # nothing is answered meanwhile
    try:
        a_reader.point_at("Red", (0.0, 0.0, 0.0))
        a_reader.host.spin(until=lambda: looks.newest is not None, timeout_ms=5_000)
        a_reader.host.press("space")
        assert looks.newest.pending
        number = looks.newest.number
        run.room._hear(Failure("decode", number, "EngineError", "this engine takes boxes alone"))
    finally:
        os.kill(run.room.pid, signal.SIGCONT)
    assert a_reader.said == "This engine takes boxes alone."
    a_reader.accept("Yellow")  # without Esc before
    assert a_reader.voxels().any()


def test_an_engine_out_of_memory_goes_on_with_the_cpu(a_reader, a_ball, monkeypatch):
    from GazeSAMLib.hosts.slicer import worker_process
    from Testing import worker_out_of_memory

    def command(python):
        return [python, "-P", worker_out_of_memory.__file__]

    monkeypatch.setattr(worker_process, "worker_command", command)
    a_reader.parameters.volume = a_ball
    a_reader.parameters.engine = "sam"
    selector = a_reader.ui.deviceSelector
    selector.setCurrentIndex(selector.findData("cuda"))
    a_reader.start()
    pid = a_reader.panel.session.run.room.pid
    a_reader.point_at("Red", (0.0, 0.0, 0.0))
    a_reader.host.spin(until=lambda: "goes on with the CPU" in a_reader.said, timeout_ms=20_000)
    assert a_reader.said == "The engine ran out of memory and goes on with the CPU."
    a_reader.accept("Yellow")
    assert a_reader.voxels().any()
    assert a_reader.panel.session.run.room.pid == pid


def test_a_journal_that_cannot_be_begun_is_told_and_nothing_starts(a_reader, a_ball, tmp_path):
    (tmp_path / "journals").write_text("a file in the folder's place")
    a_reader.parameters.volume = a_ball
    a_reader.ui.startButton.click()
    a_reader.host.spin(until=lambda: a_reader.state == "idle", timeout_ms=60_000)
    assert "journals" in a_reader.said
    assert a_reader.said.endswith(".")
    (tmp_path / "journals").unlink()
    a_reader.start()
    a_reader.accept()
    assert a_reader.voxels().any()


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
