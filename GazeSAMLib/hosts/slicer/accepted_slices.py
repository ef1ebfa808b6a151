"""The slices accepted for the current segment: which were looked at, and which propagated."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import vtk

from GazeSAMLib.geometry.affine import apply, invert
from GazeSAMLib.geometry.anatomy import name_across, position_along
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid
from GazeSAMLib.geometry.slice_key import SliceKey, slice_key
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.slicer.session_parts import SessionParts
from GazeSAMLib.hosts.slicer.view_outlines import ViewOutlines
from GazeSAMLib.hosts.slicer.views import go_to_plane
from GazeSAMLib.segmentation.slice_book import NO_SLICES, BookedSlice

PARALLEL = 0.9999  # cosine
BLACK = (0.0, 0.0, 0.0)  # between the dashes Slicer's own line is seen, in the segment's colour


@dataclass(frozen=True, slots=True)
class SlicePlace:
    """Where a slice lies.

    Attributes
    ----------
    told : str
        Orientation and position, for people.
    order : tuple of float
        Sorts slices as they are read.
    """

    told: str
    order: tuple[float, float]


class AcceptedSlices:
    """Breaks the outline of propagated slices into dashes, wherever one is shown.

    Slices that were looked at stay as Slicer draws them.

    Parameters
    ----------
    parts : SessionParts
        The session.
    """

    def __init__(self, parts: SessionParts) -> None:
        self._parts = parts
        self._outlines = ViewOutlines(dashed=True)
        self._followed: tuple[object, ...] = ()
        self._views: Mapping[str, SliceView] = {}
        self._drawn: dict[str, BookedSlice] = {}

    @property
    def known(self) -> Mapping[SliceKey, BookedSlice]:
        """The slices of the current segment; another mapping whenever they have changed."""
        editor = self._parts.session.editor
        return editor.book.of(editor.current.id) if editor.follows_slices else NO_SLICES

    def follow(self, views: Mapping[str, SliceView], opacity: float) -> None:
        """Bring the outlines up to date.

        Parameters
        ----------
        views : mapping
            The views as they are now, by layout name.
        opacity : float
            0 to 1.
        """
        # Called some twenty times a second, while nothing has changed at most of them.
        editor = self._parts.session.editor
        drawn = self._drawn_by_slicer()
        style = (editor.current.id, opacity, drawn)
        followed = (style, editor.book, *views.values())
        if followed == self._followed:
            return
        restyled = self._followed[:1] != (style,)
        self._followed, self._views = followed, dict(views)
        known = self.known if drawn is not None else NO_SLICES
        for name in self._drawn.keys() - views.keys():
            self._hide(name)
        for name, view in views.items():
            found, grid = self._propagated_in(view, known)
            if found is None or grid is None:
                self._hide(name)
            elif found is self._drawn.get(name) and not restyled:
                self._outlines.move(view)
            else:
                self._drawn[name] = found
                self._outlines.show(found.mask, grid, view, BLACK, opacity, at_once=False)

    def place_of(self, known: BookedSlice) -> SlicePlace:
        """Return where in the world a slice lies."""
        local_ras_from_ras = self._parts.scene_volume.local_ras_from_ras
        if local_ras_from_ras is None:
            local_ras_from_ras = np.eye(4)
        normal = known.plane.normal @ local_ras_from_ras[:3, :3]
        normal /= np.linalg.norm(normal)
        point_ras = apply(invert(local_ras_from_ras), known.plane.origin_local_ras)
        axis = int(np.abs(normal).argmax())
        told = f"{name_across(normal)}, {position_along(normal, point_ras)}"
        return SlicePlace(told, (-axis, -float(point_ras[axis])))

    def go_to(self, known: BookedSlice) -> bool:
        """Show a slice in the first view of its orientation; false where there is none."""
        for name, view in self._views.items():
            if abs(float(view.geometry.plane.normal @ known.plane.normal)) > PARALLEL:
                go_to_plane(name, known.plane, self._parts.scene_volume)
                return True
        return False

    def close(self) -> None:
        """Take all outlines out of the views."""
        self._followed = ()
        self._drawn.clear()
        self._outlines.close()

    def _propagated_in(
        self, view: SliceView, known: Mapping[SliceKey, BookedSlice]
    ) -> tuple[BookedSlice | None, SliceGrid | None]:
        if not known:
            return None, None
        plane = view.geometry.plane
        grid = slice_grid(self._parts.scene_volume.volume, plane)
        found = known.get(slice_key(plane, grid))
        return (None if found is None or found.confirmed else found), grid

    def _drawn_by_slicer(self) -> "vtk.vtkDataObject | None":
        """Return what Slicer draws of the segment; None while it is hidden.

        Where that is another object, Slicer draws it over all that is in the view.
        """
        node, segment_id = self._parts.writer.node, self._parts.session.editor.current.id
        display, segment = node.GetDisplayNode(), node.GetSegmentation().GetSegment(segment_id)
        if display is None or segment is None or not display.GetVisibility():
            return None
        in_slices = display.GetVisibility2DOutline() or display.GetVisibility2DFill()
        if not (in_slices and display.GetSegmentVisibility(segment_id)):
            return None
        return segment.GetRepresentation(display.GetDisplayRepresentationName2D())

    def _hide(self, name: str) -> None:
        if self._drawn.pop(name, None) is not None:
            self._outlines.hide(name)
