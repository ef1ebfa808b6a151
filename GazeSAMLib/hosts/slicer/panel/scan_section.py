"""The section "Scan and segments"."""

import math
from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.panel.choices import Choices
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_list import add_segment, segments_of, unused_segment
from GazeSAMLib.hosts.slicer.segment_measures import SegmentMeasures
from GazeSAMLib.hosts.slicer.segment_volumes import SegmentVolumes
from GazeSAMLib.hosts.slicer.segmentation_setup import new_segmentation
from GazeSAMLib.segmentation.measures import Measures

# Measuring reads whole labelmaps: only when the hand rests.
VOLUMES_AFTER_MS = 1500


class ScanSection:
    """Volume, segmentation, and the table of segments.

    Parameters
    ----------
    ui : object
        Widgets by name.
    choices : Choices
        The user's choices.
    guard : Guard
        For slots.
    segments_changed : callable
        Called when a segment was added, removed, renamed or recoloured.
    """

    def __init__(
        self,
        ui: Any,  # noqa: ANN401 - made by Slicer
        choices: Choices,
        guard: Guard,
        segments_changed: Callable[[], None],
    ) -> None:
        self._ui, self._choices = ui, choices
        self._segments_changed = segments_changed
        self._node: slicer.vtkMRMLSegmentationNode | None = None
        self._observed: list[tuple[Any, int]] = []
        self._volumes, self._measures = SegmentVolumes(), SegmentMeasures()
        self._resting = True
        self._recount = qt.QTimer()
        self._recount.setSingleShot(True)
        self._recount.setInterval(VOLUMES_AFTER_MS)
        self._recount.connect("timeout()", guard(self._show_volumes))
        self._on_change = guard(self._node_changed)
        ui.segmentsTable.connect(
            "selectionChanged(QItemSelection,QItemSelection)", guard(self._table_selected)
        )
        ui.addSegmentButton.connect("clicked()", guard(self._add))
        ui.removeSegmentButton.connect("clicked()", guard(self._remove))

    def refresh(self) -> None:
        """Show what the choices are now."""
        parameters = self._choices.parameters
        if parameters is None:
            return
        if parameters.segmentation is not self._node:
            self._observe(parameters.segmentation)
        ids = [] if self._node is None else [segment.id for segment in segments_of(self._node)]
        if ids and parameters.segmentId not in ids:
            parameters.segmentId = ids[0]
            return  # setting it has called this again
        if ids and tuple(self._ui.segmentsTable.selectedSegmentIDs()) != (parameters.segmentId,):
            self._ui.segmentsTable.setSelectedSegmentIDs([parameters.segmentId])
        can_add = self._node is not None or parameters.volume is not None
        self._ui.addSegmentButton.setEnabled(can_add)
        self._ui.removeSegmentButton.setEnabled(bool(ids))

    def release(self) -> None:
        """Leave the segmentation alone."""
        self._recount.stop()
        self._observe(None)

    def _observe(self, node: "slicer.vtkMRMLSegmentationNode | None") -> None:
        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        self._observed, self._node = [], node
        self._ui.segmentsTable.setSegmentationNode(node)
        if node is not None:
            segmentation, events = node.GetSegmentation(), slicer.vtkSegmentation
            for event in (
                events.SegmentAdded,
                events.SegmentRemoved,
                events.SegmentModified,
                events.SegmentsOrderModified,
                events.SourceRepresentationModified,
            ):
                self._observed.append(
                    (segmentation, segmentation.AddObserver(event, self._on_change))
                )
        self._show_volumes()

    def _node_changed(self, _caller: object, _event: object) -> None:
        self._recount.start()
        self.refresh()
        self._segments_changed()

    def _table_selected(self) -> None:
        parameters, selected = self._choices.parameters, self._ui.segmentsTable.selectedSegmentIDs()
        if parameters is not None and len(selected) == 1:
            parameters.segmentId = selected[0]

    def _add(self) -> None:
        parameters = self._choices.parameters
        if parameters is None:
            return
        if parameters.segmentation is None:
            parameters.segmentation = new_segmentation(SceneVolume(parameters.volume))
        added = unused_segment(parameters.segmentation)
        add_segment(parameters.segmentation, added)
        parameters.segmentId = added.id

    def _remove(self) -> None:
        parameters = self._choices.parameters
        if parameters is not None and self._node is not None:
            self._node.GetSegmentation().RemoveSegment(parameters.segmentId)

    def rest(self, *, resting: bool) -> None:
        """Take all measures from now on, or, while somebody looks, only the quick ones."""
        if resting and not self._resting:
            self._recount.start()
        self._resting = resting

    def _show_volumes(self) -> None:
        self._recount.stop()
        lines = []
        if self._node is not None:
            measured = self._measured(self._node)
            # All measures have read the labelmaps already.
            volumes = {segment_id: found.volume_ml for segment_id, found in measured.items()}
            volumes = volumes or self._volumes.in_ml(self._node)
            for segment in segments_of(self._node):
                line = _("{segment}: {volume} ml").format(
                    segment=segment.name, volume=f"{volumes.get(segment.id, 0.0):.1f}"
                )
                lines.append(line + _details(measured.get(segment.id)))
        self._ui.segmentVolumesLabel.setText("\n".join(lines))
        self._ui.segmentVolumesLabel.setVisible(bool(lines))

    def _measured(self, node: "slicer.vtkMRMLSegmentationNode") -> dict[str, Measures]:
        """Return all measures by segment id; none while somebody looks or without a scan."""
        parameters = self._choices.parameters
        if not self._resting or parameters is None or parameters.volume is None:
            return {}
        try:
            return self._measures.of(node, SceneVolume(parameters.volume))
        except GazeSAMError:  # a volume that cannot be measured: Start says why
            return {}


def _details(found: Measures | None) -> str:
    """Return what goes after a segment's volume."""
    if found is None or found.voxels <= 1 or math.isnan(found.mean):
        return ""
    return _(", {length} mm long, mean {mean} (SD {sd})").format(
        length=f"{found.longest_3d_mm:.0f}", mean=f"{found.mean:.0f}", sd=f"{found.sd:.0f}"
    )
