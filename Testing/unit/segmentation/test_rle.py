"""Run lengths are COCO's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from GazeSAMLib.segmentation import rle

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(masks)
@settings(deadline=None)
def test_pycocotools_reads_the_same_mask(mask):
    height, width = mask.shape
    decoded = coco.decode(coco.frPyObjects(rle.encode(mask), height, width))
    np.testing.assert_array_equal(decoded.astype(bool), mask)


@given(masks)
@settings(deadline=None)
def test_decoding_gives_the_mask_back(mask):
    np.testing.assert_array_equal(rle.decode(rle.encode(mask)), mask)


@pytest.mark.parametrize(
    "code",
    [
        {},
        {"size": [2, 2]},
        {"size": [2, 2], "counts": [3]},
        {"size": [2, 2], "counts": [5]},
        {"size": [2, 2], "counts": [6, -2]},
        {"size": [-2, -2], "counts": [4]},
        {"size": [2, 2], "counts": None},
        {"size": "ab", "counts": [4]},
    ],
)
def test_a_code_that_fits_no_mask_is_refused(code):
    with pytest.raises(ValueError, match="run"):
        rle.decode(code)


@given(st.recursive(st.none() | st.floats() | st.text() | st.integers(), st.lists))
def test_garbage_is_refused_with_a_value_error(garbage):
    with pytest.raises(ValueError, match="run"):
        rle.decode({"size": [1, 1], "counts": [garbage, "x"]})
