"""Where grey values say that the outline of a structure has moved to.

Each pixel is compared with what the slice before showed nearby inside and outside of the
structure: two bell curves whose means and variances change along the outline (Lankton and
Tannenbaum 2008). To that is added how likely the outline is to move so far.

References
----------
Lankton and Tannenbaum (2008). Localizing region-based active contours. IEEE Transactions on
Image Processing 17(11). https://doi.org/10.1109/TIP.2008.2004611
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.segmentation.passage import LOCAL_PX, Passage

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float32]

LEAST_SD = 6.0  # grey values of 255: less is no difference that a reader sees
STRONGEST = 3.0  # log odds: more than this no single pixel says
FARTHEST_LOG_ODDS = 2.5  # what the expected place says at `reach_px`
SMOOTHED_PX = 1.0
NOISE_PX = 0.7
RARE = 1e-3
MANY_PX = 160**2  # from here on every second pixel is enough for local means


def grey_log_odds(passage: Passage) -> Values:
    """Return how much more likely each pixel is inside than outside, by its grey value alone.

    Returns
    -------
    ndarray of float32, shape (h, w)
        Log odds, at most 3 either way.
    """
    inside = passage.expected.astype(np.float32)
    mean_in, variance_in = _local(passage.before, inside, passage.expected)
    around = ~passage.expected & (passage.inside_px > -3.0 * passage.reach_px)
    mean_out, variance_out = _local(passage.before, 1.0 - inside, around)
    now = ndimage.gaussian_filter(passage.now, NOISE_PX)
    odds = 0.5 * (
        (now - mean_out) ** 2 / variance_out
        - (now - mean_in) ** 2 / variance_in
        + np.log(variance_out / variance_in)
    )
    clipped: Values = np.clip(odds, -STRONGEST, STRONGEST)
    return clipped


def probability(log_odds: Values) -> Values:
    """Return log odds as probabilities, 0 to 1."""
    return np.reciprocal(1.0 + np.exp(-log_odds), dtype=np.float32)


def moved_outline(passage: Passage, log_odds: Values) -> Mask:
    """Return the structure where the outline follows `log_odds`, shape (h, w), within its reach."""
    expected = passage.inside_px * (FARTHEST_LOG_ODDS / passage.reach_px)
    expected = np.minimum(expected, FARTHEST_LOG_ODDS)
    together = ndimage.gaussian_filter(log_odds + expected, SMOOTHED_PX)
    moved: Mask = (together > 0.0) & (passage.inside_px > -passage.reach_px)
    return moved


def _local(values: Values, weights: Values, typical: Mask) -> tuple[Values, Values]:
    """Return local mean and variance of weighted values; where there are none, the typical ones."""
    sample = values[typical] if typical.any() else values.ravel()
    mean, square = float(sample.mean()), float((sample**2).mean())
    stride = 2 if values.size > MANY_PX else 1
    thin, thin_weights = values[::stride, ::stride], weights[::stride, ::stride]

    def blurred(sums: Values) -> Values:
        smooth: Values = ndimage.gaussian_filter(sums, LOCAL_PX / stride, truncate=3.0)
        return smooth

    total = blurred(thin_weights) + np.float32(RARE)
    local_mean = (blurred(thin_weights * thin) + np.float32(RARE * mean)) / total
    local_square = (blurred(thin_weights * thin * thin) + np.float32(RARE * square)) / total
    variance = np.maximum(local_square - local_mean**2, 0.0) + np.float32(LEAST_SD**2)
    height, width = values.shape
    means, variances = (
        np.repeat(np.repeat(found, stride, axis=0), stride, axis=1)[:height, :width]
        for found in (local_mean, variance)
    )
    return means, variances
