"""A recording is replayed on the scan on which it was made, and on no other."""


def test_a_recording_of_another_scan_is_refused_in_a_sentence(a_reader, a_ball, tmp_path):
    import slicer.util

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.ui.recordButton.click()
    a_reader.accept()
    a_reader.ui.startButton.click()
    (folder,) = tmp_path.glob("gaze-*")
    voxels = slicer.util.arrayFromVolume(a_ball)
    voxels[0, 0, 0] += 1
    slicer.util.arrayFromVolumeModified(a_ball)
    a_reader.parameters.segmentation = None
    a_reader.ui.sourceSelector.setCurrentIndex(a_reader.ui.sourceSelector.findData("replay"))
    a_reader.ui.replayFolderEdit.currentPath = str(folder)
    a_reader.ui.startButton.click()
    a_reader.host.spin(until=lambda: a_reader.state == "idle", timeout_ms=60_000)
    assert "made on another scan" in a_reader.said
    a_reader.ui.sourceSelector.setCurrentIndex(0)
