"""Where to look: crops of several sizes around a prompt, and the crop around a mask."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.points import Points

SIZES_PX = (80.0, 288.0)
"""Sides of the crops around a first look on a slice image of 512 pixels."""

LEAST_SIZE_PX = 32.0

DIFFERENT_SIZE = 1.15
"""Crops whose sizes differ by less than this factor are one."""

HOLDING = 1.4
"""A crop is at least so many times as large as what it must hold."""

ZOOM, ZOOM_MARGIN_PX = 1.6, 8.0
"""A crop around a mask is that many times as large, and so much larger."""


def first_crops(points: Points, image_shape: tuple[int, int]) -> list[Crop]:
    """Return the crops around a look, smallest first."""
    first, last = _extent(points)
    middle = 0.5 * (first + last)
    needed = HOLDING * float((last - first).max())
    crops: list[Crop] = []
    for side in SIZES_PX:
        size = max(side * max(image_shape) / 512.0, LEAST_SIZE_PX, needed)
        crop = Crop.within(middle, size, image_shape)
        if not crops or crop.size > DIFFERENT_SIZE * crops[-1].size:
            crops.append(crop)
    return crops


def crop_around(mask: CropMask, points: Points, image_shape: tuple[int, int]) -> Crop:
    """Return the crop around a mask and the points to add."""
    first, last = _extent(points)
    bounds = mask.bounds()
    if bounds is not None:
        first, last = np.minimum(first, bounds[0]), np.maximum(last, bounds[1])
    size = max(ZOOM * float((last - first).max()) + ZOOM_MARGIN_PX, LEAST_SIZE_PX)
    return Crop.within(0.5 * (first + last), size, image_shape)


def _extent(points: Points) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return first and last row and column of what a crop must hold."""
    corners = points.add if points.box is None else np.vstack((points.add, points.box))
    return corners.min(axis=0), corners.max(axis=0)
