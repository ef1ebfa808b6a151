"""How long each labelled structure was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.hosts.cli.research.gaze_table import GazeTable
from GazeSAMLib.hosts.cli.research.slice_gaze import sample_seconds
from GazeSAMLib.simulation.truth import Structure

REST_NAME = "elsewhere on the scan"
BESIDE_NAME = "beside the scan"


@dataclass(frozen=True, slots=True)
class StructureTime:
    """The gaze on one structure.

    Attributes
    ----------
    name : str
        The structure's, or :data:`REST_NAME`, :data:`BESIDE_NAME`.
    seconds : float
        Time during which the filtered gaze fell on it.
    share : float
        Of all time with gaze, 0 to 1.
    fixations : int
        Fixations most of which fell on it.
    visits : int
        Times that the gaze came to it from elsewhere and stayed 100 ms at least.
    first_s : float or None
        When that was first, from the beginning.
    """

    name: str
    seconds: float
    share: float
    fixations: int
    visits: int
    first_s: float | None


_SHORTEST_VISIT_S = 0.1


def structure_times(table: GazeTable, structures: Sequence[Structure]) -> list[StructureTime]:
    """Return the time on each structure, on the rest of the scan and beside it.

    Where structures overlap, the gaze counts for each. A point of gaze counts for the voxel
    that it meets, whatever the tracker's error: of structures smaller than that error, the
    times are too short.

    Parameters
    ----------
    table : GazeTable
        Made with the scan.
    structures : sequence of Structure
        On the scan's grid.
    """
    columns = table.columns
    seconds = np.where(
        np.isfinite(columns["x_filtered_display"]), sample_seconds(columns["t_ns"]), 0.0
    )
    index = np.stack([columns[name] for name in "ijk"], axis=1)
    found = np.isfinite(index).all(axis=1)
    at = np.zeros(index.shape, dtype=np.intp)
    at[found] = np.floor(index[found] + 0.5)
    shape_ijk = structures[0].labels_kji.shape[::-1]
    on_scan = found & ((at >= 0) & (at < shape_ijk)).all(axis=1)
    i, j, k = at[on_scan].T
    rows: list[tuple[str, npt.NDArray[np.bool_]]] = []
    anywhere = np.zeros(len(table), dtype=bool)
    for structure in structures:
        on_it = np.zeros(len(table), dtype=bool)
        on_it[on_scan] = structure.labels_kji[k, j, i] == structure.value
        anywhere |= on_it
        rows.append((structure.name, on_it))
    rows.sort(key=lambda row: -float(seconds[row[1]].sum()))
    rows += [(REST_NAME, on_scan & ~anywhere), (BESIDE_NAME, ~on_scan & (seconds > 0.0))]
    return [_time_on(name, on_it, seconds, table) for name, on_it in rows]


def _time_on(
    name: str,
    on_it: npt.NDArray[np.bool_],
    seconds: npt.NDArray[np.float64],
    table: GazeTable,
) -> StructureTime:
    t_ns, numbers = table.columns["t_ns"], table.columns["fixation"]
    # Lost samples neither begin nor end a visit.
    seen = np.flatnonzero(seconds > 0.0)
    here = on_it[seen]
    starts = np.flatnonzero(here & ~np.concatenate(([False], here[:-1])))
    ends = np.flatnonzero(here & ~np.concatenate((here[1:], [False])))
    visits = [
        int(t_ns[seen[start]])
        for start, end in zip(starts, ends, strict=True)
        if 1e-9 * (t_ns[seen[end]] - t_ns[seen[start]]) >= _SHORTEST_VISIT_S
    ]
    in_fixations = np.bincount(numbers[seen], minlength=len(table.fixations) + 1)[1:]
    on_it_too = np.bincount(numbers[seen[here]], minlength=len(table.fixations) + 1)[1:]
    total_s = float(seconds.sum())
    return StructureTime(
        name=name,
        seconds=round(float(seconds[on_it].sum()), 4),
        share=float(seconds[on_it].sum()) / total_s if total_s > 0.0 else 0.0,
        fixations=int((2 * on_it_too > in_fixations).sum()),
        visits=len(visits),
        first_s=1e-9 * (visits[0] - int(t_ns[0])) if visits else None,
    )
