"""What speaks for a region being a structure: 27 numbers for each region of a family.

Size, contrast along the edge, homogeneity, shape, how stable the region is as the front goes on,
how far from the look it lies, and whether fronts with other costs found it too.
"""

from functools import lru_cache
from statistics import median

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.region.pyramid import Window
from GazeSAMLib.engines.region.spread import Family, FloatArray, Grid

AGREEMENT = 23
"""Column of the agreement with other fronts, filled in once all fronts are known."""


def noise_of(window: Window) -> float:
    """Return a robust estimate of the grey values' noise, from second mixed differences."""
    grey = window.grey
    mixed = np.abs(grey[1:, 1:] - grey[:-1, 1:] - grey[1:, :-1] + grey[:-1, :-1])
    return max(0.5, 0.74 * float(np.median(mixed)))


@lru_cache(maxsize=64)
def _layout(
    height: int, width: int, at_border: tuple[bool, bool, bool, bool]
) -> tuple[FloatArray, ...]:
    """Return per pixel: row, column, their products, its sides on image and window border."""
    row, column = np.divmod(np.arange(height * width, dtype=np.float64), width)
    on_image, on_window = np.zeros((height, width)), np.zeros((height, width))
    sides = (np.s_[0, :], np.s_[-1, :], np.s_[:, 0], np.s_[:, -1])
    for side, is_image in zip(sides, at_border, strict=True):
        (on_image if is_image else on_window)[side] += 1.0  # type: ignore[index]
    return (
        row,
        column,
        row * row,
        column * column,
        row * column,
        on_image.ravel(),
        on_window.ravel(),
    )


def describe(
    window: Window,
    family: Family,
    grid: Grid,
    *,
    seed: tuple[int, int],
    look: tuple[float, float],
    noise: float,
    sigma_px: float,
    seed_offset: float,
    image_shape: tuple[int, int],
) -> FloatArray:
    """Return the evidence for each region of `family`, shape (regions, 27).

    Parameters
    ----------
    window, family, grid
        The window, its front and its graph.
    seed : (int, int)
        Row and column in the window from which the front started.
    look : (float, float)
        The look in the window, continuous.
    noise : float
        Of the window's grey values.
    sigma_px : float
        How far the true point may lie, pixels of the slice image.
    seed_offset : float
        How far the seed lies from the look, in `sigma_px`.
    image_shape : (int, int)
        Size of the slice image.
    """
    height, width = window.grey.shape
    grey = window.grey.ravel().astype(np.float64)
    area = family.counts.astype(np.float64)
    regions = np.arange(len(area))
    layout = _layout(height, width, window.at_border)
    per_pixel = (*layout, grey, grey * grey)
    sums = np.stack(
        [np.bincount(family.smallest, values, len(area) + 1) for values in per_pixel], axis=1
    )[:-1].cumsum(axis=0)
    means = sums / area[:, None]
    mean_row, mean_column, mean_grey = means[:, 0], means[:, 1], means[:, 7]
    spread = np.sqrt(np.maximum(means[:, 8] - mean_grey**2, 0.0))
    var_row = means[:, 2] - mean_row**2 + 1 / 12
    var_column = means[:, 3] - mean_column**2 + 1 / 12
    covariance = means[:, 4] - mean_row * mean_column
    determinant = np.maximum(var_row * var_column - covariance**2, 1e-6)
    trace = var_row + var_column
    long_axis = trace / 2 + np.sqrt(np.maximum(trace**2 / 4 - determinant, 0.0))
    short_axis = np.maximum(trace - long_axis, 1e-3)

    edges, contrast, signed, weak = _along_edges(family, grid, grey, noise)
    perimeter = edges + sums[:, 5] + sums[:, 6]
    # The ring of as much as 0.7 times the region's own area around it.
    outer = np.minimum(np.searchsorted(area, 1.7 * area), len(area) - 1)
    has_ring = outer > regions
    ring_area = np.where(has_ring, area[outer] - area, 1.0)
    ring_grey = np.where(has_ring, (sums[outer, 7] - sums[:, 7]) / ring_area, mean_grey)
    ring_square = np.where(has_ring, (sums[outer, 8] - sums[:, 8]) / ring_area, mean_grey**2)
    ring_spread = np.sqrt(np.maximum(ring_square - ring_grey**2, 0.0))
    ring_step = np.abs(mean_grey - ring_grey)

    log_area = np.log(area)
    stability = np.clip(_slope(np.log(family.limits), log_area), 0.0, 8.0)
    radius = np.sqrt(area / np.pi)
    seed_grey = grey_around(window.grey, np.array([seed[0] * width + seed[1]]))
    from_seed = np.hypot(mean_row - seed[0], mean_column - seed[1])
    from_look = np.hypot(mean_row - look[0], mean_column - look[1])
    neighbours = np.maximum(_after(contrast), _before(contrast))
    log_area_px = log_area + 2.0 * np.log(window.scale)
    radius_px = radius * window.scale
    zero = np.zeros(len(area))
    return np.stack(
        (
            log_area_px,
            log_area_px - np.log(image_shape[0] * image_shape[1]),
            log_area - np.log(height * width),
            np.log(perimeter**2 / area),
            np.log1p(contrast),
            signed / (contrast + 0.1),
            weak,
            np.log1p(spread),
            np.log1p(np.abs(mean_grey - seed_grey)),
            np.log1p(ring_step),
            np.log1p(ring_spread),
            ring_step / np.sqrt(spread**2 + ring_spread**2 + 4.0),
            np.log1p(signed / (spread + 2.0)),
            stability,
            sums[:, 5] / perimeter,
            sums[:, 6] / perimeter,
            from_seed / radius,
            long_axis / short_axis,
            area / (4.0 * np.pi * np.sqrt(determinant)),
            contrast / max(float(contrast.max()), 1e-9),
            np.log((contrast + 1.0) / (neighbours + 1.0)),
            np.log1p(contrast / noise),
            family.limits / family.limits[-1],
            zero,  # AGREEMENT
            from_look * window.scale / np.sqrt(sigma_px**2 + 0.1 * radius_px**2 + 1.0),
            np.log((sigma_px + 1.0) / radius_px),
            zero + seed_offset,
        ),
        axis=1,
    )


