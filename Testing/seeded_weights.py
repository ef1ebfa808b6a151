"""Weights that are the same wherever they are made, so that two implementations can be compared.

No value comes from torch, whose generators differ between releases and devices.
"""

import re
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

# Tables and tokens: not summed over as the weights of a layer are.
TABLES = re.compile(
    r"pos_embed|attention_biases|gaussian_matrix|no_mem|_tokens?\.|point_embeddings|no_mask|not_a"
)


def seeded_array(name: str, shape: Sequence[int]) -> np.ndarray:
    """Return the values of a tensor: its name is the seed, its size gives the range.

    What constructors leave at zero or one (positions, norms and their statistics) is not left
    there: a comparison would not see it.
    """
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, dtype=np.int64)
    values = np.random.RandomState(zlib.crc32(name.encode())).uniform(-1.0, 1.0, shape)
    if TABLES.search(name):
        return values.astype(np.float32)
    if len(shape) > 1:
        return (values * np.sqrt(3.0 / np.prod(shape[1:]))).astype(np.float32)
    if name.endswith(("weight", "running_var")):
        return (1.0 + 0.5 * values).astype(np.float32)
    return (0.2 * values).astype(np.float32)


def seeded_weights(shapes: Mapping[str, Sequence[int]]) -> dict:
    """Return a checkpoint's content: tensors by name, for the given shapes."""
    import torch

    arrays = {name: seeded_array(name, shape) for name, shape in shapes.items()}
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def striped_image(height: int, width: int) -> np.ndarray:
    """Return a grey image of stripes and fields, shape (height, width), in whole numbers."""
    rows, columns = np.mgrid[:height, :width]
    fields = 110 * ((rows // 24 + columns // 31) % 2)
    return (fields + (7 * rows + 3 * columns) % 97 + 20).astype(np.uint8)
