"""DICOM, NRRD and ITK count toward the patient's left and back, GazeSAM toward right and front."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.affine import Matrix

_FLIP = np.diag((-1.0, -1.0, 1.0, 1.0))


def ras_from_lps(lps_from_any: npt.ArrayLike) -> Matrix:
    """Turn a 4 x 4 matrix into LPS, mm, into the same matrix into RAS."""
    matrix: Matrix = _FLIP @ np.asarray(lps_from_any, dtype=np.float64)
    return matrix


def lps_from_ras(ras_from_any: npt.ArrayLike) -> Matrix:
    """Turn a 4 x 4 matrix into RAS, mm, into the same matrix into LPS."""
    return ras_from_lps(ras_from_any)  # the flip is its own inverse
