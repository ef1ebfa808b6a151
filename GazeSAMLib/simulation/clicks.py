"""Where one would click in a known structure, and next to correct a result.

The rule of the literature on interactive segmentation: the first click at the centre of the
structure, each further one at the centre of the largest error, positive where the structure
was missed and negative where the result leaks.

References
----------
Xu, Price, Cohen, Yang and Huang (2016). Deep interactive object selection. CVPR.
https://doi.org/10.1109/CVPR.2016.47

Sofiiuk, Petrov and Konushin (2022). Reviving iterative training with mask guidance for
interactive segmentation. ICIP. https://doi.org/10.1109/ICIP46576.2022.9897365
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Click:
    """A point on a slice image and what it says: add this, or not this."""

    point_image_uv: ImagePoint
    label: int


def dice(result: Mask, truth: Mask) -> float:
    """Return the Dice coefficient of two masks of one shape; 1 where both are empty."""
    total = int(np.count_nonzero(result)) + int(np.count_nonzero(truth))
    return 2.0 * int(np.count_nonzero(result & truth)) / total if total else 1.0


def innermost(mask: Mask) -> tuple[ImagePoint, float]:
    """Return the pixel farthest from the outline of `mask`, and its distance, pixels.

    The outline is the centres of the nearest pixels outside; the image's edge is outside too.
    Of several equally far pixels the first in reading order. 0 for an empty mask.
    """
    point, distances = _distances(mask)
    if distances.size == 0:
        return point, 0.0
    row, column = np.unravel_index(int(distances.argmax()), distances.shape)
    return ImagePoint(point.u + float(column), point.v + float(row)), float(distances.max())


def inner_points(mask: Mask, share: float) -> npt.NDArray[np.float64]:
    """Return the pixels (u, v) whose distance from the outline is at least a share of the largest.

    Returns
    -------
    ndarray, shape (N, 2)
        In reading order.
    """
    corner, distances = _distances(mask)
    if distances.size == 0:
        return np.empty((0, 2))
    rows, columns = np.nonzero(distances >= share * distances.max())
    return np.stack((columns + corner.u, rows + corner.v), axis=1)


def next_click(result: Mask, truth: Mask) -> Click | None:
    """Return the click that corrects the largest error; None where there is no error."""
    missed, missed_px = innermost(truth & ~result)
    leaked, leaked_px = innermost(result & ~truth)
    if max(missed_px, leaked_px) == 0.0:
        return None
    return Click(missed, ADD) if missed_px >= leaked_px else Click(leaked, NOT_THIS)


def other_side(aim: ImagePoint, shown: Mask, longest_px: float) -> ImagePoint:
    """Return where to look when an outline appears beside the place that was looked at.

    As far on the other side of `aim` as the nearest pixel of `shown`, at most `longest_px`
    away; `aim` itself where nothing is shown.
    """
    rows, columns = np.nonzero(shown)
    if len(rows) == 0:
        return aim
    distances = np.hypot(columns - aim.u, rows - aim.v)
    nearest = int(np.argmin(distances))
    share = min(1.0, longest_px / max(float(distances[nearest]), 1e-9))
    return ImagePoint(
        aim.u + share * (aim.u - float(columns[nearest])),
        aim.v + share * (aim.v - float(rows[nearest])),
    )


def _distances(mask: Mask) -> tuple[ImagePoint, npt.NDArray[np.float64]]:
    """Return each pixel's distance from the outline, cropped, and the crop's first pixel."""
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows) == 0:
        return ImagePoint(0.0, 0.0), np.empty((0, 0))
    columns = np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    cropped = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    distances = ndimage.distance_transform_edt(np.pad(cropped, 1))[1:-1, 1:-1]
    return ImagePoint(float(left), float(top)), distances
