"""A slice image to try a model out with: a body with organs, as in abdominal CT."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import PromptSet

SIDE_PX = 512
_ELLIPSES = (  # middle, half axes, grey value
    ((256, 270), (215, 160), 90.0),  # fat
    ((256, 270), (195, 140), 125.0),  # muscle
    ((170, 230), (85, 75), 160.0),  # liver
    ((345, 220), (42, 52), 150.0),  # spleen
    ((185, 320), (30, 24), 185.0),  # kidneys
    ((325, 320), (30, 24), 185.0),
    ((256, 345), (34, 28), 225.0),  # vertebra
    ((256, 305), (12, 12), 195.0),  # aorta
    ((270, 210), (46, 30), 40.0),  # air
)


def body_slice() -> npt.NDArray[np.uint8]:
    """Return the slice image, the same at every call, shape (512, 512)."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    image = np.zeros((SIDE_PX, SIDE_PX))
    for (u, v), (half_width, half_height), grey in _ELLIPSES:
        inside = ((columns - u) / half_width) ** 2 + ((rows - v) / half_height) ** 2 <= 1.0
        image[inside] = grey
    noise = np.random.default_rng(0).normal(0.0, 9.0, image.shape)
    pixels: npt.NDArray[np.uint8] = (image + noise * (image > 0)).clip(0, 255).astype(np.uint8)
    return pixels


def look() -> PromptSet:
    """Return a look at the largest organ of :func:`body_slice`."""
    return PromptSet.at(ImagePoint(170.0, 230.0))
