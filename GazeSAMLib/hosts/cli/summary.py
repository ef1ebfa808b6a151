"""What a run gave, as numbers: for the table, the JSON and the report."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from GazeSAMLib import __version__
from GazeSAMLib.geometry.anatomy import axes_letters
from GazeSAMLib.hosts.cli.gaze_path import GazeQuality
from GazeSAMLib.hosts.cli.replaying import Replayed
from GazeSAMLib.hosts.cli.timing import Figures, figures
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.slice_book import SliceBook


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """A scan in numbers; nothing that names a patient."""

    path: str
    name: str
    modality: str
    size_ijk: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    axes: str
    window: float
    level: float
    digest: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """One segment of the result; `slices` counts those looked at and those propagated."""

    name: str
    color: str
    accepted_steps: int
    slices: int
    slices_propagated: int
    voxels: int
    volume_ml: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in numbers."""

    version: str
    complete: bool
    scan: ScanFacts
    recording: GazeQuality
    engine: str
    outputs: tuple[str, ...]
    segments: tuple[SegmentFacts, ...]
    accepted_steps: int
    propagations: int
    undone_steps: int
    fixations: int
    seconds: float
    embed_ms: Figures
    decode_ms: Figures
    chain_us: Figures
    notices: dict[str, int]
    notes: tuple[str, ...]

    @property
    def accepted_looks(self) -> int:
        """How many accepted steps were a look each."""
        return self.accepted_steps - self.propagations

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; what was not measured is null."""
        values: dict[str, Any] = _without_nan(asdict(self))
        return values


def scan_facts(scan: Scan, digest: str) -> ScanFacts:
    """Return what is to be told of a scan."""
    volume = scan.volume
    i_mm, j_mm, k_mm = (round(mm, 4) for mm in volume.spacing_mm)
    return ScanFacts(
        path=str(scan.path),
        name=scan.name,
        modality=scan.modality,
        size_ijk=volume.shape_ijk,
        spacing_mm=(i_mm, j_mm, k_mm),
        axes=axes_letters(volume.local_ras_from_ijk),
        window=scan.window,
        level=scan.level,
        digest=digest,
        notes=scan.notes,
    )


def summarise(
    scan: ScanFacts,
    labelmap: Labelmap,
    voxel_ml: float,
    replayed: Replayed,
    book: SliceBook,
    *,
    engine: str,
    outputs: Sequence[Path],
    notes: Sequence[str],
) -> Summary:
    """Return the summary of a replay."""
    trace, timing = replayed.trace, replayed.timing
    return Summary(
        version=__version__,
        complete=replayed.is_whole,
        scan=scan,
        recording=trace.gaze.quality(),
        engine=engine,
        outputs=tuple(map(str, outputs)),
        segments=_segment_facts(labelmap, voxel_ml, replayed, book),
        accepted_steps=len(trace.steps),
        propagations=sum(bool(accepted.step.propagated) for accepted in trace.steps),
        undone_steps=trace.undone,
        fixations=len(trace.fixations),
        seconds=round(timing.total_s, 3),
        embed_ms=figures(timing.embed_ms),
        decode_ms=figures(timing.decode_ms),
        chain_us=figures(timing.chain_us),
        notices=dict(trace.notices),
        notes=tuple(notes),
    )


def _segment_facts(
    labelmap: Labelmap, voxel_ml: float, replayed: Replayed, book: SliceBook
) -> tuple[SegmentFacts, ...]:
    most = len(labelmap.segments) + 1
    # Layer by layer: counting makes a copy of eight bytes a voxel.
    counts = np.zeros(most, dtype=np.int64)
    for layer in labelmap.labels_kji:
        counts += np.bincount(layer.ravel(), minlength=most)
    facts = []
    for number, segment in enumerate(labelmap.segments, start=1):
        steps = [
            accepted
            for accepted in replayed.trace.steps
            if accepted.step.edit.segment.id == segment.id
        ]
        voxels = int(counts[number])
        propagated = len(book.propagated(segment.id))
        red, green, blue = (round(255 * part) for part in segment.color_rgb)
        facts.append(
            SegmentFacts(
                name=segment.name,
                color=f"#{red:02x}{green:02x}{blue:02x}",
                accepted_steps=len(steps),
                slices=len(book.confirmed(segment.id)) + propagated,
                slices_propagated=propagated,
                voxels=voxels,
                volume_ml=round(voxels * voxel_ml, 4),
            )
        )
    return tuple(facts)


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
