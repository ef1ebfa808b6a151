"""A segmentation node that is being worked on: its writer, its journal, its running session."""

from collections.abc import Callable

import slicer

from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.hosts.slicer.current_segment import CurrentSegment
from GazeSAMLib.hosts.slicer.drift_key import DriftKey
from GazeSAMLib.hosts.slicer.edit_rules import EditRules
from GazeSAMLib.hosts.slicer.journal_restore import RestoreOffer
from GazeSAMLib.hosts.slicer.journal_shelf import JournalShelf
from GazeSAMLib.hosts.slicer.live_session import LiveSession
from GazeSAMLib.hosts.slicer.run_choices import RunChoices
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_list import update_segments
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.hosts.slicer.segmentation_setup import new_segmentation
from GazeSAMLib.hosts.slicer.session_parts import SessionParts
from GazeSAMLib.hosts.slicer.warped_session import WarpedEditor
from GazeSAMLib.hosts.slicer.warped_slice import WarpedScan
from GazeSAMLib.segmentation.edit_history import EditHistory
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.journal import read_journal
from GazeSAMLib.session import GazeSession, Request


class Workplace:
    """Everything that belongs to one segmentation node while a session runs.

    Parameters
    ----------
    choices : RunChoices
        What was chosen.
    scene_volume : SceneVolume
        The volume that is segmented.
    warped : WarpedScan or None
        Where it lies under a transform that is not linear.
    writer : SegmentationNodeWriter
        Into the segmentation where accepted masks go; the steps it has written can be undone.
    shelf : JournalShelf
        Gives the journal.
    scan_digest : str
        Of the scan.
    send : callable
        Takes a request to the worker.
    tell : callable
        Takes a sentence for the reader.

    Attributes
    ----------
    node : vtkMRMLSegmentationNode
        Where accepted masks go.
    live : LiveSession
        The running session.

    Raises
    ------
    JournalError
        If the journal cannot be written or read.
    """

    def __init__(
        self,
        choices: RunChoices,
        scene_volume: SceneVolume,
        warped: WarpedScan | None,
        writer: SegmentationNodeWriter,
        shelf: JournalShelf,
        scan_digest: str,
        send: Callable[[Request], None],
        tell: Callable[[str], None],
    ) -> None:
        self.node = writer.node
        self._shelf, self._scan_digest, self._writer = shelf, scan_digest, writer
        writer.rules = lambda: EditRules.of(self.node, scene_volume, choices.overwrite())
        self._journal = shelf.open(self.node, scan_digest)
        volume = scene_volume.volume
        history = EditHistory.of_records(read_journal(self._journal.path), volume)
        editor = SegmentEditor(volume, writer, self._journal, history)
        if warped is not None:
            editor = WarpedEditor(warped, volume, writer, self._journal, history)
        session = GazeSession(
            volume if warped is None else warped.geometry,
            choices.display,
            self._writer,
            self._journal,
            choices.session,
            editor,
        )
        segment = CurrentSegment(self.node, session.editor, self._journal)
        drift = DriftKey(choices.display, choices.session.signals.drift, choices.corrections)
        parts = SessionParts(
            scene_volume, choices.display, session, self._writer, segment, choices.feed, drift
        )
        self.live = LiveSession(parts, send, self._changed, tell)
        self._writer.suspend_surfaces()
        choices.feed.start()

    @property
    def is_there(self) -> bool:
        """Whether the segmentation node is still in the scene."""
        scene = self.node.GetScene()
        return scene is not None and bool(scene.IsNodePresent(self.node))

    def follow_volume(self) -> None:
        """Keep the segmentation with a volume that is moved."""
        self._writer.follow_volume()

    def pause(self, *, paused: bool) -> None:
        """Bring the 3D view up to date, or leave it alone from now on."""
        if paused:
            self._writer.resume_surfaces()
        else:
            self._writer.suspend_surfaces()

    def close(self) -> None:
        """End the session; nothing stays behind but the segmentation."""
        self.live.close()
        self._journal.close()
        if self.is_there:
            self._writer.resume_surfaces()
            self._shelf.tidy(self.node, self._scan_digest)

    def _changed(self) -> None:
        self._shelf.note(self.node, self._journal)


def opened_segmentation(
    node: "slicer.vtkMRMLSegmentationNode | None", scene_volume: SceneVolume
) -> SegmentationNodeWriter:
    """Return what writes into a segmentation; None makes a new one.

    Raises
    ------
    OutputError
        If the segmentation does not fit the volume.
    """
    return SegmentationNodeWriter(node or new_segmentation(scene_volume), scene_volume)


def restored_segmentation(
    offer: RestoreOffer, scene_volume: SceneVolume, shelf: JournalShelf
) -> SegmentationNodeWriter:
    """Return what writes into a new segmentation, which holds the earlier work that was offered.

    Its steps can be undone as if they had been accepted now.

    Raises
    ------
    GazeSAMError
        If the work does not fit the volume; the scene is then as before.
    """
    node = new_segmentation(scene_volume)
    try:
        # Whatever the Segment Editor masks now, the steps were accepted as they are.
        writer = SegmentationNodeWriter(node, scene_volume, EditRules)
        segments = offer.restore(scene_volume.volume, writer)
    except GazeSAMError:
        slicer.mrmlScene.RemoveNode(node)
        raise
    update_segments(node, segments)
    shelf.take_over(node, offer)
    return writer
