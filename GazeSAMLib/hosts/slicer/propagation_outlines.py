"""What a propagation has found, outlined in every view that shows one of its slices."""

from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.view_outlines import Color, ViewOutlines
from GazeSAMLib.segmentation.propagation_preview import PropagationPreview


class PropagationOutlines:
    """Draws the slices found, until they are accepted or dropped.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    """

    def __init__(self, volume: VolumeGeometry) -> None:
        self._volume = volume
        self._outlines = ViewOutlines()
        self._drawn: dict[str, tuple[object, ...]] = {}

    def follow(
        self,
        preview: PropagationPreview | None,
        views: dict[str, SliceView],
        color_rgb: Color,
        opacity: float,
    ) -> None:
        """Bring the outlines up to date.

        Parameters
        ----------
        preview : PropagationPreview or None
            What was found.
        views : dict
            The views as they are now, by layout name.
        color_rgb : tuple of float
            Of the segment.
        opacity : float
            0 to 1.
        """
        for name in [name for name in self._drawn if preview is None or name not in views]:
            self._hide(name)
        if preview is None:
            return
        for name, view in views.items():
            plane = view.geometry.plane
            mask = preview.mask_on(plane)
            grid = None if mask is None else slice_grid(self._volume, plane)
            if mask is None or grid is None:
                self._hide(name)
                continue
            style = (id(mask), id(view), color_rgb, opacity)
            if self._drawn.get(name, ())[:4] != style:
                self._outlines.show(mask, grid, view, color_rgb, opacity)
                self._drawn[name] = (*style, mask, view)  # which keeps the identities theirs

    def close(self) -> None:
        """Take all outlines out of the views."""
        self._drawn.clear()
        self._outlines.close()

    def _hide(self, name: str) -> None:
        if self._drawn.pop(name, None) is not None:
            self._outlines.hide(name)
