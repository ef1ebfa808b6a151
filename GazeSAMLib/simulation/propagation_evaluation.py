"""Looks per structure with and without propagation, on one labelled scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from GazeSAMLib.engines.engine import Engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.clicks import Mask
from GazeSAMLib.simulation.layout import arrange, through
from GazeSAMLib.simulation.truth import (
    Structure,
    StructureSlice,
    labels_on,
    layer_points,
    shown_structures,
)
from GazeSAMLib.simulation.volume_reading import Effort, VolumeReader

VOLUME_GOALS = (0.80, 0.90)
LEAST_SLICES = 2


@dataclass(frozen=True, eq=False)
class StructureEffort:
    """What one structure takes.

    Attributes
    ----------
    structure : str
        Its name.
    slices : int
        Slices that show it well enough to be looked at.
    voxels : int
        Its size.
    alone, propagated : dict of float to Effort
        Slice by slice and with propagation, by the Dice that was asked for.
    """

    structure: str
    slices: int
    voxels: int
    alone: dict[float, Effort]
    propagated: dict[float, Effort]

    def factor(self, goal: float) -> float:
        """Return how many times fewer looks propagation takes."""
        return self.alone[goal].looks / max(self.propagated[goal].looks, 1)


def propagation_efforts(
    engine: Engine[Any],
    scan: Scan,
    structures: Sequence[Structure],
    display: DisplayGeometry,
    progress: Progress = silent,
    stored: StoredEmbeddings | None = None,
) -> list[StructureEffort]:
    """Return what each structure takes that at least two slices show well.

    Parameters
    ----------
    engine : Engine
        Answers the looks and follows the structure.
    scan : Scan
        Shown with its default window, its slices as they were acquired.
    structures : sequence of Structure
        The truth.
    display : DisplayGeometry
        On which the reader would look.
    progress : callable
        Told of each structure.
    stored : StoredEmbeddings or None
        The engine's embeddings of the scan, where they are kept.

    Raises
    ------
    ScanError
        If no structure is shown well on at least two slices.
    """
    view = arrange(scan, display).reading
    shown = shown_structures(structures, scan.volume, view)
    cases: dict[int, list[StructureSlice]] = {}
    for case in shown.slices:
        cases.setdefault(id(case.structure), []).append(case)
    wanted = [s for s in structures if len(cases.get(id(s), ())) >= LEAST_SLICES]
    if not wanted:
        raise ScanError(f"no structure is shown well on two slices of {scan.path}")
    planes = [through(view, p).geometry.plane for p in layer_points(scan.volume, view)]
    segmenter = Segmenter(engine, scan.voxels_kji, scan.volume, stored)
    efforts = []
    for number, structure in enumerate(wanted, start=1):
        truth = [_truth_on(structure, scan, plane) for plane in planes]
        reader = VolumeReader(segmenter, scan, planes, truth, cases[id(structure)])
        efforts.append(
            StructureEffort(
                structure.name,
                len(cases[id(structure)]),
                sum(int(np.count_nonzero(mask)) for mask in truth),
                {goal: reader.slice_by_slice(goal) for goal in VOLUME_GOALS},
                {goal: reader.with_propagation(goal) for goal in VOLUME_GOALS},
            )
        )
        progress(f"propagating with {engine.name}", number, len(wanted))
    return efforts


def _truth_on(structure: Structure, scan: Scan, plane: SlicePlane) -> Mask:
    grid = slice_grid(scan.volume, plane)
    if grid is None:
        raise ScanError(f"a slice of {scan.path} lies outside it")
    mask: Mask = labels_on(structure.labels_kji, scan.volume, grid) == structure.value
    return mask
