"""Embeddings of slices on disk: what it costs to write one, and to have it back."""

import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.store.disk import DiskStore
from GazeSAMLib.engines.store.key import EmbeddingKey
from Testing.bench.looks import seconds

SLICES = 40
KEY = EmbeddingKey("0" * 64, "cpu, fp32", "1" * 64, (0.0,) * 9, 0.8, (512, 512), 400.0, 40.0)


def store_ms(*, long: bool = False) -> dict[str, float]:
    """Return times and size of an embedding of SAM on disk, float16 there and float32 here.

    Each is read for the first time by a store that has not written it, from a file that the
    system still has in memory.
    """
    features = np.random.default_rng(0).normal(0.0, 0.3, (256, 64, 64)).astype(np.float32)
    keys = [replace(KEY, level=float(number)) for number in range(5 * SLICES if long else SLICES)]
    with tempfile.TemporaryDirectory() as folder:
        writer, reader = DiskStore(Path(folder)), DiskStore(Path(folder))

        def write(key: EmbeddingKey) -> None:
            packed = {"features": features.astype(np.float16)}
            writer.write(key, PackedEmbedding(packed, {"image_shape": [512, 512]}))

        def read(key: EmbeddingKey) -> None:
            found = reader.read(key)
            assert found is not None
            assert found.arrays["features"].astype(np.float32).shape == features.shape

        writes = [seconds(lambda key=key: write(key)) for key in keys]
        reads = [seconds(lambda key=key: read(key)) for key in keys]
        return {
            "store_write_ms_median": 1e3 * statistics.median(writes),
            "store_read_ms_median": 1e3 * statistics.median(reads),
            "store_slice_mb": writer.path_of(keys[0]).stat().st_size / 2**20,
        }
