"""A journal tells again what was one step, and which slices a person looked at."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.errors import JournalError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.edit_history import EditHistory
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.journal import Journal, JournalRecord, RecordKind, read_journal
from GazeSAMLib.segmentation.journal_steps import restore, steps_of
from GazeSAMLib.segmentation.labelmap import Labelmap
from Testing.phantom import view

VOLUME = VolumeGeometry((8, 16, 18), np.diag((0.7, 0.7, 2.0, 1.0)))
DIGEST = "ab" * 32
# Written before steps were marked; `work` does the same.
WITHOUT_STEPS = Path(__file__).with_name("journal_without_steps.jsonl")


def plane(k: int, tilt: float = 0.0) -> SlicePlane:
    return SlicePlane((0.0, 0.0, 2.0 * k), (-1, 0, tilt), (0, -1, 0))


def hit(k: int, tilt: float = 0.0) -> Hit:
    at, grid = plane(k, tilt), slice_grid(VOLUME, plane(k, tilt))
    middle = ImagePoint(8.0, 8.0)
    return Hit(view(tilt, 2.0 * k), at, grid, grid.point_from_image(middle), middle)


def disc(radius: float, row: int = 8, column: int = 8, like: Hit | None = None) -> np.ndarray:
    rows, columns = np.indices((16, 18) if like is None else like.grid.shape)
    return np.hypot(rows - row, columns - column) <= radius


def propagate(editor: SegmentEditor, layers: tuple[int, ...], radius: float) -> None:
    found = [PlaneMask(plane(k), disc(radius)) for k in layers]
    editor.accept_slices(editor.current, found)


def work(editor: SegmentEditor) -> None:
    editor.accept(hit(3), disc(5), remove=False)
    propagate(editor, (2, 4, 5), 4)
    editor.accept(hit(4), disc(3, 9, 9), remove=False)  # corrects
    editor.accept(hit(3), disc(1), remove=True)
    propagate(editor, (5, 6), 3)
    editor.undo()
    editor.redo()
    propagate(editor, (0, 1), 2)
    editor.undo()
    editor.change(None, 1)
    editor.accept(hit(1), disc(2), remove=False)


class Run:
    """A run, and what its journal brings back."""

    def __init__(self, root: Path, does=work) -> None:
        self.before = Labelmap(VOLUME.shape_kji)
        with Journal(root, DIGEST) as journal:
            editor = SegmentEditor(VOLUME, self.before, journal)
            does(editor)
        self.book = editor.book
        self.records = read_journal(journal.path)
        self.restored = Labelmap(VOLUME.shape_kji)
        restore(self.records, VOLUME, self.restored)
        history = EditHistory.of_records(self.records, VOLUME)
        self.editor = SegmentEditor(VOLUME, self.restored, None, history)


def told(book, segment_id: str) -> dict:
    """How each slice is booked, and how many pixels it has."""
    return {
        key: (known.confirmed, np.count_nonzero(known.mask))
        for key, known in book.of(segment_id).items()
    }


def states(labelmap: Labelmap, undo) -> list[np.ndarray]:
    """The labels after each undo, to the first step."""
    found = [labelmap.labels_kji.copy()]
    while undo():
        found.append(labelmap.labels_kji.copy())
    return found


def test_the_book_is_the_same_after_a_restore(tmp_path) -> None:
    run = Run(tmp_path)
    for segment in ("Segment_1", "Segment_2"):
        assert told(run.editor.book, segment) == told(run.book, segment)
    assert len(run.editor.book.confirmed("Segment_1")) == 2
    assert len(run.editor.book.propagated("Segment_1")) == 3
    assert len(run.editor.book.confirmed("Segment_2")) == 1


def test_each_undo_after_a_restore_takes_back_what_it_took_back_before(tmp_path) -> None:
    run = Run(tmp_path)
    before, after = states(run.before, run.before.undo), states(run.restored, run.editor.undo)
    assert len(before) == 7  # six steps
    np.testing.assert_array_equal(after, before)
    assert told(run.editor.book, "Segment_1") == {}


def test_a_propagation_is_one_step_again(tmp_path) -> None:
    def seed_and_propagate(editor: SegmentEditor) -> None:
        editor.accept(hit(3), disc(5), remove=False)
        propagate(editor, (0, 1, 2, 4, 5), 4)

    run = Run(tmp_path, seed_and_propagate)
    assert len(run.editor.book.propagated("Segment_1")) == 5
    run.editor.undo()
    assert np.flatnonzero(run.restored.labels_kji.any(axis=(1, 2))).tolist() == [3]
    assert run.editor.book.propagated("Segment_1") == []
    run.editor.redo()
    np.testing.assert_array_equal(run.restored.labels_kji, run.before.labels_kji)


def test_what_is_undone_after_a_restore_stays_undone_after_the_next_one(tmp_path) -> None:
    run = Run(tmp_path)
    with Journal(tmp_path, DIGEST) as journal:
        history = EditHistory.of_records(run.records, VOLUME)
        editor = SegmentEditor(VOLUME, run.restored, journal, history)
        editor.undo()
        editor.undo()
        expected = run.restored.labels_kji.copy()
        records = read_journal(journal.path)
    again = Labelmap(VOLUME.shape_kji)
    restore(records, VOLUME, again)
    np.testing.assert_array_equal(again.labels_kji, expected)
    assert told(EditHistory.of_records(records, VOLUME).book, "Segment_1") == told(
        editor.book, "Segment_1"
    )


def test_a_journal_of_before_steps_were_marked_is_still_read(tmp_path) -> None:
    path = tmp_path / "journal.jsonl"
    shutil.copyfile(WITHOUT_STEPS, path)
    records = read_journal(path)
    assert not any(record.same_step for record in records)
    labelmap, run = Labelmap(VOLUME.shape_kji), Run(tmp_path)
    restore(records, VOLUME, labelmap)
    np.testing.assert_array_equal(labelmap.labels_kji, run.before.labels_kji)
    book = EditHistory.of_records(records, VOLUME).book
    for segment in ("Segment_1", "Segment_2"):
        assert told(book, segment) == told(run.book, segment)


def test_a_journal_of_before_steps_were_marked_goes_on_with_steps(tmp_path) -> None:
    path = tmp_path / DIGEST / "journal.jsonl"
    path.parent.mkdir()
    shutil.copyfile(WITHOUT_STEPS, path)
    labelmap = Labelmap(VOLUME.shape_kji)
    restore(read_journal(path), VOLUME, labelmap)
    before = labelmap.labels_kji.copy()
    with Journal(tmp_path, DIGEST) as journal:
        history = EditHistory.of_records(read_journal(path), VOLUME)
        editor = SegmentEditor(VOLUME, labelmap, journal, history)
        propagate(editor, (0, 1, 7), 2)
        editor.undo()
    np.testing.assert_array_equal(labelmap.labels_kji, before)
    assert [len(step) for step in steps_of(read_journal(path))][-2:] == [3, 3]
    again = Labelmap(VOLUME.shape_kji)
    restore(read_journal(path), VOLUME, again)
    np.testing.assert_array_equal(again.labels_kji, before)


def test_oblique_slices_that_share_voxels_come_back_as_they_were(tmp_path) -> None:
    def correct_oblique_slices(editor: SegmentEditor) -> None:
        tilt = 0.35
        editor.accept(hit(3, tilt), disc(5, like=hit(3, tilt)), remove=False)
        for radius in (4, 2):
            found = [PlaneMask(plane(k, tilt), disc(radius, like=hit(k, tilt))) for k in (2, 4, 5)]
            editor.accept_slices(editor.current, found)
        editor.accept(hit(4, tilt), disc(3, 6, 6, hit(4, tilt)), remove=False)

    run = Run(tmp_path, correct_oblique_slices)
    assert run.before.labels_kji.any()
    np.testing.assert_array_equal(run.restored.labels_kji, run.before.labels_kji)
    assert told(run.editor.book, "Segment_1") == told(run.book, "Segment_1")


def test_a_step_on_several_layers_at_once_confirms_none_of_them(tmp_path) -> None:
    # So it is where a plane of the world is seen through a transform that is not linear.
    with Journal(tmp_path, DIGEST) as journal:
        segment = SegmentEditor(VOLUME, Labelmap(VOLUME.shape_kji), None).current
        journal.append(
            *(JournalRecord(RecordKind.ACCEPT, segment, plane(k), disc(2)) for k in (2, 3))
        )
    history = EditHistory.of_records(read_journal(journal.path), VOLUME)
    assert told(history.book, segment.id) == {}
    labelmap = Labelmap(VOLUME.shape_kji)
    restore(read_journal(journal.path), VOLUME, labelmap)
    assert labelmap.undo()
    assert not labelmap.labels_kji.any()


def test_a_journal_of_another_scan_is_refused(tmp_path) -> None:
    run = Run(tmp_path)
    other = VolumeGeometry((8, 12, 18), np.diag((0.7, 0.7, 2.0, 1.0)))
    with pytest.raises(JournalError, match="does not fit this scan"):
        restore(run.records, other, Labelmap(other.shape_kji))
