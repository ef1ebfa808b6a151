"""What SAM 2's encoder makes of one slice image, in memory and packed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.sam2.network import CHANNELS, IMAGE_PX, TOKENS
from GazeSAMLib.errors import EngineError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_SHAPES = {
    "features": (CHANNELS, TOKENS, TOKENS),
    "stride4": (CHANNELS // 8, IMAGE_PX // 4, IMAGE_PX // 4),
    "stride8": (CHANNELS // 4, IMAGE_PX // 8, IMAGE_PX // 8),
}


@dataclass(frozen=True, eq=False)
class Sam2Embedding:
    """The image encoder's output for one slice image.

    Attributes
    ----------
    tensors : (Tensor, Tensor, Tensor)
        Features, shape (1, 256, 64, 64), and finer ones, shapes (1, 32, 256, 256) and
        (1, 64, 128, 128): a value every 16, 4 and 8 pixels of the square input. float32, on
        the device where they were made.
    image_shape : (int, int)
        Height and width of the slice image.
    kept : PackedEmbedding or None
        The same where the device may be lost; None where they are in main memory.
    """

    tensors: "tuple[Tensor, Tensor, Tensor]"
    image_shape: tuple[int, int]
    kept: PackedEmbedding | None = None

    def tensors_on(self, device: "torch.device") -> "tuple[Tensor, Tensor, Tensor]":
        """Return the tensors there, without touching a device that may have been lost."""
        if self.tensors[0].device != device and self.kept is not None:
            return _tensors(self.kept, device)
        features, stride4, stride8 = (tensor.to(device) for tensor in self.tensors)
        return features, stride4, stride8


def embedding_of(levels: "Sequence[Tensor]", image_shape: tuple[int, int]) -> Sam2Embedding:
    """Return the embedding of one image, whose tensors lack the dimension of the batch."""
    # Copied where they are part of a batch: it would be kept as long as any of its images.
    features, stride4, stride8 = (level.float().clone()[None] for level in levels)
    made = Sam2Embedding((features, stride4, stride8), image_shape)
    if features.device.type == "cpu":
        return made
    return Sam2Embedding(made.tensors, image_shape, pack(made))


def pack(embedding: Sam2Embedding) -> PackedEmbedding:
    """Return `embedding` in float16: 8 MiB."""
    if embedding.kept is not None:
        return embedding.kept
    arrays = {
        name: tensor[0].half().cpu().numpy()
        for name, tensor in zip(_SHAPES, embedding.tensors, strict=True)
    }
    return PackedEmbedding(arrays, {"image_shape": list(embedding.image_shape)})


def unpack(packed: PackedEmbedding, device: "torch.device") -> Sam2Embedding:
    """Return the embedding that was packed, on `device`.

    Raises
    ------
    EngineError
        If it is not of SAM 2.
    """
    shapes = {name: array.shape for name, array in packed.arrays.items()}
    halves = all(array.dtype == np.float16 for array in packed.arrays.values())
    shape = packed.facts.get("image_shape")
    if (
        shapes != _SHAPES
        or not halves
        or not isinstance(shape, list | tuple)
        or len(shape) != 2
        or not all(isinstance(side, int) and side > 0 for side in shape)
    ):
        raise EngineError(f"the packed embedding is not one of SAM 2: its arrays are {shapes}")
    height, width = shape
    # Copied: a mapped file is left to whoever opened it.
    kept = PackedEmbedding({name: np.array(packed.arrays[name]) for name in _SHAPES}, packed.facts)
    tensors = _tensors(kept, device)
    in_main_memory = tensors[0].device.type == "cpu"
    return Sam2Embedding(tensors, (height, width), None if in_main_memory else kept)


def _tensors(packed: PackedEmbedding, device: "torch.device") -> "tuple[Tensor, Tensor, Tensor]":
    import torch

    features, stride4, stride8 = (
        torch.from_numpy(packed.arrays[name].astype(np.float32))[None].to(device)
        for name in _SHAPES
    )
    return features, stride4, stride8
