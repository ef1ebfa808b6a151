"""From a prompt to masks: look at several sizes, and believe what agrees."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from GazeSAMLib.engines.compact.choice import best_different, most_agreed
from GazeSAMLib.engines.compact.cleaning import cleaned
from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.crops import crop_around, first_crops
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import CHANNELS, MASKS, SIDE, Network
from GazeSAMLib.engines.compact.points import Points
from GazeSAMLib.engines.compact.pyramid import Pyramid
from GazeSAMLib.engines.logits import FLOOR
from GazeSAMLib.engines.scorer import Scorer

FloatArray = npt.NDArray[np.float64]

CLOSER_SIZES = (0.8, 1.25)
"""A mask is refined in crops of so many times the size of the one around it."""

ALTERNATIVE = 0.6
"""What else could be meant counts so much once there is a mask to refine."""

HINT, NO_HINT = 1.0, -3.0
"""Logits of the ellipse that a box stands for, and of what lies beyond it."""

DOT_RADIUS_PX, DOT_IOU = 3.0, 0.05
"""Where the network finds nothing: a dot, crop pixels, and what it is worth."""


def first_masks(
    network: Network, scorer: Scorer, pyramid: Pyramid, points: Points, count: int
) -> list[CropMask]:
    """Return up to `count` different masks for a prompt that refines none, best first."""
    crops = first_crops(points, pyramid.shape)
    hints = [None if points.box is None else _ellipse_in(points.box, crop) for crop in crops]
    found = proposed(network, pyramid, points, crops, hints)
    best = best_different(found, scorer, points, pyramid.shape, count)
    return [cleaned(mask, points) for mask in best] or [_dot(points, crops[0])]


def refined_masks(
    network: Network, pyramid: Pyramid, points: Points, previous: CropMask, count: int
) -> list[CropMask]:
    """Return up to `count` masks for a prompt that refines the mask `previous`, best first."""
    around = crop_around(previous, points, pyramid.shape)
    crops = [
        Crop.within(around.middle, times * around.size, pyramid.shape) for times in CLOSER_SIZES
    ]
    found = proposed(network, pyramid, points, crops, [previous] * len(crops))
    weighed = [
        mask if place % MASKS == 0 else replace(mask, iou=ALTERNATIVE * mask.iou)
        for place, mask in enumerate(found)
    ]
    best = most_agreed(weighed, points, pyramid.shape, count)
    return [cleaned(mask, points) for mask in best] or [_dot(points, around)]


def proposed(
    network: Network,
    pyramid: Pyramid,
    points: Points,
    crops: Sequence[Crop],
    previous: Sequence[CropMask | None],
) -> list[CropMask]:
    """Return the network's masks in each crop, those of a crop together.

    Parameters
    ----------
    network : Network
        Runs once for all crops.
    pyramid : Pyramid
        The slice image.
    points : Points
        What was looked at.
    crops : sequence of Crop
        Where.
    previous : sequence of CropMask or None
        The mask that is refined in each crop, if there is one.
    """
    batch = np.zeros((len(crops), CHANNELS, SIDE, SIDE), dtype=np.float32)
    for planes, crop, refined in zip(batch, crops, previous, strict=True):
        planes[0] = pyramid.grey(crop)
        planes[1], planes[2], planes[4] = points.planes(crop)
        if refined is not None:
            planes[3] = expit(refined.in_crop(crop))
    logits, iou = network.run(batch)
    return [
        CropMask(crop, logits[place, index], float(iou[place, index]), batch[place, 0])
        for place, crop in enumerate(crops)
        for index in range(logits.shape[1])
    ]


def _ellipse_in(box: FloatArray, crop: Crop) -> CropMask:
    """Return the ellipse in a box: the network takes a rough mask where it knows no boxes."""
    middle, half = box.mean(axis=0), 0.5 * (box[1] - box[0] + 1.0)
    rows, columns = (
        (at - m) / h for at, m, h in zip(crop.positions(SIDE), middle, half, strict=True)
    )
    inside = rows[:, None] ** 2 + columns[None, :] ** 2 <= 1.0
    return CropMask(crop, np.where(inside, HINT, NO_HINT).astype(np.float32), 0.0)


def _dot(points: Points, crop: Crop) -> CropMask:
    """Return a dot where the newest point to add lies: something to correct."""
    row, column = crop.of_image(points.add[-1:])[0]
    pixels = np.arange(SIDE)
    distances = np.hypot(pixels[:, None] - row, pixels[None, :] - column)
    logits = np.clip(DOT_RADIUS_PX - distances, FLOOR, None).astype(np.float32)
    return CropMask(crop, logits, DOT_IOU)
