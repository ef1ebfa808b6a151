"""The steps that the records of a journal make, and repeating them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError, JournalError
from GazeSAMLib.geometry.mask_grid import grid_of_mask
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.journal import JournalRecord, RecordKind
from GazeSAMLib.segmentation.placement import place
from GazeSAMLib.segmentation.segment import (
    Edit,
    Segment,
    SegmentationWriter,
    VoxelPatch,
    merged,
)


@dataclass(frozen=True, eq=False)
class SliceChange:
    """What a step did on one slice.

    Attributes
    ----------
    segment : Segment
        Whose voxels.
    plane : SlicePlane
        In the scan's local RAS.
    mask : ndarray of bool, shape (H, W)
        On the plane's slice image.
    remove : bool
        Whether they were taken away.
    propagated : bool
        Whether nobody has looked at the slice.
    """

    segment: Segment
    plane: SlicePlane
    mask: npt.NDArray[np.bool_]
    remove: bool
    propagated: bool


def steps_of(records: Iterable[JournalRecord]) -> Iterator[tuple[JournalRecord, ...]]:
    """Yield the records of each step, oldest first: of an edit, an undo, a redo, a new name."""
    step: list[JournalRecord] = []
    for record in records:
        if step and not record.same_step:
            yield tuple(step)
            step = []
        step.append(record)
    if step:
        yield tuple(step)


def changes_of(step: Iterable[JournalRecord]) -> list[SliceChange]:
    """Return what a step did to voxels, in order; none for an undo, a redo, a new name."""
    return [
        SliceChange(
            record.segment,
            record.plane,
            record.mask,
            record.kind is RecordKind.REMOVE,
            record.propagated,
        )
        for record in step
        if record.kind in (RecordKind.ACCEPT, RecordKind.REMOVE)
        and record.segment is not None
        and record.plane is not None
        and record.mask is not None
    ]


def restore(
    records: Iterable[JournalRecord], volume: VolumeGeometry, writer: SegmentationWriter
) -> list[Segment]:
    """Repeat all steps in `writer`; return the segments with their last names.

    Raises
    ------
    JournalError
        If a mask does not fit the volume: the journal is of another scan.
    OutputError
        If the segmentation cannot be written to.
    """
    segments: dict[str, Segment] = {}
    for step in steps_of(records):
        segments |= {record.segment.id: record.segment for record in step if record.segment}
        kind, changes = step[0].kind, changes_of(step)
        if kind is RecordKind.UNDO:
            writer.undo()
        elif kind is RecordKind.REDO:
            writer.redo()
        elif changes:
            writer.apply(_edit(changes, volume))
    return list(segments.values())


def _edit(changes: Sequence[SliceChange], volume: VolumeGeometry) -> Edit:
    segment = changes[-1].segment
    added = [_patch(change, volume) for change in changes if not change.remove]
    taken = [_patch(change, volume) for change in changes if change.remove]
    if not added:
        return Edit(segment, merged(taken), remove=True)
    return Edit(segment, merged(added), replaced=merged(taken) if taken else None)


def _patch(change: SliceChange, volume: VolumeGeometry) -> VoxelPatch:
    try:
        grid = grid_of_mask(volume, change.plane, change.mask)
    except GeometryError as error:
        raise JournalError(f"the journal does not fit this scan: {error}") from error
    return place(change.mask, grid, volume)
