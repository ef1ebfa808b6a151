"""The running preview in the slice view that is looked at."""

from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.slicer.outline import Outline
from GazeSAMLib.hosts.slicer.views import slice_widget
from GazeSAMLib.prompts.look import Look

Color = tuple[float, float, float]


class Preview:
    """Draws the look in the preview as an outline in its view, and nowhere else.

    An outline lives in its view's renderer until :meth:`close`.
    """

    def __init__(self) -> None:
        self._outlines: dict[str, Outline] = {}
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
            self._hide(before.hit.view.name)
        if look is None or view is None or look.mask is None:
            return before is not None
        outline = self._outline(view.name)
        if outline is not None:
            outline.show(look.mask, look.hit.grid, view, color_rgb, opacity)
            _render(view.name, at_once=True)
        return True

    def move(self, view: SliceView) -> None:
        """Follow a view that was zoomed, panned or resized."""
        if self._shown is not None and self._shown.hit.view.name == view.name:
            self._outlines[view.name].move(view)
            _render(view.name)

    def close(self) -> None:
        """Take all outlines out of the views."""
        self._shown = None
        for name, outline in self._outlines.items():
            outline.remove()
            _render(name)
        self._outlines.clear()

    def _outline(self, name: str) -> Outline | None:
        if name not in self._outlines:
            widget = slice_widget(name)
            if widget is None:
                return None
            window = widget.sliceView().renderWindow()
            self._outlines[name] = Outline(window.GetRenderers().GetFirstRenderer())
        return self._outlines[name]

    def _hide(self, name: str) -> None:
        if name in self._outlines:
            self._outlines[name].hide()
            _render(name)


def _render(name: str, *, at_once: bool = False) -> None:
    widget = slice_widget(name)
    if widget is None:
        return
    if at_once:  # a reader waits for it: a scheduled one may take 16 ms longer
        widget.sliceView().forceRender()
    else:
        widget.sliceView().scheduleRender()
