"""From an edit and the rules to the voxels that change.

The rules are applied as ``vtkSlicerSegmentEditorLogic::ModifySegmentByLabelmap`` applies them,
but to the voxels of the edit instead of to whole volumes.
"""

import numpy as np
import slicer

from GazeSAMLib.hosts.slicer.edit_rules import EditRules, Overwrite
from GazeSAMLib.hosts.slicer.labelmaps import Change, Labelmaps, Mask
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.voxel_runs import VoxelRuns
from GazeSAMLib.segmentation.segment import Edit


class EditPlan:
    """What an edit does to a segmentation as it is now.

    Parameters
    ----------
    edit : Edit
        The step; its voxels outside the volume are left out.
    rules : EditRules
        Where it may go.
    segmentation_node : vtkMRMLSegmentationNode
        What is edited; it holds the edit's segment.
    scene_volume : SceneVolume
        The volume that is segmented.
    """

    def __init__(
        self,
        edit: Edit,
        rules: EditRules,
        segmentation_node: "slicer.vtkMRMLSegmentationNode",
        scene_volume: SceneVolume,
    ) -> None:
        self._edit = edit
        self._own_id = edit.segment.id
        self._rules = rules
        self._node = segmentation_node
        self._scene_volume = scene_volume
        self._voxels = VoxelRuns.of_patch(edit.patch, scene_volume.volume.shape_kji)
        self._labels = Labelmaps(segmentation_node, scene_volume.volume).look(self._voxels)
        self._held = self._labels.held_by([self._own_id])

    def changes(self) -> list[Change]:
        """Return what is to be changed, segment by segment.

        Raises
        ------
        ScanError, GeometryError
            If the rules name a volume whose intensities cannot be used.
        """
        changes = self._removal() if self._edit.remove else self._addition()
        return [change for change in changes if len(change.voxels)]

    def _addition(self) -> list[Change]:
        others = [name for name in self._labels.segment_ids if name != self._own_id]
        meant = self._editable()
        if self._rules.overwrite is Overwrite.KEEP:
            # What the editable area is made of is there to be edited.
            area = self._area_ids() if self._inside else []
            meant &= ~self._labels.held_by([name for name in others if name not in area])
        return [
            *(
                Change(name, self._voxels.where(meant & self._labels.held_by([name])), False)
                for name in self._losing(others)
            ),
            Change(self._own_id, self._voxels.where(meant & ~self._held), True),
        ]

    def _losing(self, others: list[str]) -> list[str]:
        """Return the other segments that are there and lose what is added."""
        match self._rules.overwrite:
            case Overwrite.ALL:
                losing = set(others)
            case Overwrite.VISIBLE:
                losing = set(others) & set(self._visible_ids())
            case _:
                return []
        return [name for name in self._labels.present() if name in losing]

    def _removal(self) -> list[Change]:
        meant, whole_id = self._editable(), self._rules.mask_segment_id
        changes = [Change(self._own_id, self._voxels.where(meant & self._held), False)]
        if self._inside_single and whole_id != self._own_id:
            # How a segment is split by painting in it: what is taken off the part goes back to
            # the whole.
            back = meant & ~self._labels.held_by([whole_id])
            changes.append(Change(whole_id, self._voxels.where(back), True))
        return changes

    def _editable(self) -> Mask:
        """Return which of the voxels may be edited."""
        editable = np.ones(len(self._voxels), dtype=bool)
        if self._inside:
            editable = self._labels.held_by(self._area_ids())
        elif self._rules.mask_mode != self._node.EditAllowedEverywhere:
            beside = [name for name in self._area_ids() if name != self._own_id]
            editable = ~self._labels.held_by(beside)
        if self._rules.intensities is not None:
            editable &= self._rules.intensities.contain(self._voxels, self._scene_volume)
        if self._edit.remove and self._inside_single:
            editable |= self._held
        return editable

    def _area_ids(self) -> list[str]:
        """Return the segments inside or outside which editing is allowed."""
        mode, node = self._rules.mask_mode, self._node
        if mode == node.EditAllowedInsideSingleSegment:
            return [self._rules.mask_segment_id]
        if mode in (node.EditAllowedInsideVisibleSegments, node.EditAllowedOutsideVisibleSegments):
            return self._visible_ids()
        return self._labels.segment_ids

    def _visible_ids(self) -> list[str]:
        display = self._node.GetDisplayNode()
        if display is None:
            return []
        return [name for name in self._labels.segment_ids if display.GetSegmentVisibility(name)]

    @property
    def _inside(self) -> bool:
        return self._rules.mask_mode in (
            self._node.EditAllowedInsideAllSegments,
            self._node.EditAllowedInsideVisibleSegments,
            self._node.EditAllowedInsideSingleSegment,
        )

    @property
    def _inside_single(self) -> bool:
        return self._rules.mask_mode == self._node.EditAllowedInsideSingleSegment
