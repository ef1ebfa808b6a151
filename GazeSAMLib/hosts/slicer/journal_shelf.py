"""The journals of this machine: one for each segmentation, found again by the scan's digest."""

import contextlib
import os
import shutil
from datetime import datetime
from pathlib import Path

import slicer

from GazeSAMLib.errors import JournalError
from GazeSAMLib.hosts.slicer.journal_restore import RestoreOffer, restore_offer
from GazeSAMLib.segmentation.journal import Journal, journal_path

# Of a node: the folder of its journal, how many bytes of it the node holds, how many of them are
# in a file that was exported.
RUN, HELD, EXPORTED = "GazeSAM.Journal", "GazeSAM.JournalHeld", "GazeSAM.JournalExported"
SET_ASIDE = "set-aside"
# Beside a journal: how many bytes of it are in a file of the user's.
SAFE = "safe"


class JournalShelf:
    """Where accepted steps are saved until the segmentation itself is.

    Each segmentation node has a journal of its own, in a folder named after the time when it was
    begun. The node remembers which, and how much of it it holds: what no node of the scene holds
    was lost with an earlier Slicer, and can be restored. What is in a file of the user's is not
    offered; its journal stays with the scene all the same, because it tells which slices were
    looked at.

    Parameters
    ----------
    root : Path
        Folder of all journals.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, node: "slicer.vtkMRMLSegmentationNode", scan_digest: str) -> Journal:
        """Return the journal to which the steps of `node` are appended.

        Raises
        ------
        JournalError
            If it cannot be written.
        """
        run = node.GetAttribute(RUN)
        # A journal that goes on after the node was saved is not the node's any more.
        if not run or _size(self._path(run, scan_digest)) != _bytes_of(node, HELD):
            run = f"{datetime.now().astimezone():%Y-%m-%dT%H%M%S}-{os.getpid()}-{node.GetID()}"
        journal = Journal(self._root / run, scan_digest)
        node.SetAttribute(RUN, run)
        self.note(node, journal)
        return journal

    def note(self, node: "slicer.vtkMRMLSegmentationNode", journal: Journal) -> None:
        """Remember that `node` holds all that is in `journal`."""
        node.SetAttribute(HELD, str(_size(journal.path)))

    def note_exported(self, node: "slicer.vtkMRMLSegmentationNode") -> None:
        """Remember that all that `node` holds is in a file of the user's."""
        node.SetAttribute(EXPORTED, node.GetAttribute(HELD) or "")
        _mark_safe(self._root, node)

    def tidy_saved(self, scene: "slicer.vtkMRMLScene") -> None:
        """Remove the journals of all segmentations that were saved or exported."""
        runs = set()
        for node in _segmentations(scene):
            runs.add(node.GetAttribute(RUN))
            if node.GetAttribute(RUN) and _is_in_a_file(node):
                self._forget(node)
        for marker in self._root.glob(f"*/{SAFE}"):  # of segmentations that were deleted since
            run = marker.parent
            if run.name not in runs and any(map(_is_safe, run.glob("*/*.jsonl"))):
                shutil.rmtree(run, ignore_errors=True)

    def tidy(self, node: "slicer.vtkMRMLSegmentationNode", scan_digest: str) -> None:
        """Remove the journal of a segmentation if it holds no step.

        Where all steps were exported or saved with the scene, it is not offered from now on.
        """
        run = node.GetAttribute(RUN)
        if not run:
            return
        if restore_offer(self._root / run, scan_digest) is None:
            self._forget(node)
        elif _is_in_a_file(node):
            _mark_safe(self._root, node)

    def offer(self, scene: "slicer.vtkMRMLScene", scan_digest: str) -> RestoreOffer | None:
        """Return the newest work on a scan that no segmentation of `scene` holds.

        Raises
        ------
        JournalError
            If a journal of the scan cannot be read.
        """
        offers = [
            restore_offer(folder, scan_digest)
            for folder in self._root.glob("*")
            if folder.name != SET_ASIDE
            and not _is_safe(journal_path(folder, scan_digest))
            and not self._is_held(scene, folder.name, scan_digest)
        ]
        found = [offer for offer in offers if offer is not None]
        return max(found, key=lambda offer: offer.saved_at, default=None)

    def take_over(self, node: "slicer.vtkMRMLSegmentationNode", offer: RestoreOffer) -> None:
        """Note that what was offered is now in `node`."""
        node.SetAttribute(RUN, offer.path.parents[1].name)
        node.SetAttribute(HELD, str(_size(offer.path)))

    def set_aside(self, offer: RestoreOffer) -> Path:
        """Offer it no more; return where it lies from now on.

        Raises
        ------
        JournalError
            If it cannot be moved.
        """
        run = offer.path.parents[1]
        target = self._root / SET_ASIDE / run.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(run, target)
        except OSError as error:
            raise JournalError(f"the journal {run} could not be moved: {error.strerror}") from error
        return target

    def _path(self, run: str, scan_digest: str) -> Path:
        return journal_path(self._root / run, scan_digest)

    def _is_held(self, scene: "slicer.vtkMRMLScene", run: str, scan_digest: str) -> bool:
        size = _size(self._path(run, scan_digest))
        return any(
            node.GetAttribute(RUN) == run and _bytes_of(node, HELD) == size
            for node in _segmentations(scene)
        )

    def _forget(self, node: "slicer.vtkMRMLSegmentationNode") -> None:
        shutil.rmtree(self._root / node.GetAttribute(RUN), ignore_errors=True)
        for name in (RUN, HELD, EXPORTED):
            node.RemoveAttribute(name)


def _segmentations(scene: "slicer.vtkMRMLScene") -> "list[slicer.vtkMRMLSegmentationNode]":
    count = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    return [scene.GetNthNodeByClass(index, "vtkMRMLSegmentationNode") for index in range(count)]


def _is_in_a_file(node: "slicer.vtkMRMLSegmentationNode") -> bool:
    """Whether all that a segmentation holds was exported, or saved with the scene."""
    storage = node.GetStorageNode()
    saved = storage is not None and storage.GetFileName() and not node.GetModifiedSinceRead()
    return bool(saved) or _bytes_of(node, EXPORTED) == _bytes_of(node, HELD)


def _mark_safe(root: Path, node: "slicer.vtkMRMLSegmentationNode") -> None:
    run = node.GetAttribute(RUN)
    if run:
        with contextlib.suppress(OSError):  # without the mark it is offered once more than needed
            (root / run / SAFE).write_text(node.GetAttribute(HELD) or "")


def _is_safe(journal: Path) -> bool:
    """Whether all of a journal is in a file of the user's."""
    try:
        return int((journal.parents[1] / SAFE).read_text()) == _size(journal)
    except (OSError, ValueError):
        return False


def _bytes_of(node: "slicer.vtkMRMLSegmentationNode", attribute: str) -> int:
    text = node.GetAttribute(attribute) or ""
    return int(text) if text.isdigit() else -1


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
