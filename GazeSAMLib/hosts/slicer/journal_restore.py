"""What a crash left in the journal of a scan, and bringing it back."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.journal import JournalRecord, RecordKind, journal_path, read_journal
from GazeSAMLib.segmentation.journal_steps import restore as replay
from GazeSAMLib.segmentation.journal_steps import steps_of
from GazeSAMLib.segmentation.segment import Segment, SegmentationWriter


@dataclass(frozen=True, eq=False)
class RestoreOffer:
    """Accepted steps of an earlier run that lie in the journal of a scan.

    Attributes
    ----------
    path : Path
        The journal.
    records : list of JournalRecord
        What is in it.
    saved_at : datetime
        When the last step was saved, local time.
    """

    path: Path
    records: list[JournalRecord]
    saved_at: datetime

    @property
    def step_count(self) -> int:
        """How many steps stand, those that were undone not counted."""
        change = {
            RecordKind.ACCEPT: 1,
            RecordKind.REMOVE: 1,
            RecordKind.REDO: 1,
            RecordKind.UNDO: -1,
        }
        return sum(change.get(step[0].kind, 0) for step in steps_of(self.records))

    def restore(self, volume: VolumeGeometry, writer: SegmentationWriter) -> list[Segment]:
        """Write all steps again; return the segments with their last names.

        Raises
        ------
        JournalError
            If the journal does not fit the volume.
        OutputError
            If the segmentation cannot be written to.
        """
        return replay(self.records, volume, writer)


def restore_offer(root: Path, scan_digest: str) -> RestoreOffer | None:
    """Return what the journal of a scan holds; None where there is none or nothing in it stands.

    Parameters
    ----------
    root : Path
        Folder of all journals.
    scan_digest : str
        The scan's digest: names and files do not matter.

    Raises
    ------
    JournalError
        If there is a journal that cannot be read.
    """
    path = journal_path(root, scan_digest)
    if not path.is_file():
        return None
    saved_at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    offer = RestoreOffer(path, read_journal(path), saved_at)
    return offer if offer.step_count > 0 else None
