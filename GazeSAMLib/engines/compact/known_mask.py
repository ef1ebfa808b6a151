"""A mask that did not come from the network, as if it had."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.crops import LEAST_SIZE_PX, ZOOM, ZOOM_MARGIN_PX
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import SIDE

CERTAIN = 6.0  # logit


def known_mask(mask: npt.NDArray[np.bool_]) -> CropMask:
    """Return a mask of the slice image, shape (H, W) and not empty, in a crop around it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    (top, bottom), (left, right) = ((int(at[0]), int(at[-1]) + 1) for at in (rows, columns))
    size = max(ZOOM * max(bottom - top, right - left) + ZOOM_MARGIN_PX, LEAST_SIZE_PX)
    crop = Crop(0.5 * (top + bottom - 1), 0.5 * (left + right - 1), size)
    # What is wider than its pixels must be smoothed before it is sampled.
    margin = int(np.ceil(2.0 * crop.scale)) + 1
    framed = np.pad(mask[top:bottom, left:right], margin).astype(np.float32)
    smooth = ndimage.gaussian_filter(framed, 0.4 * crop.scale)
    at_rows, at_columns = (
        at - first + margin for at, first in zip(crop.positions(SIDE), (top, left), strict=True)
    )
    at = np.stack(np.meshgrid(at_rows, at_columns, indexing="ij"))
    share = ndimage.map_coordinates(smooth, at, order=1)
    return CropMask(crop, (CERTAIN * (2.0 * share - 1.0)).astype(np.float32), 1.0)
