"""From one look to a whole structure: the keys, the segmentation, the journal, the worker."""

import numpy as np
import pytest

from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.messages import Propagate, StopPropagation
from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.errors import JournalError
from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.segmentation.edit_history import EditHistory
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.following import follow
from GazeSAMLib.segmentation.journal import Journal, RecordKind, read_journal
from GazeSAMLib.segmentation.journal_steps import restore
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, answers_to
from Testing.phantom import CENTRES_RAS, DISPLAY, VOLUME, phantom, view

VOXELS = phantom()
MIDDLE_MM = 30.0


def ellipsoid(number: int) -> np.ndarray:
    k, j, i = np.indices(VOLUME.shape_kji)
    r, a = CENTRES_RAS[number]
    return ((2 * i - r) / 22) ** 2 + ((2 * j - a) / 16) ** 2 + ((3 * k - 30) / 24) ** 2 < 1.0


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2.0 * (a & b).sum() / (a.sum() + b.sum())


class Reader:
    """Looks and presses keys; a propagation is answered slice by slice, when it is asked to."""

    def __init__(self, journal=None, records=()):
        self.labelmap = Labelmap(VOLUME.shape_kji)
        restore(records, VOLUME, self.labelmap)
        history = EditHistory.of_records(records, VOLUME)
        editor = SegmentEditor(VOLUME, self.labelmap, journal, history)
        self.session = GazeSession(VOLUME, DISPLAY, self.labelmap, journal, None, editor)
        self.segmenter = Segmenter(make_engine("region"), VOXELS, VOLUME)
        self.t_ns = 0
        self.notices, self.steps, self.asked = [], [], []
        self.coming = iter(())
        self.show(MIDDLE_MM)

    @property
    def found(self):
        return self.session.propagator.preview

    def show(self, s_mm: float, tilt: float = 0.0) -> None:
        self.view = view(tilt, s_mm)
        self.press("view", **self.view.details())

    def look(self, number: int, duration_ms: float = 400.0) -> None:
        at = LocalRasPoint(*CENTRES_RAS[number], 0.0)
        aim = self.view.geometry.view_from_point(at)
        point = DISPLAY.display_from_screen(self.view.layout.screen_from_view(aim))
        eye = EyeSample(point, True)
        for _ in range(round(duration_ms / 10)):
            self.took(self.session.add_sample(GazeSample(self.t_ns, eye, eye)))
            self.t_ns += 10_000_000

    def press(self, kind: str, **details) -> None:
        self.took(self.session.handle(Event(self.t_ns, kind, details)))

    def took(self, reaction) -> None:
        if reaction.notice:
            self.notices.append(reaction.notice)
        if reaction.step is not None:
            self.steps.append(reaction.step)
        if reaction.request is None:
            return
        self.asked.append(reaction.request)
        if isinstance(reaction.request, Propagate):
            self.coming = follow(self.segmenter, reaction.request)
            return
        for answer in answers_to(reaction.request, self.segmenter.answer):
            self.took(self.session.receive(answer))

    def wait(self, slices: int = 1000) -> None:
        """Let up to so many answers to the propagation come in."""
        for _, said in zip(range(slices), self.coming, strict=False):
            self.took(self.session.receive(said))

    def accept_on(self, s_mm: float, number: int) -> None:
        self.show(s_mm)
        self.look(number)
        self.press("accept")

    def mine(self) -> np.ndarray:
        return self.labelmap.labels_kji == 1


@pytest.mark.parametrize("number", [0, 1, 2])
def test_one_look_and_two_keys_make_a_whole_structure(number):
    reader = Reader()
    reader.accept_on(MIDDLE_MM, number)
    reader.press("propagate")
    reader.wait()
    reader.press("accept")
    assert dice(reader.mine(), ellipsoid(number)) > 0.85
    assert len(reader.steps) == 2
    assert len(reader.steps[1].propagated) >= 10


def test_what_was_found_is_only_shown_until_it_is_accepted():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    before = reader.mine().copy()
    reader.press("propagate")
    reader.wait()
    np.testing.assert_array_equal(reader.mine(), before)
    assert reader.found.mask_on(view(0.0, 33.0).geometry.plane).any()
    assert "accept, or cut off" in reader.notices[-1]


def test_a_view_between_two_slices_shows_the_nearer_one():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    reader.press("propagate")
    reader.wait()
    here = reader.found.mask_on(view(0.0, 33.0).geometry.plane)
    assert here is reader.found.mask_on(view(0.0, 34.2).geometry.plane)


