"""A slice image as SAM 2's input, as Meta's ``SAM2Transforms`` makes it."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MEAN_RGB = (0.485, 0.456, 0.406)
DEVIATION_RGB = (0.229, 0.224, 0.225)
"""Of the photographs that SAM 2 was trained on, 0 to 1."""


def as_input(pixels: npt.NDArray[np.uint8], side_px: int, device: "torch.device") -> "Tensor":
    """Return a grey slice image, shape (H, W), as shape (1, 3, side, side).

    It is stretched to the square, whatever its proportions; smoothed where it shrinks.
    """
    import torch

    grey = torch.tensor(np.ascontiguousarray(pixels)).to(device)[None, None].float() / 255.0
    square = torch.nn.functional.interpolate(
        grey, (side_px, side_px), mode="bilinear", align_corners=False, antialias=True
    )
    mean, deviation = (
        torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (MEAN_RGB, DEVIATION_RGB)
    )
    return (square - mean) / deviation
