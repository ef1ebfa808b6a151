"""The chain as a whole: what looking and pressing keys does to a segmentation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.errors import GeometryError, JournalError
from GazeSAMLib.frames import DisplayPoint, LocalRasPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice import SliceGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.policy import collect_looks
from GazeSAMLib.segmentation.journal import Journal, RecordKind, read_journal
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, SessionOptions

DISPLAY = DisplayGeometry(0, 0, 1920, 1080, 531, 299, 650)
# Axial, 2 mm voxels; two squares and a bridge of another grey between them on every slice.
VOLUME = VolumeGeometry((5, 64, 64), np.diag((2.0, 2.0, 3.0, 1.0)))
VOXELS = np.zeros(VOLUME.shape_kji, dtype=np.int16)
VOXELS[:, 10:30, 8:28] = 100
VOXELS[:, 10:30, 36:56] = 160
VOXELS[:, 40:60, 8:56] = 220
LEFT, RIGHT, LOW, BACKGROUND = (36.0, 40.0), (92.0, 40.0), (64.0, 100.0), (64.0, 70.0)


class EqualGrey:
    """A promptable segmenter of flat phantoms: the connected pixels of the prompted grey.

    It offers the region, the region without its border, and the region with a margin; a
    negative point takes away the connected pixels of its own grey, and a box keeps to itself.
    """

    name = "equal-grey"
    weights_digest = "1"

    def embed(self, pixels):
        return pixels

    def decode(self, embedding, prompts):
        mask = np.zeros(embedding.shape, dtype=bool)
        for (u, v), label in zip(prompts.points_image_uv, prompts.labels, strict=True):
            row, column = round(v), round(u)
            parts, _ = ndimage.label(embedding == embedding[row, column])
            part = parts == parts[row, column]
            mask = mask | part if label else mask & ~part
        if prompts.box_image_uv is not None:
            u_min, v_min, u_max, v_max = np.round(prompts.box_image_uv).astype(int)
            mask[v_min : v_max + 1, u_min : u_max + 1] = True
        masks = (mask, ndimage.binary_erosion(mask), ndimage.binary_dilation(mask))
        logits = np.where(masks, np.float32(4.0), np.float32(-4.0))
        return MaskCandidates(logits, np.array([0.9, 0.5, 0.4], dtype=np.float32))


def axial_view(s_mm: float = 6.0, *, left_px: float = 100.0, zoom: float = 1.0) -> SliceView:
    matrix = np.diag((-0.25 / zoom, 0.25 / zoom, 1.0, 1.0))
    matrix[:3, 3] = (64 + 0.25 / zoom * 399.5, 64 - 0.25 / zoom * 399.5, s_mm)
    layout = ViewLayout(left_px, 100.0, 800.0, 800.0, 800, 800)
    return SliceView("Red", layout, SliceGeometry(matrix), 256.0, 128.0)


class Reader:
    """Looks and presses keys on a session, at 100 Hz, with every request answered at once."""

    def __init__(self, journal=None, options=None, answering=True, view=None):
        self.labelmap = Labelmap(VOLUME.shape_kji)
        self.session = GazeSession(VOLUME, DISPLAY, self.labelmap, journal, options)
        self.segmenter = Segmenter(EqualGrey(), VOXELS, VOLUME)
        self.answering = answering
        self.t_ns = 0
        self.requests = []
        self.notices = []
        self.steps = []
        self.show(view or axial_view())

    def show(self, view: SliceView) -> None:
        self.view = view
        self.press(EventKind.VIEW, **view.details())

    def look(self, at_ras, duration_ms: float = 400.0) -> None:
        self.look_beside(self.display_point(at_ras), duration_ms)

    def look_beside(self, point: DisplayPoint, duration_ms: float = 400.0) -> None:
        for _ in range(round(duration_ms / 10)):
            eye = EyeSample(point, True)
            self.took(self.session.add_sample(GazeSample(self.t_ns, eye, eye)))
            self.t_ns += 10_000_000

    def display_point(self, at_ras) -> DisplayPoint:
        return self.display_point_in(self.view, at_ras)

    def display_point_in(self, view: SliceView, at_ras) -> DisplayPoint:
        point = LocalRasPoint(at_ras[0], at_ras[1], 0.0)
        view_xy = view.geometry.view_from_point(point)
        return DISPLAY.display_from_screen(view.layout.screen_from_view(view_xy))

    def press(self, kind: str, **details) -> None:
        self.took(self.session.handle(Event(self.t_ns, kind, details)))

    def took(self, reaction) -> None:
        if reaction.notice:
            self.notices.append(reaction.notice)
        if reaction.step is not None:
            self.steps.append(reaction.step)
        if reaction.request is not None:
            self.requests.append(reaction.request)
            if self.answering:
                self.took(self.session.receive(self.segmenter.answer(reaction.request)))

    def voxels(self, label: int = 1) -> np.ndarray:
        return self.labelmap.labels_kji == label


def grey_on_slice(value: int, k: int = 2) -> np.ndarray:
    mask = np.zeros(VOLUME.shape_kji, dtype=bool)
    mask[k] = VOXELS[k] == value
    return mask


def test_a_look_gives_a_preview_and_changes_no_voxel():
    reader = Reader()
    reader.look(LEFT)
    assert reader.session.preview is not None
    assert not reader.labelmap.labels_kji.any()


def test_accepting_puts_the_looked_at_structure_into_the_segment():
    reader = Reader()
    reader.look(LEFT)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100))
    assert reader.session.preview is None


def test_accepting_twice_without_a_new_look_does_nothing():
    reader = Reader()
    reader.look(LEFT)
    reader.press("accept")
    reader.look(LEFT, 300)  # the same fixation goes on
    reader.press("accept")
    assert len(reader.steps) == 1
    assert "look at a structure" in reader.notices[-1]


def test_the_eye_may_leave_while_the_hand_moves():
    reader = Reader()
    reader.look(LEFT)
    reader.look(RIGHT, 150)  # the eye is on its way on when the key goes down
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100))


def test_a_long_second_look_is_the_one_that_counts():
    reader = Reader()
    reader.look(LEFT)
    reader.look(RIGHT, 500)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(160))


def test_accept_remove_takes_the_preview_away_from_the_segment():
    reader = Reader()
    reader.look(LOW)
    reader.press("accept")
    reader.look(LEFT)
    reader.press("accept")
    reader.look(LOW)
    reader.press("accept_remove")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100))


def test_a_look_with_the_negative_key_says_not_this_in_the_preview_before():
    options = SessionOptions(policy=collect_looks)
    reader = Reader(options=options)
    reader.look(LEFT)
    reader.look(RIGHT)  # adds to the running prompt
    reader.look(LOW)
    assert reader.session.preview.mask.sum() > 2 * 400
    reader.press("negative")
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100) | grey_on_slice(160))


def test_a_negative_key_without_a_preview_before_says_what_to_do():
    reader = Reader()
    reader.look(LEFT)
    reader.press("negative")
    assert "first" in reader.notices[-1]
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100))


def test_two_box_corners_make_a_box():
    reader = Reader()
    reader.look((30.0, 110.0))
    reader.press("box_corner")
    reader.look((90.0, 30.0))
    reader.press("box_corner")
    reader.press("accept")
    k, j, i = np.nonzero(reader.voxels())
    assert set(k) == {2}
    assert (j.min(), j.max(), i.min(), i.max()) == (15, 55, 15, 45)


def test_larger_and_smaller_step_through_the_candidates_and_stop_at_the_ends():
    reader = Reader()
    reader.look(LEFT)
    sizes = [reader.session.preview.mask.sum()]
    for kind in ("larger", "larger", "smaller", "smaller", "smaller"):
        reader.press(kind)
        sizes.append(reader.session.preview.mask.sum())
    assert sizes == [400, 480, 480, 400, 324, 324]


def test_clear_drops_the_preview_and_the_same_fixation_does_not_bring_it_back():
    reader = Reader()
    reader.look(LEFT)
    reader.press("clear")
    reader.look(LEFT, 300)
    assert reader.session.preview is None


def test_undo_and_redo_go_through_all_accepted_steps():
    reader = Reader()
    for point in (LEFT, RIGHT, LOW):
        reader.look(point)
        reader.press("accept")
    after = reader.labelmap.labels_kji.copy()
    for _ in range(3):
        reader.press("undo")
    assert not reader.labelmap.labels_kji.any()
    reader.press("undo")
    assert reader.notices == ["There is nothing to undo."]
    for _ in range(3):
        reader.press("redo")
    np.testing.assert_array_equal(reader.labelmap.labels_kji, after)


def test_segments_are_chosen_by_step_or_by_name():
    reader = Reader()
    reader.look(LEFT)
    reader.press("accept")
    reader.press("next_segment", segment="spleen")
    reader.look(RIGHT)
    reader.press("accept")
    reader.press("previous_segment")
    reader.look(LOW)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(1), grey_on_slice(100) | grey_on_slice(220))
    np.testing.assert_array_equal(reader.voxels(2), grey_on_slice(160))
    assert [segment.name for segment in reader.session.editor.segments] == ["Segment_1", "spleen"]


def test_a_change_of_slice_drops_the_preview_and_a_zoom_keeps_it():
    reader = Reader()
    reader.look(LEFT)
    reader.show(axial_view(zoom=2.0))
    assert reader.session.preview is not None
    reader.show(axial_view(s_mm=9.0))
    assert reader.session.preview is None
    reader.press("accept")
    assert not reader.labelmap.labels_kji.any()


def test_a_change_of_window_drops_the_preview_and_the_next_look_has_the_new_one():
    reader = Reader()
    reader.look(LEFT)
    reader.show(replace(axial_view(), level=140.0))
    assert reader.session.preview is None
    reader.press("accept")
    assert not reader.labelmap.labels_kji.any()
    reader.look(LEFT)
    assert reader.requests[-1].level == 140.0
    assert reader.session.preview is not None


def test_an_outline_goes_with_its_slice_while_a_look_elsewhere_waits():
    reader = Reader()
    reader.show(replace(axial_view(s_mm=9.0, left_px=1000.0), name="Yellow"))
    reader.show(axial_view())
    reader.look(LEFT)
    reader.answering = False
    reader.look_beside(reader.display_point_in(axial_view(left_px=1000.0), LEFT))
    assert reader.session.preview.hit.view.name == "Red"
    reader.show(axial_view(s_mm=9.0))
    assert reader.session.preview is None


def test_after_a_change_of_slice_the_next_look_falls_on_the_new_slice():
    reader = Reader()
    reader.look(LEFT)
    reader.show(axial_view(s_mm=9.0))
    reader.look(LEFT)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100, k=3))


def test_zoom_pan_and_a_moved_window_do_not_change_what_is_segmented():
    for view in (axial_view(zoom=2.0), axial_view(left_px=700.0)):
        reader = Reader(view=view)
        reader.look(LEFT)
        reader.press("accept")
        np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100))


@pytest.mark.parametrize("point", [(1.2, 0.5), (0.01, 0.01), (-0.3, -0.2)])
def test_looking_beside_the_slices_asks_nothing(point):
    reader = Reader()
    reader.look_beside(DisplayPoint(*point))
    assert reader.requests == []
    reader.press("accept")
    assert "look at a structure" in reader.notices[-1]


def test_a_hidden_view_is_not_looked_at():
    reader = Reader()
    reader.press("view", name="Red", visible=False)
    reader.look(LEFT)
    assert reader.requests == []


def test_nothing_happens_while_paused():
    reader = Reader()
    reader.press("pause")
    reader.look(LEFT)
    assert reader.requests == []
    reader.press("resume")
    reader.look(RIGHT)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(160))


def test_an_unknown_event_is_ignored_with_a_notice():
    reader = Reader()
    reader.press("dance")
    assert reader.notices == ["The event 'dance' is unknown and was ignored."]


def test_a_malformed_view_is_refused():
    with pytest.raises(GeometryError, match="view event"):
        Reader().press("view", name="Red")


def test_an_accept_before_the_answer_is_done_when_the_answer_is_there():
    reader = Reader(answering=False)
    reader.look(LEFT)
    reader.press("accept")
    reader.look(RIGHT)  # the eye has gone on; nothing is asked until the answer is there
    assert not reader.labelmap.labels_kji.any()
    assert reader.session.aim.looks.newest.pending
    reader.took(reader.session.receive(reader.segmenter.answer(reader.requests[-1])))
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100))
    assert reader.session.preview is None


def test_an_outdated_answer_changes_nothing():
    reader = Reader(answering=False)
    reader.look(LEFT)
    outdated = reader.segmenter.answer(reader.requests[-1])
    reader.look(RIGHT)
    reader.session.receive(outdated)
    assert reader.session.preview is None


def test_what_was_accepted_is_in_the_journal(tmp_path):
    with Journal(tmp_path, "ab" * 32) as journal:
        reader = Reader(journal=journal)
        reader.look(LEFT)
        reader.press("accept")
        reader.press("next_segment")
        reader.press("undo")
    kinds = [record.kind for record in read_journal(journal.path)]
    assert kinds == [RecordKind.ACCEPT, RecordKind.SEGMENT, RecordKind.UNDO]


def test_a_step_that_cannot_be_saved_is_not_written(tmp_path):
    class FullDisk(Journal):
        def append(self, record):  # noqa: ARG002 - the journal's form
            raise JournalError("the step could not be saved")

    with FullDisk(tmp_path, "ab" * 32) as journal:
        reader = Reader(journal=journal)
        reader.look(LEFT)
        with pytest.raises(JournalError):
            reader.press("accept")
    assert not reader.labelmap.labels_kji.any()


def test_the_uncertainty_of_a_look_is_the_trackers_accuracy_in_image_pixels():
    reader = Reader()
    reader.look(LEFT)
    # 0.5 deg at 650 mm is 5.67 mm or 20.5 px of the display; a display pixel is 0.25 mm of
    # the scan and a pixel of the slice image 2 mm.
    assert reader.requests[-1].prompts.sigma_px == pytest.approx(20.5 * 0.25 / 2.0, rel=0.01)
    reader.show(axial_view(zoom=2.0))
    reader.look(LEFT)
    assert reader.requests[-1].prompts.sigma_px == pytest.approx(20.5 * 0.125 / 2.0, rel=0.01)


def test_a_drift_event_corrects_the_gaze_from_then_on():
    reader = Reader()
    beside_deg = DISPLAY.degrees_from_display(reader.display_point(RIGHT))
    true_deg = DISPLAY.degrees_from_display(reader.display_point(LEFT))
    offset_deg = [float(value) for value in np.subtract(beside_deg, true_deg)]
    reader.press("drift", offset_deg=offset_deg)
    reader.look(RIGHT)  # as the tracker says; the reader looks at the left square
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100))
    reader.press("drift", offset_deg=[0.0, 0.0])
    reader.look(RIGHT)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100) | grey_on_slice(160))


def test_a_malformed_drift_event_is_refused():
    with pytest.raises(GeometryError, match="offset_deg"):
        Reader().press("drift", offset_deg=3)


def test_the_outline_is_there_when_the_fixation_is():
    reader = Reader()
    reader.look(LEFT, 90)  # not yet a fixation, but likely to become one
    assert len(reader.requests) == 1
    assert reader.session.preview is None  # nothing is shown before
    reader.look(LEFT, 30)
    preview = reader.session.preview
    assert preview is not None
    assert not preview.pending
    reader.look(LEFT, 300)
    assert len(reader.requests) == 1  # what was foreseen is not asked again


def test_a_foreseen_look_whose_answer_is_late_is_not_asked_again():
    reader = Reader(answering=False)
    reader.look(LEFT, 150)
    assert len(reader.requests) == 1
    assert reader.session.preview is None
    reader.session.receive(reader.segmenter.answer(reader.requests[0]))
    assert reader.session.preview is not None


def test_a_glance_too_short_for_a_fixation_shows_nothing():
    reader = Reader()
    reader.look(LEFT, 90)
    reader.look(RIGHT, 90)
    assert reader.session.preview is None
    assert len(reader.requests) == 2
    reader.look(RIGHT, 60)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(160))


def test_what_was_foreseen_on_another_slice_is_not_shown():
    reader = Reader()
    reader.look(LEFT, 90)
    reader.show(axial_view(3.0))
    reader.look(LEFT, 90)
    assert reader.session.preview is None
    reader.look(LEFT, 60)
    reader.press("accept")
    np.testing.assert_array_equal(reader.voxels(), grey_on_slice(100, k=1))


def test_what_was_foreseen_before_a_key_changed_its_slice_is_asked_anew():
    reader = Reader()
    reader.look(LEFT, 90)
    assert reader.requests[-1].refines is None
    found = PlaneMask(reader.view.geometry.plane, grey_on_slice(100)[2])
    reader.session.aim.known = lambda _hit: found  # as after the redo of a propagation
    reader.look(LEFT, 60)
    assert len(reader.requests) == 2
    assert reader.requests[-1].refines is found


def test_nothing_is_foreseen_while_a_key_waits_for_its_answer():
    reader = Reader(answering=False)
    reader.look(LEFT)
    asked = len(reader.requests)
    reader.press("accept")
    reader.look(RIGHT, 300)
    assert len(reader.requests) == asked
