"""Find the correction of a tracker's systematic error from gaze at places that are known."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import GazePoint

Points = npt.NDArray[np.floating[Any]]

FEWEST_FOR_AFFINE = 5
"""Marks; three would be fitted whatever they are, and a fourth cannot tell which one is wrong."""

MOST_SQUEEZED = 0.7
"""A map that squeezes or stretches more than this or its inverse describes no tracker."""

_INLIER_SCALES = 2.5
_LEAST_SCALE_DEG = 0.1
_MOST_TRIPLES = 400


def fit_drift(measured_deg: Points, true_deg: Points) -> DriftCorrection:
    """Return the affine correction that fits most of the marks.

    Least median of squares over all triples of marks finds those that agree, least squares
    over these gives the map: marks that the reader did not look at, up to nearly half of
    them, do not count. With few marks, or where the map would be unlike any tracker's, it is
    an offset: the median of the differences.

    Parameters
    ----------
    measured_deg, true_deg : ndarray, shape (N, 2)
        Median gaze at each mark and the mark, visual angle from the display's centre.

    Raises
    ------
    GeometryError
        If there is no mark, or a number is not finite.

    References
    ----------
    Rousseeuw (1984). Least median of squares regression. Journal of the American Statistical
    Association 79. Inliers lie within 2.5 robust standard deviations.
    """
    measured = np.asarray(measured_deg, dtype=np.float64).reshape(-1, 2)
    true = np.asarray(true_deg, dtype=np.float64).reshape(-1, 2)
    if len(measured) == 0 or len(measured) != len(true):
        raise GeometryError("a drift correction needs a mark, and one gaze position a mark")
    if not (np.isfinite(measured).all() and np.isfinite(true).all()):
        raise GeometryError("a drift correction needs finite gaze positions")
    found = _affine(measured, true) if len(measured) >= FEWEST_FOR_AFFINE else None
    if found is None:
        x_deg, y_deg = np.median(measured - true, axis=0).tolist()
        return DriftCorrection((x_deg, y_deg))
    (xx, yx), (xy, yy), (x0, y0) = found.tolist()
    return DriftCorrection(affine_deg=((xx, xy, x0), (yx, yy, y0)))


def error_left_deg(measured_deg: Points, true_deg: Points) -> float:
    """Return how far off the gaze is to be expected once it is corrected.

    Each mark is corrected by what the others give (leave-one-out), because a map follows the
    marks that it was fitted to. With a single mark, its own distance.

    Parameters
    ----------
    measured_deg, true_deg : ndarray, shape (N, 2)
        As for :func:`fit_drift`.

    Raises
    ------
    GeometryError
        As :func:`fit_drift`.
    """
    measured, true = np.asarray(measured_deg), np.asarray(true_deg)
    if len(measured) == 1:
        return math.dist(measured[0], true[0])
    left = []
    for number, (x_deg, y_deg) in enumerate(measured.tolist()):
        others = np.arange(len(measured)) != number
        at = fit_drift(measured[others], true[others]).correct(GazePoint(0, x_deg, y_deg))
        left.append(math.dist((at.x_deg, at.y_deg), true[number]))
    return float(np.median(left))


def shifted_to_mark(
    drift: DriftCorrection, measured_deg: tuple[float, float], mark_deg: tuple[float, float]
) -> DriftCorrection:
    """Return `drift` with its offset changed so that this gaze falls on this mark.

    Parameters
    ----------
    drift : DriftCorrection
        The correction so far; its affine map is kept.
    measured_deg : tuple of float
        The gaze, uncorrected, while the reader says "I am looking at this mark".
    mark_deg : tuple of float
        The mark.

    Raises
    ------
    GeometryError
        If a number is not finite.
    """
    matrix = np.array(drift.affine_deg)
    before = np.linalg.solve(matrix[:, :2], np.array(mark_deg) - matrix[:, 2])
    x_deg, y_deg = (np.array(measured_deg) - before).tolist()
    return DriftCorrection((x_deg, y_deg), drift.affine_deg)


def _affine(measured: Points, true: Points) -> Points | None:
    """Return the map, shape (3, 2), that takes (x, y, 1) to the truth; None where none fits."""
    rows = np.column_stack((measured, np.ones(len(measured))))
    least, best = math.inf, None
    for triple in _triples(len(rows)):
        some = rows[list(triple)]
        if abs(np.linalg.det(some)) < 1.0:  # nearly on one line, square degrees
            continue
        squares = _squares(np.linalg.solve(some, true[list(triple)]), rows, true)
        middle = float(np.median(squares))
        if middle < least:
            least, best = middle, squares
    if best is None:
        return None
    # Rousseeuw's factor for small numbers of marks; 1.18 for a distance in the plane.
    scale_deg = 1.18 * (1.0 + 5.0 / max(1, len(rows) - 3)) * math.sqrt(least)
    inliers = best <= (_INLIER_SCALES * max(scale_deg, _LEAST_SCALE_DEG)) ** 2
    found, _, rank, _ = np.linalg.lstsq(rows[inliers], true[inliers], rcond=None)
    stretch = np.linalg.svd(found[:2], compute_uv=False)
    if rank < 3 or stretch[-1] < MOST_SQUEEZED or stretch[0] > 1.0 / MOST_SQUEEZED:
        return None
    fitted: Points = found
    return fitted


def _squares(found: Points, rows: Points, true: Points) -> Points:
    squares: Points = np.sum((rows @ found - true) ** 2, axis=1)
    return squares


def _triples(count: int) -> Sequence[tuple[int, ...]]:
    """Return all triples, or where there are very many an even choice of them."""
    every = list(itertools.combinations(range(count), 3))
    return every[:: max(1, math.ceil(len(every) / _MOST_TRIPLES))]
