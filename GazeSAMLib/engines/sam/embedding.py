"""What is kept of a slice image between looking at it and asking about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.sam.known_masks import KnownMasks
from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.errors import EngineError

CHANNELS = 256
Float16Array = npt.NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class SamEmbedding:
    """The image encoder's output for one slice image.

    Attributes
    ----------
    features : torch.Tensor, shape (1, 256, tokens, tokens), float32
        On the device where they were made.
    image_shape : (int, int)
        Height and width of the slice image.
    kept : ndarray, shape (256, tokens, tokens), float16, or None
        The features once more where the device may be lost; None where they are in main memory.
    pixels : ndarray, shape (H, W), uint8, or None
        The slice image, for models that need to look at it again.
    known : KnownMasks or None
        All masks of the slice, where they were found before.
    """

    features: Any
    image_shape: tuple[int, int]
    kept: Float16Array | None = None
    pixels: npt.NDArray[np.uint8] | None = None
    known: KnownMasks | None = None

    def features_on(self, device: Any) -> Any:  # noqa: ANN401 - torch's device and tensor
        """Return the features there, without touching the device that may have been lost."""
        if self.features.device == device or self.kept is None:
            return self.features.to(device)
        return widened(self.kept).to(device)


def halved(features: Any) -> Float16Array:  # noqa: ANN401 - a torch tensor
    """Return features, float32 on any device, as float16 in main memory."""
    array: Float16Array = features.half().cpu().numpy()
    return array


def widened(features: Float16Array) -> Any:  # noqa: ANN401 - a torch tensor
    """Return features of one image, shape (256, t, t), as float32, shape (1, 256, t, t)."""
    return import_torch().from_numpy(features.astype(np.float32))[None]


def pack_embedding(embedding: SamEmbedding, recipe: str, with_pixels: bool) -> PackedEmbedding:
    """Return an embedding as arrays; `recipe` names what its features are good for."""
    kept = embedding.kept
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "features": halved(embedding.features)[0] if kept is None else kept
    }
    if with_pixels and embedding.pixels is not None:
        arrays["pixels"] = embedding.pixels
    if embedding.known is not None:
        arrays |= embedding.known.arrays()
    return PackedEmbedding(arrays, {"recipe": recipe, "image_shape": list(embedding.image_shape)})


def unpack_embedding(
    packed: PackedEmbedding,
    recipe: str,
    tokens: int,
    with_pixels: bool,
    device: Any,  # noqa: ANN401 - torch's
) -> SamEmbedding:
    """Return what was packed, on a device.

    Raises
    ------
    EngineError
        If it is not an embedding of that recipe, with features of `tokens` to a side.
    """
    features = packed.arrays.get("features")
    pixels = packed.arrays.get("pixels") if with_pixels else None
    shape = packed.facts.get("image_shape")
    expected = (CHANNELS, tokens, tokens)
    if (
        packed.facts.get("recipe") != recipe
        or not _is_size(shape)
        or not _is_array(features, expected, np.float16)
        or (with_pixels and not _is_array(pixels, tuple(shape), np.uint8))
    ):
        raise EngineError(f"the packed embedding is not one of '{recipe}' with features {expected}")
    kept = np.array(features)  # leaves a mapped file to whoever opened it
    height, width = shape
    seen = None if pixels is None else np.array(pixels, dtype=np.uint8)
    known = KnownMasks.of_packed(packed, (height, width))
    return SamEmbedding(widened(kept).to(device), (height, width), kept, seen, known)


def _is_size(shape: object) -> TypeGuard[Sequence[int]]:
    return (
        isinstance(shape, list | tuple)
        and len(shape) == 2
        and all(isinstance(side, int) and side > 0 for side in shape)
    )


def _is_array(array: object, shape: tuple[int, ...], dtype: type[np.generic]) -> bool:
    return isinstance(array, np.ndarray) and array.shape == shape and array.dtype == dtype
