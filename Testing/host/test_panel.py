"""A module's panel: its parameters, its segments, its life."""

from pathlib import Path

import numpy as np
import pytest


def test_widgets_follow_the_parameter_node(a_sample_panel, a_box_volume, a_host):
    from HostSample import Mode

    parameters, ui = a_sample_panel.parameters, a_sample_panel.ui
    parameters.threshold = 120.5
    parameters.count = 7
    parameters.shown = False
    parameters.label = "spleen"
    parameters.mode = Mode.SLOW
    parameters.volume = a_box_volume
    parameters.folder = Path("/var")
    assert ui.thresholdSlider.value == 120.5
    assert (ui.countBox.value, ui.countBox.maximum) == (7, 9)
    assert ui.shownBox.checked is False
    assert ui.labelEdit.text == "spleen"
    assert ui.modeBox.currentText == "SLOW"
    assert ui.volumeSelector.currentNode() is a_box_volume
    assert ui.folderEdit.currentPath == "/var"


def test_the_parameter_node_follows_the_widgets(a_sample_panel, a_box_volume, a_host):
    from HostSample import Mode

    parameters, ui = a_sample_panel.parameters, a_sample_panel.ui
    a_host.click(ui.shownBox, 8, ui.shownBox.height / 2)
    a_host.focus(ui.labelEdit)
    ui.labelEdit.selectAll()
    a_host.type("kidney")
    a_host.focus(ui.countBox)
    a_host.press("Up")
    a_host.focus(ui.modeBox)
    a_host.press("Up")
    ui.thresholdSlider.value = 12.5
    ui.volumeSelector.setCurrentNode(a_box_volume)
    assert parameters.shown is False
    assert parameters.label == "kidney"
    assert parameters.count == 5
    assert parameters.mode is Mode.SLOW
    assert parameters.threshold == 12.5
    assert parameters.volume is a_box_volume
    node = parameters.parameterNode
    assert node.GetParameter("shown") == "False"
    assert node.GetNodeReferenceID("volume") == a_box_volume.GetID()


def test_a_parameter_refuses_what_it_cannot_be(a_sample_panel):
    with pytest.raises(ValueError, match="150"):
        a_sample_panel.parameters.threshold = 151
    with pytest.raises(TypeError):
        a_sample_panel.parameters.count = "3"


def test_segments_are_listed_and_renamed(a_sample_panel, a_host):
    import slicer

    a_sample_panel.ui.segmentationSelector.addNode()
    segmentation = a_sample_panel.parameters.segmentation
    assert segmentation.GetName() == "Work"
    first = segmentation.GetSegmentation().AddEmptySegment("", "liver")
    second = segmentation.GetSegmentation().AddEmptySegment("", "spleen")
    table = a_sample_panel.ui.segmentsTable
    chosen = []
    table.connect("selectionChanged(QItemSelection,QItemSelection)", lambda *_: chosen.append(1))
    table.setSelectedSegmentIDs([second])
    assert table.selectedSegmentIDs() == (second,)
    assert chosen
    table.tableWidget().item(0, 2).setText("kidney")
    assert segmentation.GetSegmentation().GetSegment(first).GetName() == "kidney"
    segmentation.GetSegmentation().RemoveSegment(first)
    assert table.segmentCount == 1
    assert table.selectedSegmentIDs() == (second,)
    slicer.mrmlScene.RemoveNode(segmentation)
    assert a_sample_panel.parameters.segmentation is None


def test_a_node_selector_keeps_up_with_the_scene(a_sample_panel, a_box_volume):
    import slicer

    selector = a_sample_panel.ui.volumeSelector
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "other")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert selector.nodes() == (a_box_volume, other)
    assert selector.currentNode() is None
    selector.setCurrentNode(other)
    renamed = []
    selector.connect("currentNodeRenamed(QString)", renamed.append)
    other.SetName("another")
    assert renamed == ["another"]
    slicer.mrmlScene.RemoveNode(other)
    assert selector.currentNode() is None
    assert a_sample_panel.log[-2:] == [("volume", "other"), ("volume", None)]


def test_the_scene_closes(a_sample_panel, a_box_volume, a_host):
    a_sample_panel.parameters.volume = a_box_volume
    a_sample_panel.log.clear()
    a_host.close_scene()
    assert a_sample_panel.log[0] == "closing"
    assert a_sample_panel.log[-1] == "closed"
    assert a_sample_panel.parameters.volume is None
    assert a_sample_panel.parameters.threshold == 30.0
    assert a_host.pixels("Red").max() == 0


def test_a_sample_panel_is_left_entered_reloaded_and_cleaned_up(a_sample_panel, a_host):
    import slicer
    import slicer.util

    slicer.util.selectModule("HostSample")
    assert a_sample_panel.log == ["enter", "exit", "enter"]
    slicer.util.reloadScriptedModule("HostSample")
    assert a_sample_panel.log[-1] == "cleanup"
    assert slicer.modules.HostSampleWidget is not a_sample_panel
    assert slicer.modules.HostSampleWidget.log == []


def test_a_modules_own_tests_run(a_sample_panel, a_host):
    from HostSample import HostSampleTest

    HostSampleTest.ran.clear()
    a_host.run_module_tests("HostSample")
    assert HostSampleTest.ran == ["one", "two"]


def test_packages_seem_missing_until_installed(a_host):
    import slicer.packaging

    a_host.packages.hide(OneEuroFilter="OneEuroFilter")
    with pytest.raises(ModuleNotFoundError):
        import OneEuroFilter
    slicer.packaging.pip_ensure("OneEuroFilter>=0.2", requester="test")
    import OneEuroFilter

    assert OneEuroFilter.OneEuroFilter
    assert a_host.packages.installed == ["OneEuroFilter>=0.2"]


def test_an_older_slicer_has_no_packaging(a_host):
    import slicer.util

    a_host.offer_packaging(False)
    with pytest.raises(ImportError):
        import slicer.packaging
    slicer.util.pip_install("some-package")
    assert a_host.packages.installed == ["some-package"]


def test_volumes_are_loaded_and_segmentations_written(a_host, tmp_path):
    import nibabel
    import slicer
    import slicer.util

    path = tmp_path / "scan.nii.gz"
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 2.0, 3.0, 1.0])), path)
    volume = slicer.util.loadVolume(str(path))
    assert slicer.util.arrayFromVolume(volume).T.tolist() == voxels.tolist()
    composite = a_host.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == volume.GetID()
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.GetSegmentation().AddEmptySegment("", "liver")
    assert slicer.util.saveNode(segmentation, str(tmp_path / "result.seg.nrrd"))
