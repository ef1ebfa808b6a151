"""What speaks for and against each mask of a look, in numbers."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.compact.points import Points

FloatArray = npt.NDArray[np.float64]

DRAWN = 24
"""So many points stand for where the gaze may truly have been."""

LEAST_SIGMA_SHARE = 1.0 / 256.0
"""No look is exact: the least deviation, of the longest side."""

CLEAR_STEP = 0.12
"""A step of that height along an outline is an edge, of the crop's range of grey values."""

LOOKS = 8
"""Of more points to add the newest count."""


def describe(
    masks: list[CropMask], iou: FloatArray, points: Points, image_shape: tuple[int, int]
) -> FloatArray:
    """Return the evidence for each mask, shape (n, features).

    Parameters
    ----------
    masks : list of CropMask
        Of all crops.
    iou : ndarray, shape (n, n)
        How much they overlap.
    points : Points
        What was looked at.
    image_shape : (int, int)
        Height and width of the slice image.
    """
    longest = float(max(image_shape))
    expected = np.clip([mask.iou for mask in masks], 0.01, 0.99)
    logits = np.stack([mask.logits for mask in masks])
    inside = logits > 0.0
    count = np.maximum(inside.sum(axis=(1, 2)), 1.0)
    size = np.array([mask.crop.size for mask in masks])
    radius = np.sqrt(count / np.pi) * size / SIDE
    border = np.array([mask.at_border for mask in masks])
    whole = size > longest - 1.0
    firm = (logits > 1.0).sum(axis=(1, 2)) / np.maximum((logits > -1.0).sum(axis=(1, 2)), 1.0)
    sigma = max(points.sigma_px, LEAST_SIGMA_SHARE * longest)
    columns = (
        np.log(expected / (1.0 - expected)),
        *_agreement(size, iou, expected),
        np.log2(count / SIDE**2),
        np.where(whole, 0.0, border),
        np.where(whole, border, 0.0),
        firm,
        _covered(masks, points, np.full(len(masks), sigma)),
        _covered(masks, points, 0.6 * radius),
        np.log2(radius / longest),
        np.minimum(points.sigma_px / radius, 4.0),
        np.log2(size / longest),
        *_edges(masks, inside),
    )
    return np.stack(columns, axis=1)


def _agreement(
    size: FloatArray, iou: FloatArray, expected: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean IoU with all others by belief; best and mean of the best in other crops."""
    weights = expected**2
    apart = iou * (1.0 - np.eye(len(size)))
    others = (apart @ weights) / np.maximum(weights.sum() - weights, 1e-9)
    sizes, own = np.unique(size, return_inverse=True)
    best = np.stack([iou[:, size == one].max(axis=1) for one in sizes], axis=1)
    best[np.arange(len(size)), own] = 0.0
    return others, best.max(axis=1), best.sum(axis=1) / max(len(sizes) - 1, 1)


def _covered(masks: list[CropMask], points: Points, deviations: FloatArray) -> FloatArray:
    """Return the share of the points drawn around the looks that each mask holds."""
    number = np.arange(DRAWN)
    turn = number * np.pi * (3.0 - np.sqrt(5.0))  # as a sunflower's seeds, without gaps
    radius = np.sqrt(-2.0 * np.log(1.0 - (number + 0.5) / DRAWN))
    drawn = np.stack((radius * np.sin(turn), radius * np.cos(turn)), axis=1)
    looks = points.add[-LOOKS:, None, :]
    return np.array(
        [
            mask.contains((looks + deviation * drawn).reshape(-1, 2)).mean()
            for mask, deviation in zip(masks, deviations.tolist(), strict=True)
        ]
    )


def _edges(
    masks: list[CropMask], inside: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return contrast, grain within, mean step and share of clear steps along the outline."""
    grey = np.stack([mask.grey for mask in masks if mask.grey is not None])
    beyond = ~inside
    wide = inside.copy()
    wide[:, 2:] |= inside[:, :-2]
    wide[:, :-2] |= inside[:, 2:]
    wide[:, :, 2:] |= inside[:, :, :-2]
    wide[:, :, :-2] |= inside[:, :, 2:]
    ring = wide & beyond
    within_count = np.maximum(inside.sum(axis=(1, 2)), 1.0)
    mean = (grey * inside).sum(axis=(1, 2)) / within_count
    square = (grey**2 * inside).sum(axis=(1, 2)) / within_count
    of_ring = (grey * ring).sum(axis=(1, 2)) / np.maximum(ring.sum(axis=(1, 2)), 1.0)
    steps = np.zeros_like(grey)
    steps[:, 1:-1] = np.abs(grey[:, 2:] - grey[:, :-2])
    steps[:, :, 1:-1] = np.maximum(steps[:, :, 1:-1], np.abs(grey[:, :, 2:] - grey[:, :, :-2]))
    outline = np.zeros_like(inside)
    outline[:, 1:-1, 1:-1] = inside[:, 1:-1, 1:-1] & (
        beyond[:, 2:, 1:-1] | beyond[:, :-2, 1:-1] | beyond[:, 1:-1, 2:] | beyond[:, 1:-1, :-2]
    )
    length = np.maximum(outline.sum(axis=(1, 2)), 1.0)
    return (
        np.abs(mean - of_ring),
        np.sqrt(np.maximum(square - mean**2, 0.0)),
        (steps * outline).sum(axis=(1, 2)) / length,
        ((steps > CLEAR_STEP) & outline).sum(axis=(1, 2)) / length,
    )
