"""What is known of a structure when it passes from one slice to the next, around it alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.segmentation.motion import box_of
from GazeSAMLib.segmentation.signed_distance import signed_distance

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]

LOCAL_PX = 4.0
"""Standard deviation of the surroundings in which grey values are compared."""


@dataclass(frozen=True, eq=False)
class Passage:
    """A part of two slice images, the first moved so that the structure lies where it is expected.

    Attributes
    ----------
    box : (slice, slice)
        The part, in the second slice image.
    expected : ndarray of bool, shape (h, w)
        The structure of the first slice.
    inside_px : ndarray of float32, shape (h, w)
        Distance from its outline, positive inside.
    before, now : ndarray of float32, shape (h, w)
        Grey values of both slices, 0 to 255.
    reach_px : float
        So far the outline may move.
    """

    box: tuple[slice, slice]
    expected: Mask
    inside_px: Values
    before: Values
    now: Values
    reach_px: float

    @classmethod
    def of(cls, expected: Mask, before: Pixels, now: Pixels, reach_px: float) -> "Passage":
        """Cut out what matters of two slice images, shape (H, W); `expected` is not empty."""
        box = box_of(expected, int(np.ceil(reach_px + 2.5 * LOCAL_PX)))
        mask = expected[box]
        return cls(
            box,
            mask,
            signed_distance(mask),
            before[box].astype(np.float32),
            now[box].astype(np.float32),
            reach_px,
        )

    def drawn(self, mask: Mask, shape: tuple[int, ...]) -> Mask:
        """Return a mask of the part, shape (h, w), on the whole slice image."""
        whole = np.zeros(shape, dtype=bool)
        whole[self.box] = mask
        return whole
