"""A propagation that the reader looks through before it is accepted: nothing is written yet."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.messages import Propagate, Propagated, PropagationEnded
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.slice_key import SliceKey, slice_key
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.segment import Segment


class PropagationPreview:
    """The slices found so far, from one accepted slice both ways.

    Parameters
    ----------
    order : Propagate
        What was asked.
    segment : Segment
        That the structure belongs to.
    volume : VolumeGeometry
        The scan.

    Attributes
    ----------
    order, segment
        As given.
    running : bool
        Whether more slices may come.
    reasons : tuple of str
        Why it went no further, along the normal and against it; empty while it runs or where
        it was stopped.
    revision : int
        Another one whenever other slices stand.
    """

    def __init__(self, order: Propagate, segment: Segment, volume: VolumeGeometry) -> None:
        self.order, self.segment = order, segment
        self.running = True
        self.reasons: tuple[str, ...] = ()
        self.revision = 0
        self._volume = volume
        self._found: dict[SliceKey, Propagated] = {}
        self._closed: set[int] = set()  # directions that were cut

    def __len__(self) -> int:
        return len(self._found)

    def take(self, said: Propagated | PropagationEnded) -> bool:
        """Take in one more slice, or the end; false where it belongs to another propagation."""
        if said.number != self.order.number:
            return False
        if isinstance(said, PropagationEnded):
            self.running, self.reasons = False, said.reasons
        elif said.direction not in self._closed:
            self._found[self._key(said.found.plane)] = said
            self.revision += 1
        return True

    def cut(self, planes: Iterable[SlicePlane]) -> int:
        """Drop the first of these slices that was found, and all beyond it; return how many."""
        keys = map(self._key, planes)
        cut = next((self._found[key] for key in keys if key in self._found), None)
        if cut is None:
            return 0
        dropped = [
            key
            for key, said in self._found.items()
            if said.direction == cut.direction and self._away_mm(said) >= self._away_mm(cut)
        ]
        for key in dropped:
            del self._found[key]
        self._closed.add(cut.direction)
        self.revision += 1
        return len(dropped)

    def mask_on(self, plane: SlicePlane) -> npt.NDArray[np.bool_] | None:
        """Return the mask found on the slice that a plane shows; None where there is none."""
        said = self._found.get(self._key(plane))
        return None if said is None else said.found.mask

    def masks(self) -> list[PlaneMask]:
        """Return all masks, in the order in which they were found."""
        return [said.found for said in self._found.values()]

    def _away_mm(self, said: Propagated) -> float:
        """Return how far a slice lies from the newest seed."""
        newest = self.order.seeds[0].plane
        offset_mm = said.found.plane.origin_local_ras - newest.origin_local_ras
        return abs(float(newest.normal @ offset_mm))

    def _key(self, plane: SlicePlane) -> SliceKey:
        return slice_key(plane, slice_grid(self._volume, plane))
