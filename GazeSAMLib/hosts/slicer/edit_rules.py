"""Where an edit may go and whom it may take voxels from: the Segment Editor's masking settings."""

from dataclasses import dataclass
from enum import StrEnum

import slicer

from GazeSAMLib.hosts.slicer.intensities import Intensities
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume

SEGMENT_EDITOR_TAG = "SegmentEditor"


class Overwrite(StrEnum):
    """What becomes of other segments where a mask meets them.

    The last three are the Segment Editor's; a volume of Slicer's scene starts with the first.
    """

    KEEP = "keep"  # they stay as they are, and the mask stops at them
    OVERLAP = "overlap"  # they stay as they are, and the mask lies over them
    VISIBLE = "visible"  # those that are shown lose the voxels
    ALL = "all"  # all lose the voxels


@dataclass(frozen=True, eq=False)
class EditRules:
    """The rules at one moment.

    Attributes
    ----------
    overwrite : Overwrite
        What becomes of other segments.
    mask_mode : int
        The editable area, one of ``vtkMRMLSegmentationNode::EditAllowed...``; 0 is everywhere.
    mask_segment_id : str
        With ``EditAllowedInsideSingleSegment``: inside which.
    intensities : Intensities or None
        Only voxels with these values may be edited.
    """

    overwrite: Overwrite = Overwrite.KEEP
    mask_mode: int = 0
    mask_segment_id: str = ""
    intensities: Intensities | None = None

    @classmethod
    def of(
        cls,
        segmentation_node: "slicer.vtkMRMLSegmentationNode",
        scene_volume: SceneVolume,
        overwrite: Overwrite | None = Overwrite.KEEP,
    ) -> "EditRules":
        """Return the rules that the Segment Editor has set for a segmentation.

        Parameters
        ----------
        segmentation_node : vtkMRMLSegmentationNode
            What is edited. Settings that the editor has for another one do not count.
        scene_volume : SceneVolume
            Whose intensities count where the editor names no volume.
        overwrite : Overwrite or None
            None takes the Segment Editor's choice. That is to overwrite all unless the user has
            changed it, so it is no sign that the user wants neighbours to lose voxels.
        """
        scene = segmentation_node.GetScene()
        editor = scene.GetSingletonNode(SEGMENT_EDITOR_TAG, "vtkMRMLSegmentEditorNode")
        edited = None if editor is None else editor.GetSegmentationNode()
        if editor is None or edited not in (None, segmentation_node):
            return cls(overwrite or Overwrite.KEEP)
        intensities = None
        if editor.GetSourceVolumeIntensityMask():
            intensities = Intensities(
                editor.GetSourceVolumeNode() or scene_volume.node,
                *editor.GetSourceVolumeIntensityMaskRange(),
            )
        return cls(
            overwrite or _editors_choice(editor),
            editor.GetMaskMode(),
            editor.GetMaskSegmentID() or "",
            intensities,
        )


def _editors_choice(editor: "slicer.vtkMRMLSegmentEditorNode") -> Overwrite:
    return {
        editor.OverwriteAllSegments: Overwrite.ALL,
        editor.OverwriteVisibleSegments: Overwrite.VISIBLE,
    }.get(editor.GetOverwriteMode(), Overwrite.OVERLAP)
