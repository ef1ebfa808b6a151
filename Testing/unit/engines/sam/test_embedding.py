"""What comes out of a store is believed only if it can be what went in."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.errors import EngineError
from Testing.small_sam import an_image


@pytest.fixture(scope="module")
def packed(medsam):
    return medsam.pack(medsam.embed(an_image((40, 60))))


def test_a_packed_embedding_is_small(packed):
    assert set(packed.arrays) == {"features", "pixels"}
    assert packed.arrays["features"].nbytes == 2 * 256 * 20 * 20
    assert packed.facts == {"recipe": "medsam", "image_shape": [40, 60]}


@pytest.mark.parametrize(
    "arrays",
    [
        {"features": None},
        {"features": np.zeros((256, 20, 20), np.float32)},
        {"features": np.zeros((256, 64, 64), np.float16)},
        {"features": np.zeros(0, np.float16)},
        {"pixels": None},
        {"pixels": np.zeros((40, 61), np.uint8)},
        {"pixels": np.zeros((40, 60), np.float16)},
    ],
)
def test_other_arrays_are_refused(medsam, packed, arrays):
    merged = {**packed.arrays, **arrays}
    left = {name: array for name, array in merged.items() if array is not None}
    with pytest.raises(EngineError, match="not one of 'medsam'"):
        medsam.unpack(replace(packed, arrays=left))


@pytest.mark.parametrize(
    "facts",
    [
        {"recipe": "sam"},
        {"recipe": None},
        {"image_shape": None},
        {"image_shape": [40]},
        {"image_shape": [40, -60]},
        {"image_shape": [40.0, 60.0]},
        {"image_shape": "4060"},
    ],
)
def test_other_facts_are_refused(medsam, packed, facts):
    with pytest.raises(EngineError, match="not one of 'medsam'"):
        medsam.unpack(replace(packed, facts={**packed.facts, **facts}))
