"""What a run is started with, and whom it talks to."""

from collections.abc import Callable
from dataclasses import dataclass, field

import slicer
from slicer.i18n import tr as _

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.corrections import Corrections
from GazeSAMLib.hosts.slicer.edit_rules import Overwrite
from GazeSAMLib.hosts.slicer.engine_room import EngineChoice
from GazeSAMLib.hosts.slicer.feeds import Feed
from GazeSAMLib.session import SessionOptions


@dataclass(frozen=True, eq=False)
class RunChoices:
    """What was chosen when Start was pressed.

    Attributes
    ----------
    volume_node : vtkMRMLScalarVolumeNode or None
        The scan.
    segmentation_node : vtkMRMLSegmentationNode or None
        Where accepted masks go; None makes a new one.
    engine : EngineChoice
        The segmenter.
    display : DisplayGeometry
        The tracked display.
    feed : Feed
        Where gaze comes from.
    session : SessionOptions
        The chain's.
    corrections : Corrections or None
        Of trackers in front of this display; None for a replay.
    overwrite : callable
        Returns what becomes of other segments where a mask meets them; asked at each step.
    """

    volume_node: "slicer.vtkMRMLScalarVolumeNode | None"
    segmentation_node: "slicer.vtkMRMLSegmentationNode | None"
    engine: EngineChoice
    display: DisplayGeometry
    feed: Feed
    session: SessionOptions = field(default_factory=SessionOptions)
    corrections: Corrections | None = None
    overwrite: Callable[[], Overwrite] = lambda: Overwrite.KEEP

    def why_not_on(self, scan_digest: str) -> str:
        """Return why the gaze says nothing of this scan; empty where nothing speaks against it."""
        header = None if self.feed.recording is None else self.feed.recording.header
        if header is None or header.scan_digest in (None, scan_digest):
            return ""
        return _("The recording was made on another scan: choose the volume on which it was made.")


@dataclass(frozen=True, eq=False)
class RunListener:
    """Whom a run talks to.

    Attributes
    ----------
    moved : callable
        Called with the run when its state has changed.
    tell : callable
        Called with sentences for the reader.
    progress : callable
        Called with how many steps of getting ready are done.
    """

    moved: Callable[[object], None]
    tell: Callable[[str], None]
    progress: Callable[[int], None]
