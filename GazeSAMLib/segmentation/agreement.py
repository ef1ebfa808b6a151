"""How well a mask on one slice agrees with the slice before and with the image."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.segmentation.passage import Passage

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float32]

GREYS = 32
EDGE_PX = 7  # width of the band along the outline whose two halves are compared
FAINTEST_EDGE = 0.1  # nobody could see less
SHAPE_WEIGHT = 0.5  # the shape may change where grey values say so

CALIBRATION = ((0.0, 0.75, 0.93, 0.96, 0.975, 0.985, 1.0), (0.0, 0.3, 0.5, 0.69, 0.78, 0.82, 0.93))
"""Agreement, and the mean Dice found with it in slices propagated by up to eight steps."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What speaks for a mask, each 0 to 1.

    Attributes
    ----------
    shape : float
        Dice with the structure where it was expected.
    within : float
        The part of the smaller of both that lies in the other: 1 where it tapers or swells.
    grey : float
        Overlap of its grey values with those of the accepted slice (Bhattacharyya).
    edge : float
        How well grey values along its outline tell inside from outside: 0 as by chance, 1 at
        least as well as on the accepted slice.
    """

    shape: float
    within: float
    grey: float
    edge: float

    @property
    def total(self) -> float:
        """Shape, greys and edge in one number, 0 to 1."""
        return self._mean_with(self.shape)

    @property
    def total_if_tapering(self) -> float:
        """The same for a structure that may become smaller or larger."""
        return self._mean_with(self.within)

    def _mean_with(self, shape: float) -> float:
        product = shape**SHAPE_WEIGHT * self.grey * self.edge
        return float(product ** (1.0 / (2.0 + SHAPE_WEIGHT)))


NO_AGREEMENT = Agreement(0.0, 0.0, 0.0, 0.0)


def agreement(
    mask: Mask, passage: Passage, chances: Values, greys: Values, usual_edge: float
) -> Agreement:
    """Return what speaks for a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        In the part of the slice image that `passage` holds.
    passage : Passage
        What was expected.
    chances : ndarray of float32, shape (h, w)
        How probable it is by its grey value that a pixel lies inside.
    greys : ndarray of float32, shape (32,)
        :func:`grey_shares` of the accepted slice.
    usual_edge : float
        :func:`edge_strength` of the accepted slice: a structure with a faint outline is no
        less sure.
    """
    common = int(np.count_nonzero(mask & passage.expected))
    areas = int(np.count_nonzero(mask)), int(np.count_nonzero(passage.expected))
    if common == 0:
        return NO_AGREEMENT
    grey = float(np.sqrt(grey_shares(passage.now[mask]) * greys).sum())
    edge = min(1.0, edge_strength(mask, chances) / usual_edge)
    return Agreement(2.0 * common / sum(areas), common / min(areas), grey, edge)


def expected_dice(total: float) -> float:
    """Return the Dice with the truth that slices of such an agreement had on labelled scans."""
    return float(np.interp(total, *CALIBRATION))


def overlap(mask: Mask, other: Mask) -> float:
    """Return the Dice coefficient of two masks; 0 where both are empty."""
    total = int(np.count_nonzero(mask)) + int(np.count_nonzero(other))
    return 2.0 * int(np.count_nonzero(mask & other)) / max(total, 1)


def edge_strength(mask: Mask, chances: Values) -> float:
    """Return how much more probable inside is on the inner side of an outline, at least 0.1."""
    share = ndimage.uniform_filter(mask.astype(np.float32), EDGE_PX, mode="nearest")
    inner, outer = mask & (share < 0.99), ~mask & (share > 0.01)
    if not (inner.any() and outer.any()):  # no outline: neither for nor against
        return FAINTEST_EDGE
    return max(FAINTEST_EDGE, float(chances[inner].mean()) - float(chances[outer].mean()))


def grey_shares(values: npt.NDArray[np.floating] | npt.NDArray[np.uint8]) -> Values:
    """Return the share of each of 32 ranges of grey values, slightly smoothed, shape (32,)."""
    index = (np.asarray(values) * (GREYS / 256.0)).astype(np.intp)
    counts = np.bincount(index.ravel(), minlength=GREYS).astype(np.float32)
    smooth = ndimage.gaussian_filter1d(counts, 1.0, mode="nearest")
    shares: Values = smooth / max(float(smooth.sum()), 1e-9)
    return shares
