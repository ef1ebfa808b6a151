"""What the module saves: journals, and files that are exported."""

from Testing.host.reader import show_ball


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


def test_a_scan_that_was_not_dicom_says_so_at_the_button_for_it(a_reader, a_ball, tmp_path):
    a_reader.parameters.volume = a_ball
    a_reader.ui.exportFolderEdit.setCurrentPath(str(tmp_path))
    a_reader.start()
    a_reader.accept()
    a_reader.ui.exportDicomButton.click()
    assert "DICOM" in a_reader.said
    assert "Written" not in a_reader.said
    assert list(tmp_path.glob("*.dcm")) == []


def test_what_writes_dicom_is_installed_at_the_second_press(
    a_reader, a_ball, tmp_path, monkeypatch
):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "highdicom" else find(name)
    )
    installed = []
    monkeypatch.setattr(
        "GazeSAMLib.hosts.slicer.panel.export_section.install",
        lambda packages, _tell: installed.append(packages),
    )
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    a_reader.ui.exportDicomButton.click()
    assert installed == []
    assert "press the button again" in a_reader.said
    a_reader.ui.exportDicomButton.click()
    assert installed == [["highdicom>=0.28"]]


def test_measures_stand_beside_each_segment_when_the_eye_rests(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    a_reader.host.wait(1700)
    assert "mean" not in a_reader.ui.segmentVolumesLabel.text
    a_reader.host.press("f")
    a_reader.host.wait(1700)
    text = a_reader.ui.segmentVolumesLabel.text
    assert "mm long, mean 1" in text
    length = float(text.split(", ")[1].split(" mm")[0])
    assert 54 <= length <= 64
