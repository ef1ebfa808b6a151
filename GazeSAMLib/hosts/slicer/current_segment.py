"""The segment that takes what is accepted: one of the segmentation node's, known to the session."""

import slicer

from GazeSAMLib.hosts.slicer.segment_list import add_segment, segments_of, unused_segment
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.journal import Journal, JournalRecord, RecordKind
from GazeSAMLib.segmentation.segment import Segment


class CurrentSegment:
    """Keeps a session's segments the same as those of the segmentation node.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        The segmentation; gets a segment if it has none.
    editor : SegmentEditor
        The session's.
    journal : Journal
        Told of new names and colours.
    """

    def __init__(
        self,
        segmentation_node: "slicer.vtkMRMLSegmentationNode",
        editor: SegmentEditor,
        journal: Journal,
    ) -> None:
        self._node = segmentation_node
        self._editor = editor
        self._journal = journal
        if not segments_of(segmentation_node):
            add_segment(segmentation_node, unused_segment(segmentation_node))
        editor.segments = segments_of(segmentation_node)
        editor.current = editor.segments[0]

    @property
    def segment(self) -> Segment:
        """The segment with its name and colour of now."""
        return self._editor.current

    def refresh(self) -> None:
        """Take over new segments, names and colours from the node.

        The current segment stays the current one, also when it was deleted: writing to it then
        says so.

        Raises
        ------
        JournalError
            If a change cannot be saved.
        """
        known = {segment.id: segment for segment in self._editor.segments}
        there = segments_of(self._node)
        for segment in there:
            if known.get(segment.id) != segment:
                self._journal.append(JournalRecord(RecordKind.SEGMENT, segment))
            if segment.id == self._editor.current.id:
                self._editor.current = segment
        self._editor.segments = there

    def use(self, segment_id: str) -> None:
        """Go to a segment; one that the node does not hold changes nothing."""
        self.refresh()
        for segment in self._editor.segments:
            if segment.id == segment_id:
                self._editor.current = segment

    def use_named(self, name: str) -> None:
        """Go to the segment of that name; where there is none, add one."""
        self.refresh()
        for segment in self._editor.segments:
            if segment.name == name:
                self._editor.current = segment
                return
        self._add(name)

    def step(self, offset: int) -> None:
        """Go `offset` segments on or back; past the last one a new segment is added."""
        self.refresh()
        ids = [segment.id for segment in self._editor.segments]
        current_id = self._editor.current.id
        index = ids.index(current_id) + offset if current_id in ids else 0
        if index >= len(ids):
            self._add(None)
        else:
            self._editor.current = self._editor.segments[max(index, 0)]

    def _add(self, name: str | None) -> None:
        added = unused_segment(self._node, name)
        add_segment(self._node, added)
        self.refresh()
        self.use(added.id)
