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
        self._outlines = ViewOutlines(dashed=True)
        self._followed: tuple[object, ...] = ()
        self._drawn_in: set[str] = set()

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
        # Called at every tick, while nothing has changed at most of them.
        revision = None if preview is None else preview.revision
        followed = (preview, revision, *views.values(), color_rgb, opacity)
        if followed == self._followed:
            return
        self._followed = followed
        for name in self._drawn_in - views.keys():
            self._hide(name)
        for name, view in views.items():
            plane = view.geometry.plane
            mask = None if preview is None else preview.mask_on(plane)
            grid = None if mask is None else slice_grid(self._volume, plane)
            if mask is None or grid is None:
                self._hide(name)
            else:
                self._outlines.show(mask, grid, view, color_rgb, opacity)
                self._drawn_in.add(name)

    def close(self) -> None:
        """Take all outlines out of the views."""
        self._followed = ()
        self._drawn_in.clear()
        self._outlines.close()

    def _hide(self, name: str) -> None:
        if name in self._drawn_in:
            self._drawn_in.remove(name)
            self._outlines.hide(name)
