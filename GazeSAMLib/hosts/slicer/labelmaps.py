"""The labelmaps inside a segmentation node: which segment holds a voxel, and writing in place.

Slicer's own ``SetBinaryLabelmapToSegment`` pads, crops and scans the segment's whole labelmap at
each call, so that its cost grows with the structure; ``vtkSegmentationHistory`` copies it as a
whole for each state. Here a write and its undoing touch the voxels that change.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import slicer

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.labelmap_image import LabelmapImage, Labels
from GazeSAMLib.hosts.slicer.voxel_runs import VoxelRuns

Mask = npt.NDArray[np.bool_]

A_FEW = 4


@dataclass(frozen=True, eq=False)
class Change:
    """Voxels that enter a segment or leave it; each of them really does.

    Attributes
    ----------
    segment_id : str
        The segment.
    voxels : VoxelRuns
        The voxels.
    enters : bool
        Whether they enter.
    """

    segment_id: str
    voxels: VoxelRuns
    enters: bool

    def reversed(self) -> "Change":
        """Return what takes the change back."""
        return Change(self.segment_id, self.voxels, not self.enters)


class Labelmaps:
    """The binary labelmaps of a segmentation node on the grid of a volume.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        Its source representation is the binary labelmap.
    volume : VolumeGeometry
        The volume; its local RAS is the RAS in which the segmentation lies.
    """

    def __init__(
        self, segmentation_node: "slicer.vtkMRMLSegmentationNode", volume: VolumeGeometry
    ) -> None:
        self._node = segmentation_node
        self._volume = volume

    def look(self, voxels: VoxelRuns) -> "VoxelLabels":
        """Return which segments hold some voxels."""
        segmentation = self._node.GetSegmentation()
        images: dict[object, dict[str, int]] = {}
        for segment_id in segmentation.GetSegmentIDs():
            labels = images.setdefault(self._internal_image(segment_id), {})
            labels[segment_id] = segmentation.GetSegment(segment_id).GetLabelValue()
        return VoxelLabels(
            [
                (np.maximum(LabelmapImage(image, self._volume).labels_at(voxels), 0), labels)
                for image, labels in images.items()
            ],
            len(voxels),
        )

    def write(self, changes: Iterable[Change]) -> None:
        """Make the changes, those that leave first, then tell the observers of the node.

        Changes of a segment that is gone are left out.

        Raises
        ------
        OutputError
            If a segment lies on another grid than the volume; then nothing is written.
        """
        segmentation = self._node.GetSegmentation()
        there = segmentation.GetSegmentIDs()
        todo = [change for change in changes if change.segment_id in there and len(change.voxels)]
        for change in todo:
            segment = segmentation.GetSegment(change.segment_id)
            image = self._image(change.segment_id)
            if not image.fits and image.holds(segment.GetLabelValue()):
                raise OutputError(
                    f"the segment '{segment.GetName()}' lies on another voxel grid than the scan: "
                    "choose another segment, or a new segmentation"
                )
        for change in sorted(todo, key=lambda change: change.enters):
            (self._enter if change.enters else self._leave)(change)
        for segment_id in dict.fromkeys(change.segment_id for change in todo):
            segmentation.InvokeEvent(segmentation.SourceRepresentationModified, segment_id)
            segmentation.InvokeEvent(segmentation.RepresentationModified, segment_id)

    def _enter(self, change: Change) -> None:
        segmentation = self._node.GetSegmentation()
        segment = segmentation.GetSegment(change.segment_id)
        image = self._image(change.segment_id)
        taken = image.labels_at(change.voxels)
        overlaps = ((taken != 0) & (taken != segment.GetLabelValue())).any()
        if overlaps or not image.fits:
            # A voxel of a labelmap has one label: where segments overlap, each needs its own. So
            # does a new one that Slicer has put into a labelmap on another grid.
            segmentation.SeparateSegmentLabelmap(change.segment_id)
            image = self._image(change.segment_id)
        image.set(change.voxels, segment.GetLabelValue())

    def _leave(self, change: Change) -> None:
        image = self._image(change.segment_id)
        label = self._node.GetSegmentation().GetSegment(change.segment_id).GetLabelValue()
        image.set(change.voxels.where(image.labels_at(change.voxels) == label), 0)

    def _image(self, segment_id: str) -> LabelmapImage:
        return LabelmapImage(self._internal_image(segment_id), self._volume)

    def _internal_image(self, segment_id: str) -> "slicer.vtkOrientedImageData":
        return self._node.GetBinaryLabelmapInternalRepresentation(segment_id)


class VoxelLabels:
    """Which segments hold some voxels.

    Parameters
    ----------
    images : list of (ndarray, dict)
        For each labelmap image its labels at the voxels, and the label of each of its segments.
    count : int
        Number of voxels.
    """

    def __init__(self, images: list[tuple[Labels, dict[str, int]]], count: int) -> None:
        self._images = images
        self._count = count

    @property
    def segment_ids(self) -> list[str]:
        """All segments, those that hold none of the voxels too."""
        return [segment_id for _, labels in self._images for segment_id in labels]

    def present(self) -> list[str]:
        """Return the segments that hold at least one of the voxels."""
        present = []
        for at_voxels, labels in self._images:
            occurs = np.bincount(at_voxels, minlength=1 + max(labels.values())) > 0
            present += [segment_id for segment_id, label in labels.items() if occurs[label]]
        return present

    def held_by(self, segment_ids: Iterable[str]) -> Mask:
        """Return which of the voxels lie in at least one of the segments."""
        wanted = set(segment_ids)
        held = np.zeros(self._count, dtype=bool)
        for at_voxels, labels in self._images:
            values = [label for segment_id, label in labels.items() if segment_id in wanted]
            if len(values) > A_FEW and self._count:
                is_wanted = np.zeros(max(int(at_voxels.max()), *values) + 1, dtype=bool)
                is_wanted[values] = True
                held |= is_wanted[at_voxels]
            else:
                for value in values:
                    held |= at_voxels == value
        return held
