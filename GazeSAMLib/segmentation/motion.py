"""How the content of a structure's surroundings moves from one slice image to the next."""

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

RIM_PX = 3
"""So far around the structure the image counts: its outline is what must match."""

CLEARLY_BETTER = 0.9
"""A shift whose squared differences are not below this part of those at rest is chance."""

COST_PER_PX = 0.02
"""By this part the squared differences must fall for each pixel of a shift."""


def content_shift(before: Pixels, mask: Mask, now: Pixels, reach_px: int) -> tuple[int, int]:
    """Return by how many columns and rows the content under `mask` has moved.

    The shift with the least sum of squared differences over the mask and its rim; the sums
    of all shifts come out of four Fourier transforms.

    Parameters
    ----------
    before, now : ndarray of uint8, shape (H, W)
        Two slice images of one grid.
    mask : ndarray of bool, shape (H, W)
        The structure on the first; not empty.
    reach_px : int
        The longest shift along columns and along rows.

    References
    ----------
    Padfield (2012). Masked object registration in the Fourier domain. IEEE Transactions on
    Image Processing 21(5). https://doi.org/10.1109/TIP.2011.2181402
    """
    margin = RIM_PX + reach_px + 1
    box = box_of(mask, margin)
    weights = ndimage.binary_dilation(mask[box], iterations=RIM_PX).astype(np.float32)
    first, second = before[box].astype(np.float32), now[box].astype(np.float32)
    shape = [fft.next_fast_len(side + reach_px, real=True) for side in weights.shape]
    of_weights, of_first, of_second, of_squares = fft.rfft2(
        np.stack((weights, weights * first, second, second * second)), shape
    )
    sums = fft.irfft2(
        np.conj(of_weights) * of_squares - 2.0 * np.conj(of_first) * of_second, shape
    ) + float((weights * first * first).sum())
    shifts = np.arange(-reach_px, reach_px + 1)
    costs = sums[np.ix_(shifts, shifts)]
    costs *= 1.0 + COST_PER_PX * np.hypot(shifts[:, None], shifts)
    row, column = np.unravel_index(int(costs.argmin()), costs.shape)
    if costs[row, column] > CLEARLY_BETTER * costs[reach_px, reach_px]:
        return 0, 0
    return int(shifts[column]), int(shifts[row])


def box_of(mask: Mask, margin: int) -> tuple[slice, slice]:
    """Return the smallest box with so much around a mask that is not empty, inside the image."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )
