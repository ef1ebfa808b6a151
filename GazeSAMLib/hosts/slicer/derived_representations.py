"""Closed surfaces and whatever else Slicer has made of a segmentation's labelmaps."""

import slicer

# What Slicer can make of a binary labelmap, the source of a segmentation that is edited.
DERIVED = ("Closed surface", "Fractional labelmap", "Planar contour", "Ribbon model")


class DerivedRepresentations:
    """Takes a segmentation's derived representations away while it is edited.

    Slicer makes a closed surface anew at each write (375 ms for a large segment). Without it the
    3D view shows nothing of the segmentation until :meth:`resume`.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        The segmentation.
    """

    def __init__(self, segmentation_node: "slicer.vtkMRMLSegmentationNode") -> None:
        self._node = segmentation_node
        self._suspended: list[str] = []

    def suspend(self) -> None:
        """Remove what is derived from the labelmaps, also what was made since the last call."""
        segmentation = self._node.GetSegmentation()
        for name in DERIVED:
            if segmentation.ContainsRepresentation(name):
                segmentation.RemoveRepresentation(name)
                self._suspended.append(name)

    def resume(self) -> None:
        """Make anew what was removed."""
        names, self._suspended = self._suspended, []
        for name in dict.fromkeys(names):
            self._node.GetSegmentation().CreateRepresentation(name)
