"""One structure in one piece: what was looked at is kept, and holes are filled."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.compact.points import Points

NEAR_PX = 6.0
"""So far beside a part a point may lie and mean it, crop pixels; more where gaze is less sure."""

FILLED, CUT = 1.0, -1.0
"""Logits of what is filled and of what is cut away."""


def cleaned(mask: CropMask, points: Points) -> CropMask:
    """Return a mask without parts away from the points to add, and without holes.

    Where no part is near a point to add the largest stays. A hole stays if a point in it is not
    part of the structure.
    """
    inside = mask.logits > 0.0
    parts, count = ndimage.label(inside)
    if count == 0:
        return mask
    kept = np.isin(parts, _meant(parts, mask, points)) if count > 1 else inside
    filled = _without_holes(kept)
    if replace(mask, logits=filled.astype(np.float32)).contains(points.not_this).any():
        filled = kept
    logits = np.where(kept, mask.logits, np.minimum(mask.logits, CUT))
    return replace(mask, logits=np.where(filled & ~kept, FILLED, logits).astype(np.float32))


def _meant(parts: npt.NDArray[np.int32], mask: CropMask, points: Points) -> list[int]:
    """Return the numbers of the parts that are nearest to a point to add, each near enough."""
    within_px = NEAR_PX + min(points.sigma_px / mask.crop.scale, 2.0 * NEAR_PX)
    distances, nearest = ndimage.distance_transform_edt(parts == 0, return_indices=True)
    at = np.clip(np.rint(mask.crop.of_image(points.add)).astype(np.intp), 0, SIDE - 1)
    found = {
        int(parts[tuple(nearest[:, row, column])])
        for row, column in at.tolist()
        if distances[row, column] <= within_px
    }
    return sorted(found) or [int(np.bincount(parts.ravel())[1:].argmax()) + 1]


def _without_holes(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return a mask with its holes filled; what reaches the crop's border is no hole."""
    ground, count = ndimage.label(~inside)
    if count == 0:
        return inside
    edges = np.concatenate((ground[0], ground[-1], ground[:, 0], ground[:, -1]))
    open_to_border = np.zeros(count + 1, dtype=bool)
    open_to_border[edges] = True
    filled: npt.NDArray[np.bool_] = inside | ~open_to_border[ground]
    return filled
