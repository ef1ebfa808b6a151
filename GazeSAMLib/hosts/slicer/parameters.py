"""What the user chooses in the panel: kept with the scene, bound to the panel's widgets."""

from typing import Annotated

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

from GazeSAMLib.engines.registry import DEFAULT, choices


@parameterNodeWrapper
class GazeSAMParameters:
    """The one truth about the user's choices.

    Attributes
    ----------
    volume : vtkMRMLScalarVolumeNode
        The scan.
    segmentation : vtkMRMLSegmentationNode
        Where accepted masks go; none makes a new one at the start.
    segmentId : str
        The segment that takes them; empty before there is one.
    engine : str
        Name of the segmenter: an engine, or a model.
    previewOpacity : float
        Of the outline.
    smoothingHz : float
        Cutoff of the smoothing for a gaze at rest: less is calmer and slower.
    addLooksUp : bool
        Whether looks at one slice build one outline together.
    dwell : bool
        Whether a long look accepts by itself.
    dwellMs : float
        How long that is.
    overwrite : str
        What becomes of other segments where a mask meets them: one of
        :class:`GazeSAMLib.hosts.slicer.edit_rules.Overwrite`.
    showTrail, showHeatMap : bool
        What is drawn of the gaze in the slice views.
    """

    volume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    segmentId: str  # noqa: N815 - names of parameters are Slicer's, in camel case
    engine: Annotated[str, Choice(list(choices()))] = DEFAULT
    previewOpacity: Annotated[float, WithinRange(0.1, 1.0)] = 1.0  # noqa: N815
    smoothingHz: Annotated[float, WithinRange(0.3, 5.0)] = 1.0  # noqa: N815
    addLooksUp: bool = False  # noqa: N815
    dwell: bool = False
    dwellMs: Annotated[float, WithinRange(600.0, 3000.0)] = 1000.0  # noqa: N815
    # Written out: importing the enumeration needs packages that Slicer may lack.
    overwrite: Annotated[str, Choice(["keep", "overlap", "visible", "all"])] = "keep"
    showTrail: bool = False  # noqa: N815
    showHeatMap: bool = False  # noqa: N815
