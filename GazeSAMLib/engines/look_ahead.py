"""Which slices may be looked at next: those next to the ones on screen, nearest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry

MOST_PER_SIDE = 10_000

# Of the slices in the direction of scrolling so many come before one on the other side.
_AHEAD_PER_BEHIND = 3


@dataclass(frozen=True, eq=False, slots=True)
class ViewAhead:
    """A slice view, and its neighbouring slices that may be looked at next.

    Attributes
    ----------
    plane : SlicePlane
        What it shows, in the scan's local RAS.
    step_mm : float
        From a slice to the next along the plane's normal; positive.
    before, after : int
        How many neighbours there are against the normal, and along it.
    direction : int
        Where the reader scrolls: +1 along the normal, -1 against it, 0 where nobody knows.
    """

    plane: SlicePlane
    step_mm: float
    before: int
    after: int
    direction: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class LookAhead:
    """Embed these slices while there is nothing else to do; a newer one takes its place.

    Attributes
    ----------
    number : int
        Grows with every one of a host.
    views : tuple of ViewAhead
        Those on screen; none ends it.
    window, level : float
        As displayed.
    paused : bool
        Whether to wait until a newer one says otherwise.
    """

    number: int
    views: tuple[ViewAhead, ...]
    window: float
    level: float
    paused: bool = False


def view_ahead(volume: VolumeGeometry, plane: SlicePlane, direction: int = 0) -> ViewAhead:
    """Return a view of a scan with all its neighbouring slices.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    plane : SlicePlane
        What the view shows, local RAS.
    direction : int
        See :class:`ViewAhead`.
    """
    # As Slicer steps through slices (vtkMRMLSliceLogic::GetVolumeSliceSpacing).
    step_mm = float(abs(plane.normal @ volume.axes_mm.sum(axis=1)))
    if step_mm < 1e-3 * min(volume.spacing_mm):
        step_mm = min(volume.spacing_mm)
    bits = np.indices((2, 2, 2)).reshape(3, -1).T
    corners = apply(volume.local_ras_from_ijk, bits * np.array(volume.shape_ijk) - 0.5)
    distances_mm = (corners - plane.origin_local_ras) @ plane.normal
    before, after = (
        min(max(int(extent_mm / step_mm), 0), MOST_PER_SIDE)
        for extent_mm in (-distances_mm.min(), distances_mm.max())
    )
    return ViewAhead(plane, step_mm, before, after, direction)


def planes_ahead(views: Sequence[ViewAhead]) -> Iterator[SlicePlane]:
    """Yield the planes on screen, then their neighbours outward, the views taking turns.

    In the direction of scrolling it goes ahead faster than in the other.
    """
    turns = [_offsets(view) for view in views]
    while turns:
        going = []
        for view, offsets in zip(views, turns, strict=True):
            offset = next(offsets, None)
            going.append(offset is not None)
            if offset is not None:
                yield moved(view.plane, offset * view.step_mm)
        views = [view for view, goes in zip(views, going, strict=True) if goes]
        turns = [offsets for offsets, goes in zip(turns, going, strict=True) if goes]


def count_ahead(views: Sequence[ViewAhead]) -> int:
    """Return how many planes :func:`planes_ahead` yields."""
    return sum(1 + view.before + view.after for view in views)


def moved(plane: SlicePlane, distance_mm: float) -> SlicePlane:
    """Return the parallel plane at a distance along the normal."""
    origin = plane.origin_local_ras + distance_mm * plane.normal
    return SlicePlane(origin, plane.row_direction, plane.column_direction)


def _offsets(view: ViewAhead) -> Iterator[int]:
    """Yield 0, then the steps to the neighbours, nearest first."""
    yield 0
    ahead, behind = iter(range(1, view.after + 1)), iter(range(-1, -view.before - 1, -1))
    if view.direction < 0:
        ahead, behind = behind, ahead
    per_turn = _AHEAD_PER_BEHIND if view.direction else 1
    while True:
        turn = [step for _, step in zip(range(per_turn), ahead, strict=False)]
        turn += [step for _, step in zip(range(1), behind, strict=False)]
        if not turn:
            return
        yield from turn