def test_all_slices_are_undone_and_redone_as_one_step():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    before = reader.mine().copy()
    reader.press("propagate")
    reader.wait()
    reader.press("accept")
    after = reader.mine().copy()
    reader.press("undo")
    np.testing.assert_array_equal(reader.mine(), before)
    reader.press("redo")
    np.testing.assert_array_equal(reader.mine(), after)


@pytest.mark.parametrize("key", ["clear", "undo", "pause"])
def test_what_was_found_can_be_dropped(key):
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    before = reader.mine().copy()
    reader.press("propagate")
    reader.wait(3)
    reader.press(key)
    assert reader.found is None
    assert isinstance(reader.asked[-1], StopPropagation)
    reader.wait()  # answers that were on their way change nothing
    reader.press("resume")
    reader.press("accept")
    np.testing.assert_array_equal(reader.mine(), before)


def test_the_slice_in_view_and_all_beyond_it_can_be_cut_off():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    reader.press("propagate")
    reader.wait()
    reader.show(39.0)
    reader.press("smaller")
    reader.press("accept")
    reached = np.flatnonzero(reader.mine().any(axis=(1, 2)))
    assert reached[-1] == 12
    assert reached[0] < 8


def test_accepting_while_it_runs_keeps_what_is_there_and_stops_it():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    reader.press("propagate")
    reader.wait(4)
    reader.press("accept")
    assert isinstance(reader.asked[-1], StopPropagation)
    reader.wait()
    assert reader.mine().any(axis=(1, 2)).sum() == 5
    assert reader.found is None


def test_looks_wait_until_what_was_found_is_accepted_or_dropped():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    reader.press("propagate")
    reader.wait()
    reader.look(0)
    assert reader.session.preview is None
    reader.press("clear")
    reader.look(2)
    assert reader.session.preview is not None


def test_without_an_accepted_slice_there_is_nothing_to_propagate():
    reader = Reader()
    reader.look(1)
    reader.press("propagate")
    assert "accept the structure on a slice first" in reader.notices[-1]
    assert reader.session.preview is not None


def test_a_look_at_a_propagated_slice_corrects_it_and_takes_its_neighbours_along():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    reader.press("propagate")
    reader.wait()
    reader.press("accept")
    wrong = reader.session.editor.book.of("Segment_1")
    assert sum(known.confirmed for known in wrong.values()) == 1
    reader.accept_on(39.0, 2)  # another structure, to see what comes of it
    layer = 13
    assert dice(reader.mine()[layer], ellipsoid(2)[layer]) > 0.8
    assert isinstance(reader.asked[-1], Propagate)
    assert len(reader.asked[-1].seeds) == 2
    assert not reader.asked[-1].whole
    reader.wait()
    reader.press("accept")
    assert dice(reader.mine()[10], ellipsoid(1)[10]) > 0.8  # confirmed: it never changes by itself
    assert dice(reader.mine()[15], ellipsoid(2)[15]) > 0.6
    reader.press("undo")
    reader.press("undo")
    assert dice(reader.mine()[layer], ellipsoid(1)[layer]) > 0.8


def test_a_look_at_a_propagated_slice_refines_what_was_found_there():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    assert reader.asked[-1].refines is None
    reader.press("propagate")
    reader.wait()
    found = reader.found.mask_on(view(0.0, 39.0).geometry.plane)
    reader.press("accept")
    reader.show(39.0)
    reader.look(1)
    np.testing.assert_array_equal(reader.asked[-1].refines.mask, found)
    reader.press("accept")
    reader.press("clear")
    reader.look(2)
    reader.look(1)
    assert reader.asked[-1].refines is None  # confirmed now


def test_slices_looked_at_here_and_there_are_joined():
    reader = Reader()
    for s_mm in (18.0, 42.0):
        reader.accept_on(s_mm, 1)
    confirmed = reader.mine().copy()
    reader.press("propagate")
    reader.wait()
    reader.press("accept")
    assert dice(reader.mine(), ellipsoid(1)) > 0.85
    for k in np.flatnonzero(confirmed.any(axis=(1, 2))):
        np.testing.assert_array_equal(reader.mine()[k], confirmed[k])
    assert reader.mine()[7:14].any(axis=(1, 2)).all()


def test_slices_of_another_orientation_do_not_count():
    reader = Reader()
    reader.show(MIDDLE_MM, 0.1)
    reader.look(1)
    reader.press("accept")
    reader.accept_on(MIDDLE_MM, 1)
    reader.press("propagate")
    reader.wait()
    assert len(reader.found) >= 10


def test_a_new_mask_never_eats_a_neighbouring_segment():
    reader = Reader()
    reader.accept_on(33.0, 1)
    taken = reader.mine().copy()
    reader.press("next_segment")
    reader.accept_on(MIDDLE_MM, 1)
    reader.press("propagate")
    reader.wait()
    reader.press("accept")
    assert (reader.labelmap.labels_kji[taken] == 1).all()
    assert (reader.labelmap.labels_kji == 2).any(axis=(1, 2)).sum() > 8


