"""Accepted steps: into the journal first, then into the segmentation."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.errors import GazeSAMError, JournalError
from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.slice_key import slice_key
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.edit_history import EditHistory
from GazeSAMLib.segmentation.journal import Journal, JournalRecord, RecordKind
from GazeSAMLib.segmentation.placement import place
from GazeSAMLib.segmentation.segment import (
    Edit,
    Segment,
    SegmentationWriter,
    merged,
    new_segment,
)
from GazeSAMLib.segmentation.slice_book import SliceBook

UNDO, REDO = JournalRecord(RecordKind.UNDO), JournalRecord(RecordKind.REDO)


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
    history : EditHistory or None
        Of the steps that stand in the segmentation already; None where there are none.

    Attributes
    ----------
    segments : list of Segment
        At least one.
    current : Segment
        The one that an accepted step changes.
    """

    follows_slices = True
    """Whether what is accepted lies on planes of the scan, so that it can be propagated."""

    def __init__(
        self,
        volume: VolumeGeometry,
        writer: SegmentationWriter,
        journal: Journal | None,
        history: EditHistory | None = None,
    ) -> None:
        self.segments = [new_segment(1)]
        self.current = self.segments[0]
        self._volume = volume
        self._writer = writer
        self._journal = journal
        self._history = history or EditHistory(volume)

    @property
    def book(self) -> SliceBook:
        """Which slices were accepted, and how; another one after each step."""
        return self._history.book

    def accept(self, hit: Hit, mask: npt.NDArray[np.bool_], *, remove: bool) -> Edit:
        """Add `mask` on the slice of `hit` to the current segment, or take it away.

        On a slice that was propagated a mask that is added takes the place of what was there:
        a person corrects it.

        Raises
        ------
        JournalError
            If the step cannot be saved; then it is not written either.
        OutputError
            If the segmentation does not take it.
        """
        key = slice_key(hit.plane, hit.grid)
        before = self.book.of(self.current.id).get(key)
        kind = RecordKind.REMOVE if remove else RecordKind.ACCEPT
        records = [JournalRecord(kind, self.current, hit.plane, mask)]
        replaced = None
        if before is not None and not before.confirmed and not remove:
            replaced = place(before.mask, hit.grid, self._volume)
            gone = before.mask & ~mask
            records.insert(0, JournalRecord(RecordKind.REMOVE, self.current, hit.plane, gone))
        edit = Edit(self.current, place(mask, hit.grid, self._volume), remove, replaced)
        self._do(records, edit)
        return edit

    def accept_slices(self, segment: Segment, found: Sequence[PlaneMask]) -> Edit:
        """Add propagated slices to a segment, as one step.

        They take the place of what was propagated onto the same slices before; a slice that a
        person has confirmed stays as it is.

        Raises
        ------
        JournalError, OutputError
            As :meth:`accept`.
        """
        booked = self.book.of(segment.id)
        records, new, old = [], [], []
        for each in found:
            grid = slice_grid(self._volume, each.plane)
            key = slice_key(each.plane, grid)
            before = booked.get(key)
            if grid is None or (before is not None and before.confirmed):
                continue
            if before is not None:
                gone = before.mask & ~each.mask
                old.append(place(gone, grid, self._volume))
                records.append(JournalRecord(RecordKind.REMOVE, segment, each.plane, gone, True))
            new.append(place(each.mask, grid, self._volume))
            records.append(JournalRecord(RecordKind.ACCEPT, segment, each.plane, each.mask, True))
        edit = Edit(segment, merged(new), replaced=merged(old) if old else None)
        self._do(records, edit)
        return edit

    def propagated_on(self, hit: Hit) -> PlaneMask | None:
        """Return what was propagated onto the slice of `hit` and no person has confirmed."""
        if not self.follows_slices:
            return None
        known = self.book.of(self.current.id).get(slice_key(hit.plane, hit.grid))
        if known is None or known.confirmed or not known.mask.any():
            return None
        return PlaneMask(hit.plane, known.mask)

    def undo(self) -> bool:
        """Take the last step back; false where there is none."""
        if not self._writer.undo():
            return False
        count = self._history.undo()
        try:
            self._save(*[UNDO] * count)
        except JournalError:
            self._writer.redo()
            self._history.redo()
            raise
        return True

    def redo(self) -> bool:
        """Repeat the step that was taken back last; false where there is none."""
        if not self._writer.redo():
            return False
        count = self._history.redo()
        try:
            self._save(*[REDO] * count)
        except JournalError:
            self._writer.undo()
            self._history.undo()
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

    def _do(self, records: Sequence[JournalRecord], edit: Edit) -> None:
        """Save a step, then write it."""
        self._save(*records)
        try:
            self._writer.apply(edit)
        except GazeSAMError:
            self._save(*[UNDO] * len(records))  # what was not written is not restored
            raise
        self._history.add(records)

    def _add(self, name: str | None) -> None:
        added = new_segment(len(self.segments) + 1, name)
        self._save(JournalRecord(RecordKind.SEGMENT, added))
        self.segments.append(added)
        self.current = added

    def _save(self, *records: JournalRecord) -> None:
        if self._journal is not None:
            self._journal.append(*records)
