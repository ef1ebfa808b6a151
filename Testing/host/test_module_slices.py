"""Which slices were looked at and which were propagated: seen at once, and known again later."""

import numpy as np
import pytest

from Testing.host.reader import actors_in_views, show_ball
from Testing.host.test_module_propagation import dice, propagate


@pytest.fixture
def a_whole_ball(a_reader, a_ball):
    """A ball of which one slice was looked at and the others were propagated."""
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    propagate(a_reader)
    a_reader.host.press("space")
    assert "slices and saved" in a_reader.said
    return a_reader


def entries(reader):
    selector = reader.ui.slicesSelector
    return [selector.itemText(index) for index in range(selector.count)]


def dashed(reader, name="Red"):
    outline = reader.panel.session.run.live.slices._outlines._outlines.get(name)
    return outline is not None and outline.is_shown


def props_in(name):
    """What is drawn in a slice view, in that order."""
    import slicer

    view = slicer.app.layoutManager().sliceWidget(name).sliceView()
    props = view.renderWindow().GetRenderers().GetFirstRenderer().GetViewProps()
    return [props.GetItemAsObject(index) for index in range(props.GetNumberOfItems())]


def choose(reader, index):
    reader.ui.slicesSelector.setCurrentIndex(index)
    reader.ui.slicesSelector.activated.emit(index)
    reader.host.wait(120)


def booked(reader):
    editor = reader.panel.session.run.live._parts.session.editor
    book, segment_id = editor.book, editor.current.id
    return len(book.confirmed(segment_id)), len(book.propagated(segment_id))


def stop(reader):
    reader.ui.startButton.click()
    assert reader.state == "idle"


def lose_and_restore(reader):
    """Lose all as in a crash, and take it back on the same scan."""
    reader.host.close_scene()
    reader.parameters.volume = show_ball("The same scan")
    reader.ui.startButton.click()
    reader.host.spin(until=lambda: reader.state == "asking", timeout_ms=60_000)
    reader.ui.restoreButton.click()
    assert reader.state == "running"


def test_the_panel_counts_and_lists_the_slices(a_whole_ball, a_picture):
    looked_at, propagated = booked(a_whole_ball)
    assert looked_at == 1
    assert propagated > 15
    told = entries(a_whole_ball)
    assert told[0] == f"1 looked at, {propagated} propagated"
    assert len(told) == 1 + 1 + propagated
    assert [line for line in told[1:] if "looked at" in line] == ["axial, S 0.0 mm: looked at"]
    assert told[1].startswith("axial, S ")
    assert told[-1].startswith("axial, I ")
    a_picture("slices-listed")
    a_whole_ball.host.press("z")
    assert entries(a_whole_ball) == ["1 looked at, 0 propagated", "axial, S 0.0 mm: looked at"]
    a_whole_ball.host.press("z")
    assert not a_whole_ball.ui.slicesSelector.visible


def test_a_propagated_slice_is_dashed_until_somebody_looks_at_it(a_whole_ball, a_picture):
    reader = a_whole_ball
    reader.host.wait(120)
    assert not dashed(reader)
    line = next(n for n, told in enumerate(entries(reader)) if "S 5.0 mm: propagated" in told)
    choose(reader, line)
    reader.host.spin(until=lambda: dashed(reader), timeout_ms=3_000)
    assert reader.ui.slicesSelector.currentIndex == 0
    assert not dashed(reader, "Yellow")
    a_picture("propagated-slice-accepted")
    before = booked(reader)
    reader.accept(ras=(0.0, 0.0, 5.0))
    reader.host.spin(until=lambda: not dashed(reader), timeout_ms=3_000)
    assert booked(reader)[0] == before[0] + 1
    assert entries(reader)[0].startswith("2 looked at")


