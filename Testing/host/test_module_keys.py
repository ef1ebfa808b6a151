"""Every key of a session, pressed on a real keyboard: what a reader sees of it."""

import os
import signal

import pytest


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


X_NAMES = {"+": "plus", "-": "minus", "Esc": "Escape", "Space": "space"}


def x_name(key):
    """Return what X calls a key that Qt names so: "Shift+Z" is "shift+z"."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    last = X_NAMES.get(last, last.lower() if len(last) == 1 else last)
    return "+".join([modifier.lower() for modifier in modifiers] + [last])


def test_every_key_on_the_panel_reaches_the_session(a_reader, a_ball, tmp_path):
    from GazeSAMLib.gaze.recording_reader import read_recording
    from GazeSAMLib.hosts.slicer.keys import session_keys

    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.ui.recordButton.click()
    a_reader.look()
    # Told apart below: pausing ends the others, and the pointer has no drift to be corrected.
    keys = [key for key in session_keys() if key.kind not in ("pause", "drift")]
    for key in keys:
        assert f"<b>{key.default}</b>" in a_reader.ui.keysSummaryLabel.text
        a_reader.host.press(x_name(key.default))
        assert a_reader.state == "running", key
    a_reader.host.press("f", "f")
    a_reader.ui.startButton.click()
    (folder,) = tmp_path.glob("gaze-*")
    kinds = [event.kind for event in read_recording(folder).events]
    assert {key.kind.value for key in keys} <= set(kinds)
    assert "pause" in kinds
    assert "resume" in kinds


def test_space_accepts_and_presses_no_button_after_a_click_on_start(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.scroll_to(a_reader.ui.startButton)
    a_reader.host.click(a_reader.ui.startButton)
    a_reader.host.spin(until=lambda: a_reader.state == "running", timeout_ms=60_000)
    a_reader.look()
    a_reader.host.press("space")
    assert a_reader.state == "running"
    assert a_reader.voxels().any()


def test_keys_work_after_start_although_a_text_field_had_the_keyboard(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.host.focus(a_reader.ui.distanceSpinBox)
    a_reader.start()  # the button is not clicked: on some systems a click leaves the focus alone
    a_reader.look()
    a_reader.host.press("space")
    assert a_reader.voxels().any()


def shown_at(a_reader, ras):
    """Whether the outline that is shown encloses a point of the red view."""
    from GazeSAMLib.frames import LocalRasPoint

    look = a_reader.look_shown
    if look is None:
        return False
    u, v = tuple(look.hit.grid.image_from_point(LocalRasPoint(*ras)))
    return bool(look.mask[round(v), round(u)])


BALL, BESIDE = (0.0, 0.0, 0.0), (0.0, 70.0, 0.0)


def test_n_says_that_the_last_look_is_not_part_of_the_structure(a_reader, a_ball, a_picture):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.host.press("n")
    assert "Look at the structure first" in a_reader.said
    a_reader.look("Red", BALL)
    a_reader.look("Red", BESIDE)
    assert shown_at(a_reader, BESIDE)
    a_reader.host.press("n")
    a_reader.host.spin(until=lambda: shown_at(a_reader, BALL))
    assert not shown_at(a_reader, BESIDE)
    a_reader.host.press("space")
    a_picture("not-this")
    truth = a_reader.truth()[32]
    accepted = a_reader.voxels()[32]
    assert 2 * (accepted & truth).sum() / (accepted.sum() + truth.sum()) > 0.9


def test_b_twice_makes_a_box(a_reader, a_ball, a_picture):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look("Red", (-34.0, 34.0, 0.0))
    a_reader.host.press("b")
    assert a_reader.said == "Now look at the opposite corner and press again."
    a_reader.look("Red", (34.0, -34.0, 0.0))
    a_reader.host.press("b")
    a_reader.host.spin(until=lambda: shown_at(a_reader, BALL))
    assert not shown_at(a_reader, BESIDE)
    a_reader.host.press("space")
    a_picture("box")
    truth = a_reader.truth()[32]
    accepted = a_reader.voxels()[32]
    assert 2 * (accepted & truth).sum() / (accepted.sum() + truth.sum()) > 0.9


@pytest.mark.parametrize(("larger", "smaller"), [("plus", "minus"), ("KP_Add", "KP_Subtract")])
def test_plus_and_minus_step_through_the_candidates(a_reader, a_ball, larger, smaller):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look()

    def sizes(key):
        found = [a_reader.look_shown.mask.sum()]
        for _ in range(3):
            a_reader.host.press(key)
            found.append(a_reader.look_shown.mask.sum())
        return found

    down, up = sizes(smaller), sizes(larger)
    assert down == sorted(down, reverse=True)
    assert up == sorted(up)
    assert up[-1] > up[0] == down[-1]
    a_reader.host.press("space")
    assert a_reader.voxels()[32].sum() == pytest.approx(up[-1], rel=0.02)


def test_keys_before_anything_is_ready_do_nothing_and_break_nothing(a_reader, a_ball):
    from GazeSAMLib.hosts.slicer.keys import session_keys

    # It may get ready in between: it is not to be paused then.
    names = [x_name(key.default) for key in session_keys() if key.kind != "pause"]
    a_reader.parameters.volume = a_ball
    a_reader.host.focus("Red")
    a_reader.host.press(*names)
    assert a_reader.state == "idle"
    a_reader.ui.startButton.click()
    a_reader.host.focus("Red")
    a_reader.host.press(*names)
    a_reader.host.spin(until=lambda: a_reader.state == "running", timeout_ms=60_000)
    a_reader.host.press("space")
    assert "Nothing to accept" in a_reader.said
    a_reader.accept()
    assert a_reader.voxels().any()


def test_a_key_during_the_wait_for_an_answer_means_that_answer(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.look("Yellow")
    pid = a_reader.panel.session.run.room.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        a_reader.point_at("Red", BALL)
        a_reader.host.wait(600)
        a_reader.host.press("space")
        a_reader.host.wait(200)
        assert not a_reader.voxels().any()
    finally:
        os.kill(pid, signal.SIGCONT)
    a_reader.host.spin(until=lambda: "Added to" in a_reader.said, timeout_ms=20_000)
    truth, accepted = a_reader.truth()[32], a_reader.voxels()[32]
    assert 2 * (accepted & truth).sum() / (accepted.sum() + truth.sum()) > 0.9
