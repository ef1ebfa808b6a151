"""From all regions of a look to the best few that differ from each other.

The best is not the region with the highest score, which is often an outlier, but the one that is
expected to overlap most with the true one, where every region is believed to be it by its score.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.region.fronts import Front
from GazeSAMLib.engines.region.spread import FloatArray
from GazeSAMLib.engines.scorer import Scorer

SAME_IOU = 0.6
"""Regions that overlap more than this count as one."""

LOOKED_THROUGH = 60
"""So many of the best regions are compared with each other."""

BELIEF_WIDTH = 0.1
"""Scores that far apart differ in belief by a factor of e."""

RINGS, SPOKES = 24, 28


@dataclass(frozen=True, eq=False)
class Region:
    """One region of a front, with its expected IoU."""

    front: Front
    index: int
    score: float


def best_regions(
    fronts: list[Front],
    scorer: Scorer,
    look: tuple[float, float],
    image_shape: tuple[int, int],
    count: int,
) -> list[Region]:
    """Return up to `count` different regions, best first."""
    if not fronts:
        return []
    raw = scorer.expected_iou(np.concatenate([front.evidence for front in fronts]))
    ends = np.cumsum([len(front.evidence) for front in fronts])
    likely = np.argsort(-raw, kind="stable")[:LOOKED_THROUGH]
    owners = np.searchsorted(ends, likely, side="right")
    indices = likely - ends[owners] + [len(fronts[owner].evidence) for owner in owners]
    rows, columns, areas = _around(look, image_shape)
    smallest = [_smallest_at(front, rows, columns) for front in fronts]
    members = np.array(
        [smallest[owner] <= index for owner, index in zip(owners, indices, strict=True)]
    )
    iou = _pairwise_iou(members, areas)
    belief = np.exp((raw[likely] - raw[likely[0]]) / BELIEF_WIDTH)
    expected = (2.0 * iou / (1.0 + iou)) @ (belief / belief.sum())
    scores = expected / (2.0 - expected) * raw[likely[0]]
    chosen: list[int] = []
    for place in np.argsort(-expected, kind="stable").tolist():
        if all(iou[place, known] < SAME_IOU for known in chosen):
            chosen.append(place)
        if len(chosen) == count:
            break
    return [
        Region(fronts[owners[place]], int(indices[place]), float(scores[place])) for place in chosen
    ]


def _pairwise_iou(members: npt.NDArray[np.bool_], areas: FloatArray) -> FloatArray:
    # Not a matrix product: for so few numbers, a parallel BLAS costs more to start than to use.
    weighted, plain = (members * areas).astype(np.float32), members.astype(np.float32)
    common = np.einsum("ip,jp->ij", weighted, plain)
    own = weighted.sum(axis=1)
    iou: FloatArray = common / np.maximum(own[:, None] + own[None, :] - common, 1e-6)
    return iou


def _around(
    look: tuple[float, float], image_shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return rows, columns and areas of sample points, denser the nearer they are to the look."""
    radius = np.geomspace(1.0, 0.75 * max(image_shape) + 1.0, RINGS)[:, None]
    angle = 2.0 * np.pi * (np.arange(SPOKES)[None, :] + 0.5 * (np.arange(RINGS)[:, None] % 2))
    angle = angle / SPOKES
    rows, columns = look[0] + radius * np.sin(angle), look[1] + radius * np.cos(angle)
    areas = np.repeat(radius**2, SPOKES, axis=1)  # rings are spaced by their radius
    inside = (rows > -0.5) & (rows < image_shape[0] - 0.5)
    inside &= (columns > -0.5) & (columns < image_shape[1] - 0.5)
    return rows[inside], columns[inside], areas[inside]


def _smallest_at(front: Front, rows: FloatArray, columns: FloatArray) -> npt.NDArray[np.intp]:
    """Return the first region of `front` that holds each position."""
    window = front.window
    height, width = window.grey.shape
    row = np.rint((rows + 0.5) / window.scale - 0.5 - window.origin[0]).astype(np.intp)
    column = np.rint((columns + 0.5) / window.scale - 0.5 - window.origin[1]).astype(np.intp)
    beside = (row < 0) | (row >= height) | (column < 0) | (column >= width)
    pixel = np.where(beside, 0, row * width + column)
    return np.where(beside, len(front.evidence), front.family.smallest[pixel])


def several(chosen: list[Region], count: int) -> Iterator[Region]:
    """Yield `count` regions: where fewer differ, the best again, with a score that never wins."""
    for place in range(count):
        if place < len(chosen):
            yield chosen[place]
        else:
            yield replace(chosen[0], score=0.5 * chosen[0].score)