def test_dashes_go_with_their_segment(a_whole_ball):
    reader = a_whole_ball
    choose(reader, 4)
    reader.host.spin(until=lambda: dashed(reader), timeout_ms=3_000)
    display = reader.parameters.segmentation.GetDisplayNode()
    display.SetSegmentVisibility("Segment_1", False)
    reader.host.spin(until=lambda: not dashed(reader), timeout_ms=3_000)
    display.SetSegmentVisibility("Segment_1", True)
    reader.host.spin(until=lambda: dashed(reader), timeout_ms=3_000)
    for shown in (False, True):
        display.SetVisibility2DOutline(shown)
        display.SetVisibility2DFill(shown)
        reader.host.spin(until=lambda shown=shown: dashed(reader) is shown, timeout_ms=3_000)
    reader.host.press("Tab")
    reader.host.spin(until=lambda: not dashed(reader), timeout_ms=3_000)
    assert not reader.ui.slicesSelector.visible


def test_dashes_lie_over_what_slicer_draws_anew(a_whole_ball):
    reader = a_whole_ball
    choose(reader, 4)
    reader.host.spin(until=lambda: dashed(reader), timeout_ms=3_000)
    segmentation = reader.parameters.segmentation.GetSegmentation()
    before = props_in("Red")
    labelmap = segmentation.GetSegment("Segment_1").GetRepresentation("Binary labelmap")
    anew = labelmap.NewInstance()
    anew.DeepCopy(labelmap)
    segmentation.GetSegment("Segment_1").AddRepresentation("Binary labelmap", anew)
    reader.host.spin(until=lambda: set(props_in("Red")) - set(before), timeout_ms=3_000)
    dashes = reader.panel.session.run.live.slices._outlines._outlines["Red"]._actors
    reader.host.spin(until=lambda: props_in("Red")[-2:] == dashes, timeout_ms=3_000)


def test_nothing_of_it_stays_behind_after_stop(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    before = actors_in_views()
    propagate(a_reader)
    a_reader.host.press("space")
    choose(a_reader, 4)
    a_reader.host.spin(until=lambda: dashed(a_reader), timeout_ms=3_000)
    stop(a_reader)
    assert not a_reader.ui.slicesSelector.visible
    assert max(actors_in_views()) <= max(before)


def test_after_stop_and_start_the_same_slices_are_confirmed(a_whole_ball):
    reader = a_whole_ball
    before, voxels = booked(reader), reader.voxels().copy()
    told = entries(reader)
    stop(reader)
    reader.start()
    assert booked(reader) == before
    reader.host.spin(until=lambda: entries(reader) == told, timeout_ms=3_000)
    propagate(reader)  # from what was looked at before
    reader.host.press("space")
    assert booked(reader) == before
    assert dice(reader.voxels(), voxels) > 0.98
    reader.host.press("z")
    np.testing.assert_array_equal(reader.voxels(), voxels)


def test_after_a_restore_a_propagation_is_taken_back_as_one_step(a_whole_ball):
    reader = a_whole_ball
    before, voxels = booked(reader), reader.voxels().copy()
    lose_and_restore(reader)
    assert booked(reader) == before
    np.testing.assert_array_equal(reader.voxels(), voxels)
    reader.host.press("z")
    assert np.flatnonzero(reader.voxels().any(axis=(1, 2))).tolist() == [32]
    assert booked(reader) == (1, 0)
    reader.host.press("shift+z")
    np.testing.assert_array_equal(reader.voxels(), voxels)
    assert booked(reader) == before


def test_an_export_in_between_forgets_nothing_and_leaves_nothing_to_restore(a_whole_ball, tmp_path):
    reader = a_whole_ball
    before = booked(reader)
    reader.ui.exportNrrdButton.click()
    stop(reader)
    reader.start()
    assert booked(reader) == before
    stop(reader)
    assert list((tmp_path / "journals").glob("*"))
    reader.host.close_scene()
    assert not list((tmp_path / "journals").glob("*"))
    reader.parameters.volume = show_ball()
    reader.start()  # asks nothing


def test_an_exported_segmentation_that_was_deleted_is_not_offered(a_whole_ball, tmp_path):
    import slicer

    reader = a_whole_ball
    reader.ui.exportNrrdButton.click()
    stop(reader)
    slicer.mrmlScene.RemoveNode(reader.parameters.segmentation)
    reader.start()  # asks nothing
    stop(reader)
    reader.host.close_scene()
    assert not list((tmp_path / "journals").glob("*"))
