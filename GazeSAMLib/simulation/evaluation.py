"""How well an engine segments labelled structures from looks alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from GazeSAMLib.engines.engine import Engine
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice_image import Pixels, sample_slice, to_8bit
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import arrange, image_px_per_deg
from GazeSAMLib.simulation.trial import Condition, Trial, error_in_direction, run_trial
from GazeSAMLib.simulation.truth import (
    ShownStructures,
    Structure,
    StructureSlice,
    shown_structures,
)
from GazeSAMLib.simulation.window import Layout

GAZE_ERRORS_DEG = (0.0, 0.3, 0.5, 1.0, 1.5)

FIXATION_ERROR_DEG = 0.06
"""What a session adds to the tracker's accuracy when it tells an engine how sure the gaze is.

The mean of a fixation of 300 ms whose samples spread by 0.15 degrees, of which those within
50 ms move together.
"""

CONDITIONS = tuple(
    Condition(layout, error_deg) for layout in Layout for error_deg in GAZE_ERRORS_DEG
)


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What is tried.

    Attributes
    ----------
    display : DisplayGeometry
        On which the reader would look.
    slices_per_structure : int or None
        At most so many slices of each structure, drawn; None takes all.
    most_sections : int or None
        At most so many cross-sections in all.
    seed : int
        Of the slices and the gaze errors.
    plain : bool
        Whether engines are asked with plain points, as though the gaze were exact, and their
        candidates taken as they come: what it is to be compared with.
    """

    display: DisplayGeometry
    slices_per_structure: int | None = 3
    most_sections: int | None = None
    seed: int = 0
    plain: bool = False


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All trials of one engine on one scan.

    Attributes
    ----------
    engine : str
        Its name.
    trials : tuple of Trial
        For each structure on each slice one under each condition.
    unseen : tuple of str
        Structures that no slice shows well.
    image_px_per_deg : dict of Layout to float
        Pixels of the slice image in a degree of visual angle.
    plain : bool
        Whether the engine was asked with plain points.
    """

    engine: str
    trials: tuple[Trial, ...]
    unseen: tuple[str, ...]
    image_px_per_deg: dict[Layout, float]
    plain: bool = False


class Evaluator:
    """Tries engines on the labelled structures of one scan, all on the same looks.

    Parameters
    ----------
    scan : Scan
        Shown with its default window.
    structures : sequence of Structure
        The truth.
    options : EvaluationOptions
        What is tried.

    Attributes
    ----------
    shown : ShownStructures
        The structures on the slices that are tried.

    Raises
    ------
    ScanError
        If no slice shows any of the structures well.
    """

    def __init__(
        self, scan: Scan, structures: Sequence[Structure], options: EvaluationOptions
    ) -> None:
        self._scan = scan
        self._display = options.display
        self._plain = options.plain
        self._views = {layout: arrange(scan, options.display, layout).reading for layout in Layout}
        self.shown: ShownStructures = shown_structures(
            structures,
            scan.volume,
            self._views[Layout.ONE_UP],
            per_structure=options.slices_per_structure,
            most=options.most_sections,
            seed=options.seed,
        )
        if not self.shown.slices:
            raise ScanError(f"no slice of {scan.path} shows a labelled structure well enough")
        rng = np.random.default_rng(options.seed)
        self._normals = rng.normal(0.0, 1.0, (len(self.shown.slices), 2)).tolist()

    def evaluate(
        self,
        engine: Engine[Any],
        progress: Progress = silent,
        stored: StoredEmbeddings | None = None,
    ) -> Evaluation:
        """Return all trials of an engine; each slice is embedded once, unless `stored` has it."""
        found: dict[int, list[Trial]] = {}
        for cases in self._by_slice():
            embedding = self._embedding(engine, cases[0][1], stored)
            for number, case in cases:
                found[number] = self._trials(engine, embedding, case, self._normals[number])
                progress(f"evaluating {engine.name}", len(found), len(self.shown.slices))
        trials = [trial for number in sorted(found) for trial in found[number]]
        px_per_deg = {layout: self._px_per_deg(layout, self.shown.slices[0]) for layout in Layout}
        return Evaluation(engine.name, tuple(trials), self.shown.unseen, px_per_deg, self._plain)

    def pixels(self, case: StructureSlice) -> Pixels:
        """Return the slice image as displayed."""
        values = sample_slice(self._scan.voxels_kji, self._scan.volume, case.grid)
        return to_8bit(values, self._scan.window, self._scan.level)

    def _embedding(
        self, engine: Engine[Any], case: StructureSlice, stored: StoredEmbeddings | None
    ) -> Any:  # noqa: ANN401 - each engine's own type
        if stored is None:
            return engine.embed(self.pixels(case))
        key = stored.key(case.grid, self._scan.window, self._scan.level)
        return stored.obtain(key, partial(self.pixels, case))[0]

    def _trials(
        self,
        engine: Engine[Any],
        embedding: Any,  # noqa: ANN401 - each engine's own type
        case: StructureSlice,
        normal_uv: tuple[float, float],
    ) -> list[Trial]:
        trials = []
        for condition in CONDITIONS:
            px_per_deg = self._px_per_deg(condition.layout, case)
            error_uv = error_in_direction(normal_uv, condition.gaze_error_deg, px_per_deg)
            sigma_px = math.hypot(condition.gaze_error_deg, FIXATION_ERROR_DEG) * px_per_deg
            told_px = None if self._plain else sigma_px
            trials.append(run_trial(engine, embedding, case, condition, error_uv, told_px))
        return trials

    def _by_slice(self) -> list[list[tuple[int, StructureSlice]]]:
        groups: dict[int, list[tuple[int, StructureSlice]]] = {}
        for number, case in enumerate(self.shown.slices):
            groups.setdefault(case.layer, []).append((number, case))
        return [groups[layer] for layer in sorted(groups)]

    def _px_per_deg(self, layout: Layout, case: StructureSlice) -> float:
        return image_px_per_deg(self._display, self._views[layout], case.grid)
