"""The window and level in which a scan is shown when its file does not say."""

import math

import numpy as np

from GazeSAMLib.scans.voxels import Voxels

SOFT_TISSUE = (400.0, 40.0)
_SAMPLES = 1_000_000


def default_window(voxels_kji: Voxels, modality: str = "") -> tuple[float, float]:
    """Return (window, level), the window positive and both finite.

    CT gets soft tissue, 400 and 40; so does a scan of unknown modality whose values look like
    Hounsfield units (air at -1000 or what scanners put outside their field, and tissue).
    Anything else gets its 1st to 99th percentile, over a regular sample of at most a million
    voxels.

    Parameters
    ----------
    voxels_kji : ndarray
        Finite values.
    modality : str
        DICOM modality, empty where unknown.
    """
    step = math.ceil(voxels_kji.size / _SAMPLES)
    while math.gcd(step, voxels_kji.shape[-1]) > 1:  # else only some columns would be seen
        step += 1
    sample = voxels_kji.reshape(-1)[::step]
    darkest, low, high, brightest = np.percentile(sample, (0.0, 1.0, 99.0, 100.0)).tolist()
    is_ct = modality == "CT" or (not modality and -3100.0 <= darkest <= -900.0)
    if is_ct and darkest < 0.0 < brightest:
        return SOFT_TISSUE
    if not high > low:
        low, high = darkest, brightest
    if not high > low:
        return 1.0, low
    return high - low, 0.5 * (low + high)