def _along_edges(
    family: Family, grid: Grid, grey: FloatArray, noise: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return per region: edges, mean contrast across them, its signed mean, share of weak ones."""
    regions = len(family.counts)
    one, other = family.smallest[grid.first], family.smallest[grid.second]
    crossing = np.flatnonzero(one != other)
    one, other = one[crossing], other[crossing]
    step = grey[grid.first[crossing]] - grey[grid.second[crossing]]
    inner, outer = np.minimum(one, other), np.maximum(one, other)
    step = np.where(one > other, -step, step)
    contrast = np.abs(step)

    def over_regions(weights: npt.NDArray[np.float64] | None) -> FloatArray:
        # An edge belongs to all regions from the one that holds its inner pixel on, up to the
        # one that holds both.
        begins = np.bincount(inner, weights, regions + 1)
        ends = np.bincount(outer, weights, regions + 1)
        sums: FloatArray = np.cumsum(begins - ends)[:regions].astype(np.float64)
        return sums

    edges = np.maximum(over_regions(None), 1.0)
    weak = over_regions((contrast < max(4.0, 2.0 * noise)).astype(np.float64)) / edges
    return edges, over_regions(contrast) / edges, np.abs(over_regions(step)) / edges, weak


def _slope(values: FloatArray, at: FloatArray) -> FloatArray:
    """Return central differences, one-sided at the ends."""
    return (_after(values) - _before(values)) / (_after(at) - _before(at))


def _before(values: FloatArray) -> FloatArray:
    """Return each value's predecessor, the first one's being itself."""
    return np.concatenate((values[:1], values[:-1]))


def _after(values: FloatArray) -> FloatArray:
    """Return each value's successor, the last one's being itself."""
    return np.concatenate((values[1:], values[-1:]))


def grey_around(grey: npt.NDArray[np.float32], pixels: npt.NDArray[np.intp]) -> float:
    """Return the median grey value of the 3 x 3 pixels around each of `pixels` (flat indices)."""
    rows, columns = np.divmod(pixels, grey.shape[1])
    return median(  # of a few numbers: numpy's own takes 40 times as long
        median(grey[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel().tolist())
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    )


def agreement(family: Family, other: Family) -> FloatArray:
    """Return for each region of `family` the best IoU with any of `other`, shape (regions,)."""
    ours, theirs = len(family.counts), len(other.counts)
    pairs = np.bincount(
        family.smallest * (theirs + 1) + other.smallest, minlength=(ours + 1) * (theirs + 1)
    ).reshape(ours + 1, theirs + 1)
    common = pairs.cumsum(axis=0).cumsum(axis=1)[:ours, :theirs]
    union = family.counts[:, None] + other.counts[None, :] - common
    best: FloatArray = (common / union).max(axis=1)
    return best
