"""The running preview in the slice view that is looked at."""

from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.slicer.view_outlines import Color, ViewOutlines
from GazeSAMLib.prompts.look import Look


class Preview:
    """Draws the look in the preview as an outline in its view, and nowhere else."""

    def __init__(self) -> None:
        self._outlines = ViewOutlines()
        self._shown: Look | None = None
        self._style: tuple[Color, float] = ((1.0, 1.0, 1.0), 1.0)

    @property
    def look(self) -> Look | None:
        """The look whose outline is on screen."""
        return self._shown

    def follow(
        self, look: Look | None, views: dict[str, SliceView], color_rgb: Color, opacity: float
    ) -> bool:
        """Show the outline of `look`, or none; return whether anything has changed.

        Parameters
        ----------
        look : Look or None
            The session's preview.
        views : dict
            The views as they are now, by layout name.
        color_rgb : tuple of float
            Of the current segment.
        opacity : float
            0 to 1.
        """
        style = (color_rgb, opacity)
        if look is self._shown and style == self._style:
            return False
        view = None if look is None else views.get(look.hit.view.name)
        before = self._shown
        self._shown, self._style = look if view is not None else None, style
        if before is not None and (view is None or before.hit.view.name != view.name):
            self._outlines.hide(before.hit.view.name)
        if look is None or view is None or look.mask is None:
            return before is not None
        self._outlines.show(look.mask, look.hit.grid, view, color_rgb, opacity)
        return True

    def move(self, view: SliceView) -> None:
        """Follow a view that was zoomed, panned or resized."""
        if self._shown is not None and self._shown.hit.view.name == view.name:
            self._outlines.move(view)

    def close(self) -> None:
        """Take all outlines out of the views."""
        self._shown = None
        self._outlines.close()
