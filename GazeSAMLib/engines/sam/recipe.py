"""How a slice image becomes a model's square input, and a mask comes back from it.

Three recipes share one architecture, and each model works with its own alone: Segment Anything
scales the longer side and pads; MedSAM stretches to a square and spreads the grey values over
0 to 1 (Ma et al. 2024, https://doi.org/10.1038/s41467-024-44824-z); SAM-Med2D normalises, then
stretches (Cheng et al. 2023, arXiv:2308.16184).
"""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from GazeSAMLib.engines.torch_runtime.imports import import_torch

MEAN_RGB = (123.675, 116.28, 103.53)
DEVIATION_RGB = (58.395, 57.12, 57.375)
"""Of the photographs that Segment Anything was trained on, 0 to 255."""

MED2D_PX = 256
Shape = tuple[int, int]


class Recipe(Protocol):
    """One model's way with images.

    Attributes
    ----------
    name : str
        Part of a packed embedding: features of one recipe are no good with another.
    several : bool
        Whether the decoder's three masks are to be had, or its one.
    """

    name: str
    several: bool

    def resized(self, pixels: npt.NDArray[np.uint8], side_px: int) -> npt.NDArray[np.generic]:
        """Return a slice image, shape (H, W), as large as it is in the square input."""

    def normalised(self, resized: Any, side_px: int) -> Any:  # noqa: ANN401 - torch tensors
        """Return the input, shape (1, 3, side, side), of what `resized` returned, as a tensor."""

    def input_shape(self, shape: Shape, side_px: int) -> Shape:
        """Return height and width that an image of `shape` has in the input."""

    def restored(self, low_res: Any, shape: Shape, side_px: int) -> Any:  # noqa: ANN401
        """Return low-resolution logits, shape (B, K, h, w), at the size of the slice image."""


class SamRecipe:
    """Segment Anything's own; also that of most models made from it."""

    name = "sam"
    several = True

    def resized(self, pixels: npt.NDArray[np.uint8], side_px: int) -> npt.NDArray[np.generic]:
        """Scale the longer side to the input's."""
        height, width = self.input_shape(_shape(pixels), side_px)
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return np.array(image.resize((width, height), Image.Resampling.BILINEAR))

    def normalised(self, resized: Any, side_px: int) -> Any:  # noqa: ANN401 - torch tensors
        """Normalise, then pad on the right and below."""
        rows, columns = resized.shape
        normal = _normalised(resized)
        pad = (0, side_px - columns, 0, side_px - rows)
        return import_torch().nn.functional.pad(normal, pad)

    def input_shape(self, shape: Shape, side_px: int) -> Shape:
        """Keep the proportions."""
        scale = side_px * 1.0 / max(shape)
        height, width = shape
        return int(height * scale + 0.5), int(width * scale + 0.5)

    def restored(self, low_res: Any, shape: Shape, side_px: int) -> Any:  # noqa: ANN401
        """Enlarge to the input, take off the padding, scale to the slice image."""
        rows, columns = self.input_shape(shape, side_px)
        enlarged = _bilinear(low_res, (side_px, side_px))
        return _bilinear(enlarged[..., :rows, :columns], shape)


class StretchedRecipe:
    """SAM-Med2D's: the slice image fills the square, whatever its proportions."""

    name = "sam_med2d"
    several = True

    def resized(self, pixels: npt.NDArray[np.uint8], side_px: int) -> npt.NDArray[np.generic]:
        """Take the nearest pixels; the order of that and normalising does not matter."""
        rows, columns = (
            np.minimum(np.arange(side_px) * length // side_px, length - 1)
            for length in pixels.shape
        )
        return pixels[np.ix_(rows, columns)]

    def normalised(self, resized: Any, side_px: int) -> Any:  # noqa: ANN401, ARG002
        """Normalise as Segment Anything does."""
        return _normalised(resized)

    def input_shape(self, shape: Shape, side_px: int) -> Shape:  # noqa: ARG002
        """Fill the input."""
        return side_px, side_px

    def restored(self, low_res: Any, shape: Shape, side_px: int) -> Any:  # noqa: ANN401
        """Enlarge to the input, then scale to the slice image."""
        return _bilinear(_bilinear(low_res, (side_px, side_px)), shape)


class MedSamRecipe(StretchedRecipe):
    """MedSAM's: stretched, grey values spread over 0 to 1, one mask."""

    name = "medsam"
    several = False

    def resized(self, pixels: npt.NDArray[np.uint8], side_px: int) -> npt.NDArray[np.generic]:
        """Stretch with cubic splines, smoothing first where the image shrinks."""
        image = pixels.astype(np.float64)
        shrinks = np.array(pixels.shape) / side_px
        if (shrinks > 1.0).any():
            sigma = np.maximum(0.0, (shrinks - 1.0) / 2.0)
            image = ndimage.gaussian_filter(image, sigma, mode="mirror")
        scale = side_px / np.array(pixels.shape)
        cubic = ndimage.zoom(image, scale, order=3, mode="mirror", grid_mode=True)
        whole = np.clip(cubic, pixels.min(), pixels.max()).astype(np.uint8).astype(np.float32)
        low, high = whole.min(), whole.max()
        spread: npt.NDArray[np.float32] = (whole - low) / max(high - low, 1e-8)
        return spread

    def normalised(self, resized: Any, side_px: int) -> Any:  # noqa: ANN401, ARG002
        """Only repeat the grey values as colours."""
        return resized[None, None].expand(1, 3, -1, -1)

    def restored(self, low_res: Any, shape: Shape, side_px: int) -> Any:  # noqa: ANN401, ARG002
        """Scale the probabilities, not the logits: that is where its outlines are drawn."""
        torch = import_torch()
        return torch.logit(_bilinear(torch.sigmoid(low_res), shape), eps=1e-6)


def recipe_for(image_px: int, boxes_alone: bool = False) -> Recipe:
    """Return the recipe of a model.

    Parameters
    ----------
    image_px : int
        Side of its square input; SAM-Med2D's is 256.
    boxes_alone : bool
        Whether it was trained as MedSAM was; nothing in its weights tells.
    """
    if boxes_alone:
        return MedSamRecipe()
    return StretchedRecipe() if image_px == MED2D_PX else SamRecipe()


def _shape(pixels: npt.NDArray[np.generic]) -> Shape:
    height, width = pixels.shape
    return height, width


def _normalised(resized: Any) -> Any:  # noqa: ANN401 - torch tensors
    torch = import_torch()
    mean, deviation = (
        torch.tensor(values, device=resized.device).view(1, 3, 1, 1)
        for values in (MEAN_RGB, DEVIATION_RGB)
    )
    return (resized[None, None].float() - mean) / deviation


def _bilinear(images: Any, shape: Shape) -> Any:  # noqa: ANN401 - torch tensors
    interpolate = import_torch().nn.functional.interpolate
    return interpolate(images, shape, mode="bilinear", align_corners=False)
