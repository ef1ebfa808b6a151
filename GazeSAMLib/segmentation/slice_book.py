"""Which slices of a segment a person has looked at, and which were only propagated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.slice_key import SliceKey, slice_key
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.journal_steps import SliceChange


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


NO_SLICES: Mapping[SliceKey, BookedSlice] = MappingProxyType({})


class SliceBook:
    """The accepted slices of all segments; never changes, `with_changes` gives another book."""

    def __init__(self, slices: Mapping[str, Mapping[SliceKey, BookedSlice]] | None = None) -> None:
        self._slices = slices or {}

    def of(self, segment_id: str) -> Mapping[SliceKey, BookedSlice]:
        """Return the slices of a segment, oldest first."""
        return self._slices.get(segment_id, NO_SLICES)

    def confirmed(self, segment_id: str) -> list[BookedSlice]:
        """Return the slices on which a person accepted something for a segment, newest first."""
        return [known for known in self._filled(segment_id) if known.confirmed]

    def propagated(self, segment_id: str) -> list[BookedSlice]:
        """Return the slices of a segment that nobody has looked at, newest first."""
        return [known for known in self._filled(segment_id) if not known.confirmed]

    def with_changes(self, changes: Iterable[SliceChange], volume: VolumeGeometry) -> "SliceBook":
        """Return the book after one step.

        Parameters
        ----------
        changes : iterable of SliceChange
            What the step did.
        volume : VolumeGeometry
            The scan.
        """
        keyed = [
            (slice_key(change.plane, slice_grid(volume, change.plane)), change)
            for change in changes
        ]
        # What a person accepts lies on one slice of the scan. Where it does not, it was seen
        # through a transform, and no slice of the scan was looked at as a whole.
        if len({key for key, change in keyed if not change.propagated}) > 1:
            return self
        changed = {change.segment.id for _, change in keyed}
        slices = {segment_id: dict(self.of(segment_id)) for segment_id in changed}
        for key, change in keyed:
            of_segment = slices[change.segment.id]
            before = of_segment.pop(key, None)  # the newest comes last
            mask = change.mask
            if before is not None:
                mask = before.mask & ~mask if change.remove else before.mask | mask
            elif change.remove:
                mask = np.zeros_like(mask)
            confirmed = not change.propagated
            of_segment[key] = BookedSlice(key, change.plane, mask, confirmed)
        return SliceBook({**self._slices, **slices})

    def _filled(self, segment_id: str) -> list[BookedSlice]:
        return [known for known in reversed(list(self.of(segment_id).values())) if known.mask.any()]
