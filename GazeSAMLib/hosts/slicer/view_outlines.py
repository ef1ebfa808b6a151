"""One outline for each slice view."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.slice_image import SliceGrid
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.slicer.outline import Outline
from GazeSAMLib.hosts.slicer.views import slice_widget

Color = tuple[float, float, float]


class ViewOutlines:
    """Shows a mask in a slice view by its outline; each lives there until :meth:`close`.

    Parameters
    ----------
    dashed : bool
        Whether the outlines are: of slices that nobody has looked at.
    """

    def __init__(self, *, dashed: bool = False) -> None:
        self._outlines: dict[str, Outline] = {}
        self._dashed = dashed

    def show(
        self,
        mask: npt.NDArray[np.bool_],
        grid: SliceGrid,
        view: SliceView,
        color_rgb: Color,
        opacity: float,
        *,
        at_once: bool = True,
    ) -> None:
        """Show the outline of `mask`, shape ``grid.shape``, in a view, at once if it must be."""
        outline = self._outline(view.name)
        if outline is not None:
            outline.show(mask, grid, view, color_rgb, opacity)
            _render(view.name, at_once=at_once)

    def move(self, view: SliceView) -> None:
        """Follow a view that was zoomed, panned or resized."""
        outline = self._outlines.get(view.name)
        if outline is not None and outline.is_shown:
            outline.move(view)
            _render(view.name)

    def hide(self, name: str) -> None:
        """Show nothing in the view of that name."""
        outline = self._outlines.get(name)
        if outline is not None and outline.is_shown:
            outline.hide()
            _render(name)

    def close(self) -> None:
        """Take all outlines out of the views."""
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
            renderer = window.GetRenderers().GetFirstRenderer()
            self._outlines[name] = Outline(renderer, dashed=self._dashed)
        return self._outlines[name]


def _render(name: str, *, at_once: bool = False) -> None:
    widget = slice_widget(name)
    if widget is None:
        return
    if at_once:  # a reader waits for it: a scheduled one may take 16 ms longer
        widget.sliceView().forceRender()
    else:
        widget.sliceView().scheduleRender()
