"""What speaks for and against each mask of a look, in numbers."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.crop_evidence import CropView
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.compact.points import Points

FloatArray = npt.NDArray[np.float64]

LEAST_SIGMA_SHARE = 1.0 / 256.0
"""No look is exact: the least deviation, of the longest side."""


def describe(
    masks: list[CropMask], iou: FloatArray, points: Points, image_shape: tuple[int, int]
) -> FloatArray:
    """Return the evidence for each mask, shape (n, features).

    Parameters
    ----------
    masks : list of CropMask
        Of all crops, each with what the network saw.
    iou : ndarray, shape (n, n)
        How much they overlap.
    points : Points
        What was looked at.
    image_shape : (int, int)
        Height and width of the slice image.
    """
    longest = float(max(image_shape))
    expected = np.clip([mask.iou for mask in masks], 0.01, 0.99)
    size = np.array([mask.crop.size for mask in masks])
    border = np.array([mask.at_border for mask in masks])
    whole = size > longest - 1.0
    sigma_px = max(points.sigma_px, LEAST_SIGMA_SHARE * longest)
    views: dict[Crop, CropView] = {}
    for mask in masks:
        if mask.grey is not None and mask.crop not in views:
            views[mask.crop] = CropView(mask.crop, mask.grey, points, sigma_px)
    seen = np.array([views[mask.crop].seen(mask.logits) for mask in masks])
    count, alone = seen[:, 0], seen[:, 1:]
    radius = np.sqrt(count / np.pi) * size / SIDE
    together = (
        np.log(expected / (1.0 - expected)),
        *_agreement(size, iou, expected),
        *_setting(radius, iou, expected),
        np.log2(count / SIDE**2),
        np.where(whole, 0.0, border),
        np.where(whole, border, 0.0),
        np.log2(radius / longest),
        np.minimum(points.sigma_px / radius, 4.0),
        np.log2(size / longest),
    )
    return np.column_stack((*together, alone))


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


def _setting(
    radius: FloatArray, iou: FloatArray, expected: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return how much larger a mask is than all are; how far all differ in size, and agree."""
    weights = expected**2 / (expected**2).sum()
    larger = np.log2(radius) - weights @ np.log2(radius)
    alike = np.ones(len(radius))
    return larger, alike * np.sqrt(weights @ larger**2), alike * (weights @ iou @ weights)
