"""Which slices of a segment a person has looked at, and which were only propagated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_key import SliceKey


@dataclass(frozen=True, eq=False)
class BookedSlice:
    """What was accepted on one slice for one segment.

    Attributes
    ----------
    key : SliceKey
        Which slice.
    plane : SlicePlane
        As it was displayed, in the scan's local RAS.
    mask : ndarray of bool, shape (H, W)
        On the slice image.
    confirmed : bool
        Whether a person looked at it; else it was propagated from another.
    """

    key: SliceKey
    plane: SlicePlane
    mask: npt.NDArray[np.bool_]
    confirmed: bool


class SliceBook:
    """The accepted slices of all segments; never changes, `with_slices` gives another book."""

    def __init__(self, slices: Mapping[str, Mapping[SliceKey, BookedSlice]] | None = None) -> None:
        self._slices = slices or {}

    def of(self, segment_id: str) -> Mapping[SliceKey, BookedSlice]:
        """Return the slices of a segment, oldest first."""
        return self._slices.get(segment_id, {})

    def confirmed(self, segment_id: str) -> list[BookedSlice]:
        """Return the slices on which a person accepted something for a segment, newest first."""
        slices = reversed(list(self.of(segment_id).values()))
        return [known for known in slices if known.confirmed and known.mask.any()]

    def with_slices(self, segment_id: str, slices: Iterable[BookedSlice]) -> "SliceBook":
        """Return the book with these slices, each in place of what was known of it."""
        known = dict(self.of(segment_id))
        for each in slices:
            known.pop(each.key, None)  # the newest comes last
            known[each.key] = each
        return SliceBook({**self._slices, segment_id: known})
