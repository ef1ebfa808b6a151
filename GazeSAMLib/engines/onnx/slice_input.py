"""Slice image to encoder input, and positions with it, as ``segment_anything`` does it.

The longest side becomes the input's, bilinear with antialiasing in whole grey values, by Pillow
as there; then normalisation; then zeros to the right and below.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from GazeSAMLib.engines.onnx.description import ModelDescription

FloatArray = npt.NDArray[np.float32]


def resized_shape(image_shape: tuple[int, int], image_px: int) -> tuple[int, int]:
    """Return height and width of a slice image whose longest side has become `image_px`."""
    scale = image_px / max(image_shape)
    height, width = (max(int(side * scale + 0.5), 1) for side in image_shape)
    return height, width


def encoder_input(pixels: npt.NDArray[np.uint8], described: ModelDescription) -> FloatArray:
    """Return a grey slice image, shape (H, W), as the encoder takes it, (1, 3, S, S)."""
    side = described.image_px
    height, width = resized_shape((pixels.shape[0], pixels.shape[1]), side)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    grey = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
    given = np.zeros((1, 3, side, side), dtype=np.float32)
    for channel, mean, std in zip(given[0], described.pixel_mean, described.pixel_std, strict=True):
        np.subtract(grey, np.float32(mean), out=channel[:height, :width])
        channel[:height, :width] /= np.float32(std)
    return given


def input_positions(
    points_image_uv: npt.NDArray[np.float64], image_shape: tuple[int, int], image_px: int
) -> npt.NDArray[np.float64]:
    """Map positions in the slice image, shape (N, 2), to those in the encoder's input."""
    height, width = resized_shape(image_shape, image_px)
    return points_image_uv * (width / image_shape[1], height / image_shape[0])
