"""What a running session in Slicer is made of, and what may be changed while it runs."""

from dataclasses import dataclass

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.current_segment import CurrentSegment
from GazeSAMLib.hosts.slicer.drift_key import DriftKey
from GazeSAMLib.hosts.slicer.feeds import Feed
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.session import GazeSession


@dataclass(frozen=True, eq=False)
class SessionParts:
    """What a running session is made of.

    Attributes
    ----------
    scene_volume : SceneVolume
        The volume that is segmented.
    display : DisplayGeometry
        The tracked display; in a replay the recording's.
    session : GazeSession
        The chain.
    writer : SegmentationNodeWriter
        Where the session writes.
    segment : CurrentSegment
        Which segment takes it.
    feed : Feed
        Where gaze comes from.
    drift : DriftKey
        The correction of the gaze.
    """

    scene_volume: SceneVolume
    display: DisplayGeometry
    session: GazeSession
    writer: SegmentationNodeWriter
    segment: CurrentSegment
    feed: Feed
    drift: DriftKey


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What may be changed while a session runs.

    Attributes
    ----------
    preview_opacity : float
        Of the outline, 0 to 1.
    dwell_ms : float or None
        How long a look has to last to accept by itself; None: it never does.
    show_trail, show_heat_map : bool
        What is drawn of the gaze.
    """

    preview_opacity: float = 1.0
    dwell_ms: float | None = None
    show_trail: bool = False
    show_heat_map: bool = False
