"""The slices of a finished job, in the order in which they are read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from GazeSAMLib.geometry.anatomy import reading_order
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid
from GazeSAMLib.geometry.slice_key import SliceKey
from GazeSAMLib.hosts.cli.trace import AcceptedStep
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.segment import Segment
from GazeSAMLib.segmentation.slice_book import SliceBook


@dataclass(eq=False)
class AcceptedSlice:
    """A slice on which something was accepted.

    Attributes
    ----------
    key : SliceKey
        Which slice.
    plane : SlicePlane
        As it was displayed last.
    grid : SliceGrid
        Its slice image.
    window, level : float
        As displayed last; where nobody looked, as on the slice that was looked at last.
    steps : list of AcceptedStep
        The looks that were accepted here.
    propagated : frozenset of str
        Ids of the segments that were propagated onto it, and that nobody looked at here.
    """

    key: SliceKey
    plane: SlicePlane
    grid: SliceGrid
    window: float
    level: float
    steps: list[AcceptedStep] = field(default_factory=list)
    propagated: frozenset[str] = frozenset()


def accepted_slices(
    steps: Iterable[AcceptedStep], book: SliceBook, segments: Iterable[Segment], scan: Scan
) -> list[AcceptedSlice]:
    """Return the slices: axial ones first, from head to feet, then the others.

    Parameters
    ----------
    steps : iterable of AcceptedStep
        What was accepted and not undone, in order.
    book : SliceBook
        Which slices are accepted in the end, and how.
    segments : iterable of Segment
        Those that may be in the book.
    scan : Scan
        What was segmented.
    """
    slices: dict[SliceKey, AcceptedSlice] = {}
    window, level = scan.window, scan.level
    for accepted in steps:
        look, key = accepted.step.look, accepted.slice_key
        if look is None or key is None:
            continue
        view = look.hit.view
        window, level = view.window, view.level
        before = slices.get(key)
        shown = AcceptedSlice(key, look.hit.plane, look.hit.grid, window, level)
        shown.steps = [*([] if before is None else before.steps), accepted]
        slices[key] = shown
    for segment in segments:
        for known in (*book.confirmed(segment.id), *book.propagated(segment.id)):
            grid = slice_grid(scan.volume, known.plane)
            if grid is None:
                continue
            made = AcceptedSlice(known.key, known.plane, grid, window, level)
            shown = slices.setdefault(known.key, made)
            if not known.confirmed:
                shown.propagated |= {segment.id}
    return sorted(slices.values(), key=lambda shown: reading_order(shown.grid, shown.plane))
