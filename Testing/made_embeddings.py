"""Embeddings, and keys for them, as the store keeps them."""

import numpy as np

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.store.key import EmbeddingKey
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from Testing.phantom import VOLUME
from Testing.worker_of_slow_engine import SlowBlur


def made_key(number=0, **changes):
    plane = SlicePlane((0.0, 0.0, 3.0 * number), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    changes = {"engine": SlowBlur(), "scan_digest": "ab" * 32, "plane": plane, "window": 400.0} | (
        changes
    )
    grid = slice_grid(VOLUME, changes["plane"])
    return EmbeddingKey.of(changes["engine"], changes["scan_digest"], grid, changes["window"], 40.0)


def made_embedding(number=0, size=1000):
    random = np.random.default_rng(number)
    features = random.normal(size=size).astype(np.float16)
    return PackedEmbedding(
        {"features": features.reshape(1, -1, 2), "shape": np.array([3, number])},
        {"input": [64, number]},
    )


def same(packed, other):
    return (
        packed.facts == other.facts
        and packed.arrays.keys() == other.arrays.keys()
        and all(
            np.array_equal(values, other.arrays[name]) and values.dtype == other.arrays[name].dtype
            for name, values in packed.arrays.items()
        )
    )
