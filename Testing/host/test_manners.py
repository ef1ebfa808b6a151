"""Qt as a scripted module sees it inside Slicer."""

import pytest

from Testing.host.problems import PROBLEMS


def test_slots_connect_by_name_and_by_signal(a_sample_panel, a_host):
    a_host.click(a_sample_panel.ui.byNameButton)
    a_host.click(a_sample_panel.ui.bySignalButton)
    assert a_sample_panel.log == ["enter", ("byName", False), "bySignal"]


def test_a_wrong_signature_answers_false_and_is_recorded(a_sample_panel):
    assert a_sample_panel.ui.byNameButton.connect("clickd()", a_sample_panel.onBySignal) is False
    assert PROBLEMS.take("clickd") == ["QPushButton has no signal 'clickd()'"]


def test_an_exception_in_a_slot_is_recorded(a_sample_panel, a_host):
    a_host.click(a_sample_panel.ui.failingButton)
    (text,) = PROBLEMS.take("ZeroDivisionError")
    assert "on purpose" in text
    assert "onFailing" in text


def test_an_exception_in_an_observer_is_recorded(a_host):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    node.AddObserver("ModifiedEvent", lambda caller, event: [][0])
    node.SetName("other")
    assert len(PROBLEMS.take("IndexError")) == 1


def test_properties_are_attributes(a_sample_panel):
    import qt

    ui = a_sample_panel.ui
    assert ui.shownBox.checked is True
    assert ui.labelEdit.text == "liver"
    ui.byNameButton.text = "Other"
    assert ui.byNameButton.text == "Other"
    assert ui.byNameButton.width > 0
    assert ui.volumeSelector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    assert ui.inputsButton.collapsed is False
    assert ui.moreButton.collapsed is True
    assert not ui.moreLabel.isVisible()
    with pytest.raises(TypeError):
        ui.labelEdit.text()
    with pytest.raises(AttributeError):
        ui.labelEdit.noSuchThing = 1
    with pytest.raises(AttributeError):
        ui.volumeSelector.noSuchThing = 1
    with pytest.raises(ValueError, match="QImage"):
        qt.QImage(b"1234", 1, 1, qt.QImage.Format_RGB32)


def test_timers_tick_and_stop(a_sample_panel, a_host):
    a_sample_panel.timer.start()
    a_host.spin(until=lambda: a_sample_panel.log.count("tick") >= 5)
    a_sample_panel.timer.stop()
    ticks = a_sample_panel.log.count("tick")
    a_host.wait(50)
    assert a_sample_panel.log.count("tick") == ticks


def test_a_shortcut_fires_with_a_view_in_focus_and_not_in_a_text_field(a_sample_panel, a_host):
    a_host.focus("Red")
    a_host.press("space", "space")
    assert a_sample_panel.log.count("space") == 2
    a_host.focus(a_sample_panel.ui.labelEdit)
    a_host.press("End", "space")
    assert a_sample_panel.log.count("space") == 2
    assert a_sample_panel.ui.labelEdit.text == "liver "


def test_a_process_answers(a_sample_panel, a_host):
    a_sample_panel.ask("PythonSlicer", b"abc")
    a_host.spin(until=lambda: ("finished", 0) in a_sample_panel.log, timeout_ms=20000)
    assert a_sample_panel.answer == b"cba"


def test_dialogs_are_recorded_and_answered(a_host):
    import slicer.util

    slicer.util.errorDisplay("The disk is full")
    assert slicer.util.confirmYesNoDisplay("Go on?") is True
    assert [popup.text for popup in a_host.dialogs.shown] == ["The disk is full", "Go on?"]
