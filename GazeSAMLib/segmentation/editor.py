"""Accepted steps: into the journal first, then into the segmentation."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GazeSAMError, JournalError
from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.journal import Journal, JournalRecord, RecordKind
from GazeSAMLib.segmentation.placement import place
from GazeSAMLib.segmentation.segment import Edit, SegmentationWriter, new_segment


class SegmentEditor:
    """The segments of one session, the current one, and what is done to them.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    writer : SegmentationWriter
        Where accepted steps are written.
    journal : Journal or None
        Where they are saved first; None keeps no journal.

    Attributes
    ----------
    segments : list of Segment
        At least one.
    current : Segment
        The one that an accepted step changes.
    """

    def __init__(
        self, volume: VolumeGeometry, writer: SegmentationWriter, journal: Journal | None
    ) -> None:
        self.segments = [new_segment(1)]
        self.current = self.segments[0]
        self._volume = volume
        self._writer = writer
        self._journal = journal

    def accept(self, hit: Hit, mask: npt.NDArray[np.bool_], *, remove: bool) -> Edit:
        """Add `mask` on the slice of `hit` to the current segment, or take it away.

        Raises
        ------
        JournalError
            If the step cannot be saved; then it is not written either.
        OutputError
            If the segmentation does not take it.
        """
        kind = RecordKind.REMOVE if remove else RecordKind.ACCEPT
        edit = Edit(self.current, place(mask, hit.grid, self._volume), remove)
        self._save(JournalRecord(kind, self.current, hit.plane, mask))
        try:
            self._writer.apply(edit)
        except GazeSAMError:
            self._save(JournalRecord(RecordKind.UNDO))  # what was not written is not restored
            raise
        return edit

    def undo(self) -> bool:
        """Take the last step back; false where there is none."""
        if not self._writer.undo():
            return False
        try:
            self._save(JournalRecord(RecordKind.UNDO))
        except JournalError:
            self._writer.redo()
            raise
        return True

    def redo(self) -> bool:
        """Repeat the step that was taken back last; false where there is none."""
        if not self._writer.redo():
            return False
        try:
            self._save(JournalRecord(RecordKind.REDO))
        except JournalError:
            self._writer.undo()
            raise
        return True

    def change(self, name: str | None, offset: int) -> None:
        """Go to the segment of that name, or without a name `offset` segments on or back.

        A name that no segment has, or a step past the last one, makes a new segment.
        """
        index = self.segments.index(self.current) + offset
        if name is not None:
            names = [segment.name for segment in self.segments]
            index = names.index(name) if name in names else len(names)
        if index >= len(self.segments):
            self._add(name)
        else:
            self.current = self.segments[max(index, 0)]

    def _add(self, name: str | None) -> None:
        added = new_segment(len(self.segments) + 1, name)
        self._save(JournalRecord(RecordKind.SEGMENT, added))
        self.segments.append(added)
        self.current = added

    def _save(self, record: JournalRecord) -> None:
        if self._journal is not None:
            self._journal.append(record)
