"""Fronts that spread over a window, and the nested regions that they make.

Arrival times are shortest paths from the seeds (Dijkstra) on the graph of neighbouring pixels.
With points that are not part of the structure a second front starts from these, and each pixel
goes to the front that reaches it first (as in a watershed from markers).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]

SMALLEST, LARGEST_SHARE, COUNT = 6, 0.85, 24
"""A family's regions: the smallest in pixels, the largest as a share of the window, how many."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The graph of an h x w window: each pixel with its neighbours right and below.

    Attributes
    ----------
    first, second : ndarray, shape (edges,)
        The two pixels of each edge.
    indptr, indices, edge_of : ndarray
        The same graph, both ways, in compressed rows; `edge_of` finds an entry's edge.
    """

    first: IndexArray
    second: IndexArray
    indptr: npt.NDArray[np.int32]
    indices: npt.NDArray[np.int32]
    edge_of: IndexArray


@lru_cache(maxsize=32)
def grid_of(height: int, width: int) -> Grid:
    """Return the graph of a window of that size."""
    index = np.arange(height * width).reshape(height, width)
    first = np.concatenate((index[:, :-1].ravel(), index[:-1].ravel()))
    second = np.concatenate((index[:, 1:].ravel(), index[1:].ravel()))
    rows, columns = np.concatenate((first, second)), np.concatenate((second, first))
    order = np.lexsort((columns, rows))
    counts = np.bincount(rows, minlength=height * width)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return Grid(first, second, indptr, columns[order].astype(np.int32), order % len(first))


@dataclass(frozen=True, eq=False)
class Family:
    """The nested regions of one front.

    Attributes
    ----------
    arrival : ndarray, shape (pixels,)
        Arrival time; infinite where the other front came first.
    counts : ndarray, shape (regions,)
        Pixels of each region, rising.
    limits : ndarray, shape (regions,)
        Arrival time up to which a pixel belongs to each region.
    smallest : ndarray, shape (pixels,)
        The first region that holds each pixel; the number of regions where none does.
    """

    arrival: FloatArray
    counts: IndexArray
    limits: FloatArray
    smallest: IndexArray


@lru_cache(maxsize=256)
def _counts(reached: int) -> IndexArray:
    """Return the sizes of a family's regions where a front has reached so many pixels."""
    smallest, largest = min(SMALLEST, reached - 1), max(SMALLEST + 2, int(LARGEST_SHARE * reached))
    if smallest < 1:
        return np.empty(0, dtype=np.intp)
    counts = np.unique(np.geomspace(smallest, largest, COUNT).astype(np.intp))
    return counts[counts < reached]


def spread(costs: FloatArray, grid: Grid, seeds: IndexArray, against: IndexArray) -> Family | None:
    """Return the regions of the front from `seeds`; None where they are too few to choose from.

    Parameters
    ----------
    costs : ndarray, shape (edges,)
        What it costs the front to cross each edge; above zero.
    grid : Grid
        The window's graph.
    seeds, against : ndarray of int
        Pixels where the front and its rival start; `against` may be empty.
    """
    pixels = len(grid.indptr) - 1
    graph = csr_matrix((costs[grid.edge_of], grid.indices, grid.indptr), shape=(pixels, pixels))
    arrival: FloatArray = dijkstra(graph, indices=seeds, min_only=True)
    reached = pixels
    if len(against):
        rival = dijkstra(graph, indices=against, min_only=True)
        arrival = np.where(rival <= arrival, np.inf, arrival)
        reached = int(np.isfinite(arrival).sum())
    order = np.argsort(arrival, kind="stable")
    counts = _counts(reached)
    if len(counts) < 4:
        return None
    steps = np.diff(np.concatenate(([0], counts, [pixels])))
    first_region = np.empty(pixels, dtype=np.intp)
    first_region[order] = np.repeat(np.arange(len(counts) + 1), steps)
    sorted_arrival = arrival[order]
    limits = 0.5 * (sorted_arrival[counts - 1] + sorted_arrival[counts]) + 1e-9
    return Family(arrival, counts, limits, first_region)
