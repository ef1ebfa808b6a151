"""A mask on the slice image of a plane."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.slice import SlicePlane


@dataclass(frozen=True, eq=False, slots=True)
class PlaneMask:
    """What is known of a structure on one slice.

    Attributes
    ----------
    plane : SlicePlane
        In the scan's local RAS.
    mask : ndarray of bool, shape (H, W)
        On :func:`GazeSAMLib.geometry.slice_image.slice_grid` of the plane.
    """

    plane: SlicePlane
    mask: npt.NDArray[np.bool_]
