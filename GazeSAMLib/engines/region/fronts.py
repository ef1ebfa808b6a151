"""All fronts of a look: at every level of the pyramid, by two costs, from one or more places."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.region.evidence import AGREEMENT, agreement, describe, grey_around, noise_of
from GazeSAMLib.engines.region.points import Points, pixels_of
from GazeSAMLib.engines.region.pyramid import Image, Window, window_at
from GazeSAMLib.engines.region.spread import Family, FloatArray, Grid, grid_of, spread

MOST_UNSURE = 6.0
"""A window whose pixels are finer than this share of the look's deviation tells nothing."""

BESIDE = 1.2
"""How far beside an uncertain look further fronts start, in its standard deviation."""


@dataclass(frozen=True, eq=False)
class Front:
    """A front in a window, and the evidence for each of its regions."""

    window: Window
    family: Family
    evidence: FloatArray


def all_fronts(levels: tuple[Image, ...], points: Points) -> list[Front]:
    """Return the fronts in all windows that hold the points to add; at least the coarsest."""
    fronts: list[Front] = []
    for level, image in enumerate(levels):
        window = window_at(image, level, *points.look)
        held = all(window.holds(row, column) for row, column in points.add.tolist())
        fits = held and points.sigma_px <= MOST_UNSURE * window.scale
        if min(window.grey.shape) >= 3 and (fits or level == len(levels) - 1):
            fronts += _fronts_in(window, points, (levels[0].shape[0], levels[0].shape[1]))
    return fronts


def _fronts_in(window: Window, points: Points, image_shape: tuple[int, int]) -> list[Front]:
    height, width = window.grey.shape
    grid = grid_of(height, width)
    grey = window.grey.ravel().astype(np.float64)
    seeds = pixels_of(points.add, window)
    held = [window.holds(row, column) for row, column in points.not_this.tolist()]
    against = np.setdiff1d(pixels_of(points.not_this[held], window), seeds)
    look, noise = window.position(*points.look), noise_of(window)
    fronts: list[Front] = []
    central: list[Family] = []
    for starts, offset in _starts(window, points, seeds):
        seed = window.nearest(*points.look) if offset == 0.0 else divmod(int(starts[0]), width)
        for costs in _costs(grey, grid, grey_around(window.grey, starts), both=offset == 0.0):
            family = spread(costs, grid, starts, against)
            if family is None:
                continue
            evidence = describe(
                window, family, grid, seed=seed, look=look, noise=noise, sigma_px=points.sigma_px,
                seed_offset=offset, image_shape=image_shape,
            )  # fmt: skip
            fronts.append(Front(window, family, evidence))
            if offset == 0.0:
                central.append(family)
    for front in fronts:
        others = [family for family in central if family is not front.family]
        if others:
            agreed = [agreement(front.family, other) for other in others]
            front.evidence[:, AGREEMENT] = np.mean(agreed, axis=0)
    return fronts


def _starts(
    window: Window, points: Points, seeds: npt.NDArray[np.intp]
) -> Iterator[tuple[npt.NDArray[np.intp], float]]:
    """Yield the pixels where a front starts, and how far from the look, in its deviation.

    A single uncertain look also starts beside itself, where the true point may be.
    """
    yield seeds, 0.0
    sigma = points.sigma_px / window.scale
    if len(seeds) > 1 or not 1.0 <= sigma < 2.0:  # on one level, which the deviation suits
        return
    height, width = window.grey.shape
    row, column = window.position(*points.look)
    for quarter in range(4):
        angle = 0.5 * np.pi * quarter + window.level
        at_row = round(row + BESIDE * sigma * np.sin(angle))
        at_column = round(column + BESIDE * sigma * np.cos(angle))
        pixel = at_row * width + at_column
        if 0 <= at_row < height and 0 <= at_column < width and pixel != seeds[0]:
            yield np.array([pixel]), BESIDE


def _costs(grey: FloatArray, grid: Grid, seed_grey: float, *, both: bool) -> Iterator[FloatArray]:
    """Yield what it costs to cross each edge: its contrast, then also the distance in grey."""
    one, other = grey[grid.first], grey[grid.second]
    contrast = np.abs(one - other)
    yield 0.1 + contrast
    if both:
        yield 1.0 + contrast / 4.0 + np.abs(0.5 * (one + other) - seed_grey) / 8.0
