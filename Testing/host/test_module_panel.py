"""The panel, control by control: it is there, it says what it is for, and it does it."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from Testing.host.reader import MODULE

UI = MODULE.parent / "Resources" / "UI" / "GazeSAM.ui"
IN_THE_ORDER_OF_WORK = [
    "scanSection",
    "gazeSection",
    "engineSection",
    "sessionSection",
    "optionsSection",
    "keysSection",
    "recordSection",
    "exportSection",
]
SHOW_TEXT = ("QLabel", "QPushButton", "QCheckBox")


def text_of(element, name):
    found = element.find(f"./property[@name='{name}']")
    return "" if found is None else "".join(found.itertext()).strip()


def test_sections_stand_in_the_order_of_work_and_can_be_collapsed(a_reader):
    sections = [getattr(a_reader.ui, name) for name in IN_THE_ORDER_OF_WORK]
    tops = [section.mapToGlobal(section.rect.topLeft()).y() for section in sections]
    assert tops == sorted(tops)
    for section in sections:
        assert section.text
        section.collapsed = not section.collapsed
        section.collapsed = not section.collapsed


def test_everything_that_can_be_changed_has_a_tooltip_and_nothing_a_style():
    widgets = list(ElementTree.parse(UI).iter("widget"))
    frames = ("QFrame", "qMRMLWidget", "ctkCollapsibleButton")
    for widget in widgets:
        tells = widget.get("class") == "QLabel"
        if widget.get("class") not in frames and not tells:
            assert text_of(widget, "toolTip"), widget.get("name")
        assert not text_of(widget, "styleSheet"), widget.get("name")


def cut_off(a_reader):
    """Return the texts that do not fit into their widgets."""
    from PySide6 import QtWidgets

    found = []
    for widget in vars(a_reader.ui).values():
        if type(widget).__name__ not in SHOW_TEXT or not widget.visible or not widget.text:
            continue
        width, height = widget.sizeHint.width(), widget.sizeHint.height()
        if isinstance(widget, QtWidgets.QLabel) and widget.wordWrap:
            width, height = 0, widget.heightForWidth(widget.width)
        if width > widget.width or height > widget.height:
            found.append((widget.objectName, widget.text, (width, height), widget.size))
    return found


def test_no_text_is_cut_off(a_reader, a_ball, a_picture):
    a_reader.parameters.volume = a_ball
    for name in IN_THE_ORDER_OF_WORK:
        getattr(a_reader.ui, name).collapsed = False
    a_reader.parameters.engine = "sam"
    a_reader.host.wait(100)
    assert cut_off(a_reader) == []
    for name in ("volumeSelector", "startButton", "exportNiftiButton"):
        a_reader.scroll_to(getattr(a_reader.ui, name))
        a_picture(f"all-open-{name}")
    a_reader.parameters.engine = "region"
    a_reader.start()
    a_reader.look()
    a_reader.host.wait(1100)
    assert cut_off(a_reader) == []


def test_segments_are_added_chosen_renamed_recoloured_and_removed(a_reader, a_ball, a_picture):
    ui, host = a_reader.ui, a_reader.host
    a_reader.parameters.volume = a_ball
    for _ in range(2):
        host.click(ui.addSegmentButton)
    segmentation = a_reader.parameters.segmentation.GetSegmentation()
    assert segmentation.GetSegmentIDs() == ("Segment_1", "Segment_2")
    assert a_reader.parameters.segmentId == "Segment_2"
    a_reader.start()
    a_reader.accept()
    assert a_reader.voxels("Segment_2").any()
    table = ui.segmentsTable.tableWidget()
    cell = table.visualItemRect(table.item(0, 2)).center()
    host.click(table.viewport(), cell.x(), cell.y())
    assert a_reader.parameters.segmentId == "Segment_1"
    a_reader.look("Red", (0.0, 70.0, 0.0))
    a_reader.accept("Yellow")
    assert a_reader.voxels("Segment_1").any()
    table.item(0, 2).setText("Kidney")
    a_reader.accept("Green")
    assert a_reader.said == "Added to 'Kidney' and saved."
    segmentation.GetSegment("Segment_1").SetColor(0.1, 0.2, 0.9)
    segmentation.GetSegment("Segment_1").SetTerminology(
        "Segmentation category and type - 3D Slicer General Anatomy list"
        "~SCT^85756007^Tissue~SCT^64033007^Kidney~^^~Anatomic codes - DICOM master list~^^~^^"
    )
    a_reader.look("Red", (0.0, 0.0, 0.0))
    assert outline_colors(a_reader, "Red") == [pytest.approx((0.1, 0.2, 0.9))]
    host.wait(1700)
    a_picture("segments")
    first, second = ui.segmentVolumesLabel.text.splitlines()
    for line, name, segment_id in (
        (first, "Kidney", "Segment_1"),
        (second, "Segment_2", "Segment_2"),
    ):
        told, volume, unit = line.rsplit(" ", 2)
        assert (told, unit) == (f"{name}:", "ml")
        # 655 voxels are told as 6.5 or as 6.6.
        volume_ml = a_reader.voxels(segment_id).sum() * 0.01
        assert float(volume) == pytest.approx(volume_ml, abs=0.0501)
    host.click(ui.removeSegmentButton)
    assert segmentation.GetSegmentIDs() == ("Segment_2",)
    assert a_reader.parameters.segmentId == "Segment_2"
    host.wait(1700)
    assert ui.segmentVolumesLabel.text == second
    assert a_reader.state == "running"


def outlines(a_reader, view_name):
    """Return the lines of the outline in a view: not its dark rim."""
    import vtk

    view = a_reader.host.view(view_name)
    props = view.renderWindow().GetRenderers().GetFirstRenderer().GetViewProps()
    actors = [props.GetItemAsObject(index) for index in range(props.GetNumberOfItems())]
    return [
        actor
        for actor in actors
        if isinstance(actor, vtk.vtkActor2D)
        and isinstance(actor.GetMapper(), vtk.vtkPolyDataMapper2D)
        and actor.GetVisibility()
        and any(actor.GetProperty().GetColor())
    ]


def outline_colors(a_reader, view_name):
    return [actor.GetProperty().GetColor() for actor in outlines(a_reader, view_name)]


def test_the_outline_is_as_strong_as_the_slider_says(a_reader, a_ball):
    a_reader.ui.optionsSection.collapsed = False
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    a_reader.ui.previewOpacitySlider.value = 0.35
    assert a_reader.parameters.previewOpacity == pytest.approx(0.35)
    a_reader.host.spin(
        until=lambda: [a.GetProperty().GetOpacity() for a in outlines(a_reader, "Red")] == [0.35]
    )


def test_options_of_the_gaze_reach_the_next_session(a_reader, a_ball):
    from GazeSAMLib.prompts.policy import collect_looks

    ui = a_reader.ui
    ui.optionsSection.collapsed = False
    ui.smoothingSlider.value = 2.5
    a_reader.scroll_to(ui.addLooksUpCheckBox)
    a_reader.host.click(ui.addLooksUpCheckBox, 8)
    options = a_reader.panel._run_choices().session
    assert options.signals.min_cutoff_hz == pytest.approx(2.5)
    assert options.policy is collect_looks


def test_looks_at_one_slice_build_one_outline_where_that_is_wanted(a_reader, a_ball):
    a_reader.parameters.addLooksUp = True
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look("Red", (0.0, 0.0, 0.0))
    a_reader.look("Red", (0.0, 70.0, 0.0))
    assert len(a_reader.look_shown.prompts.labels) == 2
    a_reader.host.press("space")
    accepted = a_reader.voxels()[32]
    assert accepted[40, 36]
    assert accepted[5, 36]


def test_size_and_distance_of_the_monitor_give_degrees_and_are_kept(a_reader, a_host):
    import slicer.util

    from GazeSAMLib.frames import DisplayPoint
    from GazeSAMLib.hosts.slicer.monitors import tracked_monitor

    ui = a_reader.ui
    for spin_box, value in (
        (ui.monitorWidthSpinBox, "600"),
        (ui.monitorHeightSpinBox, "340"),
        (ui.distanceSpinBox, "700"),
    ):
        a_host.focus(spin_box)
        spin_box.selectAll()
        a_host.type(value)
        a_host.press("Tab")
    display = tracked_monitor().display
    x_deg, y_deg = display.degrees_from_display(DisplayPoint(1.0, 1.0))
    assert x_deg == pytest.approx(np.degrees(np.arctan(300 / 700)), abs=1e-6)
    assert y_deg == pytest.approx(np.degrees(np.arctan(170 / 700)), abs=0.5)
    slicer.util.selectModule("")
    slicer.util.selectModule("GazeSAM")
    assert ui.monitorWidthSpinBox.value == 600
    assert ui.distanceSpinBox.value == 700


def test_rate_share_and_scatter_of_the_gaze_are_shown_while_a_session_runs(a_reader, a_ball):
    ui = a_reader.ui
    assert ui.gazeStatusLabel.text == "Not connected"
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()
    a_reader.host.spin(until=lambda: "100 % valid, scatter 0.00°" in ui.gazeStatusLabel.text)
    assert float(ui.gazeStatusLabel.text.split(" Hz")[0]) > 10
    ui.startButton.click()
    assert ui.gazeStatusLabel.text == "Not connected"


def test_weights_and_device_are_asked_for_where_a_segmenter_has_them(a_reader):
    from GazeSAMLib.engines.registry import engine_names

    ui = a_reader.ui
    ui.engineSection.collapsed = False
    a_reader.host.wait(50)
    weights = (ui.checkpointLabel, ui.checkpointEdit, ui.deviceLabel, ui.deviceSelector)
    assert not any(widget.visible for widget in weights)
    ui.engineSelector.setCurrentIndex(engine_names().index("sam"))
    assert a_reader.parameters.engine == "sam"
    assert all(widget.visible for widget in weights)
    ui.checkpointEdit.setCurrentPath("/data/sam.pth")
    ui.deviceSelector.setCurrentIndex(1)
    choice = a_reader.panel._engine.choice()
    assert choice.options == {"checkpoint": "/data/sam.pth", "device": "cpu"}


def test_progress_is_shown_while_the_segmenter_gets_ready(a_reader, a_ball, a_picture):
    seen = []
    bar = a_reader.ui.prepareProgressBar
    bar.connect("valueChanged(int)", lambda value: seen.append((value, bar.visible)))
    a_reader.parameters.volume = a_ball
    a_reader.ui.startButton.click()
    assert bar.visible
    a_picture("getting-ready")
    a_reader.host.spin(until=lambda: a_reader.state == "running", timeout_ms=60_000)
    assert [value for value, _ in seen if value > 0] == [1, 2, 3]
    assert all(visible for value, visible in seen if value > 0)
    assert not bar.visible


def test_nothing_pops_up_in_the_flow_of_work(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    a_reader.host.press("Tab")
    a_reader.accept("Yellow")
    a_reader.host.press("z", "shift+z", "f", "f")
    a_reader.ui.startButton.click()
    a_reader.ui.exportNrrdButton.click()
    a_reader.ui.exportNiftiButton.click()
    assert "Written" in a_reader.said
    assert a_reader.host.dialogs.shown == []
