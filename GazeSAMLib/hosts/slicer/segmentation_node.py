"""A segmentation node that a session writes its accepted steps to."""

from collections.abc import Callable

import slicer

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.slicer.derived_representations import DerivedRepresentations
from GazeSAMLib.hosts.slicer.edit_plan import EditPlan
from GazeSAMLib.hosts.slicer.edit_rules import EditRules
from GazeSAMLib.hosts.slicer.labelmaps import Change, Labelmaps
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_list import add_segment
from GazeSAMLib.hosts.slicer.segmentation_setup import prepare_segmentation
from GazeSAMLib.segmentation.segment import Edit, Segment


class SegmentationNodeWriter:
    """Writes accepted steps into a segmentation node, and takes them back.

    A step is kept as the voxels that it changed, so every one of a session can be undone, and
    what others did in between (a brush stroke of the Segment Editor, a new name) stays.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        Made fit for the volume, see
        :func:`GazeSAMLib.hosts.slicer.segmentation_setup.prepare_segmentation`.
    scene_volume : SceneVolume
        The volume that is segmented.
    rules : callable or None
        Called at each step for the rules of that moment; None takes
        ``EditRules.of(segmentation_node, scene_volume)``.

    Attributes
    ----------
    node : vtkMRMLSegmentationNode
        As given.
    rules : callable
        As given; may be replaced at any time.
    notice : str
        What the reader should know about the last step, one sentence, or empty.

    Raises
    ------
    OutputError
        If the segmentation does not fit the volume.
    """

    def __init__(
        self,
        segmentation_node: "slicer.vtkMRMLSegmentationNode",
        scene_volume: SceneVolume,
        rules: Callable[[], EditRules] | None = None,
    ) -> None:
        prepare_segmentation(segmentation_node, scene_volume)
        self.notice = ""
        self.node = segmentation_node
        self._scene_volume = scene_volume
        self.rules = rules or (lambda: EditRules.of(segmentation_node, scene_volume))
        self._derived = DerivedRepresentations(segmentation_node)
        self._known: set[str] = set()
        self._done: list[list[Change]] = []
        self._undone: list[list[Change]] = []

    def check(self, segment: Segment) -> None:
        """Raise unless a step into `segment` can be written and will be seen.

        Raises
        ------
        OutputError
            If the segmentation or the segment was deleted or is hidden.
        """
        self._check_node()
        name, display = self.node.GetName(), self.node.GetDisplayNode()
        there = segment.id in self.node.GetSegmentation().GetSegmentIDs()
        if not there and segment.id in self._known:
            raise OutputError(
                f"the segment '{segment.name}' was deleted from '{name}': choose another segment"
            )
        if display is not None and not display.GetVisibility():
            raise OutputError(f"the segmentation '{name}' is hidden: show it to go on")
        if there and display is not None and not display.GetSegmentVisibility(segment.id):
            shown_name = self.node.GetSegmentation().GetSegment(segment.id).GetName()
            raise OutputError(f"the segment '{shown_name}' is hidden: show it to go on")

    def apply(self, edit: Edit) -> None:
        """Write one accepted step; whatever was undone can no longer be redone.

        A segment that the node does not hold is added with its name and colour.

        Raises
        ------
        OutputError
            As :meth:`check`, or if the segment lies on another grid; nothing is written then.
        ScanError, GeometryError
            If the rules name a volume whose intensities cannot be used.
        """
        self.check(edit.segment)
        self.follow_volume()
        self._derived.suspend()
        if edit.segment.id not in self.node.GetSegmentation().GetSegmentIDs():
            add_segment(self.node, edit.segment)
        self._known.add(edit.segment.id)
        rules = self.rules()
        changes = [
            change
            for part in edit.parts()
            for change in EditPlan(part, rules, self.node, self._scene_volume).changes()
        ]
        self._write(changes)
        _mark_in_progress(self.node.GetSegmentation().GetSegment(edit.segment.id))
        self._done.append(changes)
        self._undone.clear()
        self.notice = ""
        if not changes and edit.patch.mask.any():
            self.notice = _NOTHING_LEFT if edit.remove else _NOTHING_ALLOWED

    def undo(self) -> bool:
        """Take the last step back; false where there is none.

        Raises
        ------
        OutputError
            If the segmentation was deleted, or a segment was put on another grid.
        """
        return self._restore(self._done, self._undone, back=True)

    def redo(self) -> bool:
        """Repeat the step that was taken back last; false where there is none.

        Raises
        ------
        OutputError
            As :meth:`undo`.
        """
        return self._restore(self._undone, self._done, back=False)

    def follow_volume(self) -> None:
        """Put the segmentation under the transform under which the volume is now."""
        transform_id = self._scene_volume.node.GetTransformNodeID()
        if self.node.GetTransformNodeID() != transform_id:
            self.node.SetAndObserveTransformNodeID(transform_id)

    def suspend_surfaces(self) -> None:
        """Take closed surfaces away, so that writing is fast; also done at each step."""
        self._derived.suspend()

    def resume_surfaces(self) -> None:
        """Make closed surfaces anew, if there were any: at a pause and at the end."""
        self._derived.resume()

    def _restore(
        self, source: list[list[Change]], target: list[list[Change]], *, back: bool
    ) -> bool:
        if not source:
            return False
        self._check_node()
        self._derived.suspend()
        step = source[-1]
        self._write([change.reversed() for change in step] if back else step)
        target.append(source.pop())
        self.notice = ""
        return True

    def _write(self, changes: list[Change]) -> None:
        Labelmaps(self.node, self._scene_volume.volume).write(changes)

    def _check_node(self) -> None:
        scene = self.node.GetScene()
        if scene is None or not scene.IsNodePresent(self.node):
            raise OutputError(
                "the segmentation was deleted: choose another one; what was accepted is in the "
                "journal and can be restored"
            )


_NOTHING_LEFT = "Nothing was removed: the current segment has no voxel there that may be edited."
_NOTHING_ALLOWED = (
    "Nothing was added: the voxels there belong to other segments or lie outside the editable "
    "area of the Segment Editor."
)


def _mark_in_progress(segment: "slicer.vtkSegment") -> None:
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if logic.GetSegmentStatus(segment) == logic.NotStarted:
        logic.SetSegmentStatus(segment, logic.InProgress)