def test_what_was_accepted_is_in_the_journal_before_it_is_written(tmp_path):
    with Journal(tmp_path, "ab" * 32) as journal:
        reader = Reader(journal)
        reader.accept_on(MIDDLE_MM, 1)
        reader.press("propagate")
        reader.wait()
        reader.press("accept")
        reader.accept_on(36.0, 1)  # a correction
        reader.press("clear")
        reader.press("undo")
        reader.press("redo")
        reader.press("undo")
    records = read_journal(journal.path)
    again = Labelmap(VOLUME.shape_kji)
    restore(records, VOLUME, again)
    np.testing.assert_array_equal(again.labels_kji, reader.labelmap.labels_kji)
    kinds = [record.kind for record in records]
    assert kinds.count(RecordKind.ACCEPT) >= 11
    assert sum(record.propagated for record in records) >= 10


def test_a_full_disk_loses_nothing_and_can_be_tried_again(tmp_path, monkeypatch):
    with Journal(tmp_path, "ab" * 32) as journal:
        reader = Reader(journal)
        reader.accept_on(MIDDLE_MM, 1)
        before = reader.mine().copy()
        reader.press("propagate")
        reader.wait()
        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", _no_space)
            with pytest.raises(JournalError, match="free some disk space"):
                reader.press("accept")
        np.testing.assert_array_equal(reader.mine(), before)
        reader.press("accept")
        assert reader.mine().sum() > 3 * before.sum()


def test_a_full_disk_at_an_undo_leaves_everything_as_it_was(tmp_path, monkeypatch):
    with Journal(tmp_path, "ab" * 32) as journal:
        reader = Reader(journal)
        reader.accept_on(MIDDLE_MM, 1)
        reader.press("propagate")
        reader.wait()
        reader.press("accept")
        whole, book = reader.mine().copy(), reader.session.editor.book
        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", _no_space)
            with pytest.raises(JournalError, match="free some disk space"):
                reader.press("undo")
        np.testing.assert_array_equal(reader.mine(), whole)
        assert reader.session.editor.book is book
        reader.press("undo")
        assert reader.mine().any(axis=(1, 2)).sum() == 1
        assert reader.session.editor.book.propagated("Segment_1") == []


def test_a_later_session_follows_what_an_earlier_one_looked_at(tmp_path):
    with Journal(tmp_path, "ab" * 32) as journal:
        earlier = Reader(journal)
        earlier.accept_on(MIDDLE_MM - 12.0, 1)
        earlier.accept_on(MIDDLE_MM + 12.0, 1)
    confirmed = earlier.mine().copy()
    with Journal(tmp_path, "ab" * 32) as journal:
        later = Reader(journal, read_journal(journal.path))
        later.press("propagate")
        later.wait()
        later.press("accept")
        assert later.steps[-1].look is None
        assert dice(later.mine(), ellipsoid(1)) > 0.85
        for layer in np.flatnonzero(confirmed.any(axis=(1, 2))):
            np.testing.assert_array_equal(later.mine()[layer], confirmed[layer])
        again = Reader(None, read_journal(journal.path))
    np.testing.assert_array_equal(again.mine(), later.mine())
    assert len(again.session.editor.book.confirmed("Segment_1")) == 2


def test_a_later_session_without_a_view_has_nothing_to_follow():
    reader = Reader()
    reader.accept_on(MIDDLE_MM, 1)
    editor = reader.session.editor
    blind = GazeSession(VOLUME, DISPLAY, reader.labelmap, None, None, editor)
    reaction = blind.handle(Event(0, "propagate"))
    assert reaction.request is None
    assert "accept the structure on a slice first" in reaction.notice


def _no_space(_descriptor):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("tilt", [0.0, 0.1])
def test_the_worker_process_finds_the_same_slices(tilt):
    reader = Reader()
    reader.show(MIDDLE_MM, tilt)
    reader.look(1)
    reader.press("accept")
    reader.press("propagate")
    order = reader.asked[-1]
    here = list(follow(reader.segmenter, order))
    with WorkerClient() as client:
        client.use_engine("region")
        client.open_scan(VOXELS, VOLUME, digest_wanted=False)
        there = list(client.follow(order))
    assert len(here) == len(there) > 6
    for one, other in zip(here[:-1], there[:-1], strict=True):
        np.testing.assert_array_equal(one.found.mask, other.found.mask)
        assert one.found.plane.key() == other.found.plane.key()
    assert here[-1].reasons == there[-1].reasons
