"""The steps of a segmentation that can be taken back, and the slices they were accepted on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.journal import JournalRecord, RecordKind
from GazeSAMLib.segmentation.journal_steps import changes_of, steps_of
from GazeSAMLib.segmentation.slice_book import SliceBook


@dataclass(frozen=True, eq=False, slots=True)
class _Step:
    """How many records a step made, and the book on its other side."""

    record_count: int
    book: SliceBook


class EditHistory:
    """Goes along with a segmentation: each step, undo and redo of it is one here.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.

    Attributes
    ----------
    book : SliceBook
        Which slices are accepted now, and how.
    """

    def __init__(self, volume: VolumeGeometry) -> None:
        self.book = SliceBook()
        self._volume = volume
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    @classmethod
    def of_records(cls, records: Iterable[JournalRecord], volume: VolumeGeometry) -> "EditHistory":
        """Return the history of what stands in a journal."""
        history = cls(volume)
        for step in steps_of(records):
            if step[0].kind is RecordKind.UNDO:
                history.undo()
            elif step[0].kind is RecordKind.REDO:
                history.redo()
            elif changes_of(step):
                history.add(step)
        return history

    def add(self, records: Sequence[JournalRecord]) -> None:
        """Add a step that made these records; what was undone can no longer be redone."""
        self._done.append(_Step(len(records), self.book))
        self._undone.clear()
        self.book = self.book.with_changes(changes_of(records), self._volume)

    def undo(self) -> int:
        """Go one step back; return how many records it had made."""
        return self._move(self._done, self._undone)

    def redo(self) -> int:
        """Go forth by the step that was taken back last; return how many records it had made."""
        return self._move(self._undone, self._done)

    def _move(self, source: list[_Step], target: list[_Step]) -> int:
        if not source:  # the segmentation knows of steps from before this history
            return 1
        step = source.pop()
        target.append(_Step(step.record_count, self.book))
        self.book = step.book
        return step.record_count
