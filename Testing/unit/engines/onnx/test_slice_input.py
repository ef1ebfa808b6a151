"""Pixels and masks are resized exactly as `segment_anything` resizes them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.engines.onnx.description import ModelDescription
from GazeSAMLib.engines.onnx.low_res import at_image_size
from GazeSAMLib.engines.onnx.slice_input import encoder_input, input_positions, resized_shape
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything

torch = pytest.importorskip("torch")
sides = st.integers(1, 700)
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def described(image_px: int) -> ModelDescription:
    return ModelDescription("sam", "x", "", image_px, (1, 1, 1), 64, MEAN, STD, "fp32", 20)


def transforms():
    import_segment_anything()
    from segment_anything.utils import transforms

    return transforms


@given(sides, sides, st.sampled_from((256, 1024)), st.integers(0, 9))
@settings(max_examples=25)
def test_the_input_is_that_of_segment_anything_to_the_bit(height, width, image_px, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    expected_shape = transforms().ResizeLongestSide.get_preprocess_shape(height, width, image_px)
    if 0 in expected_shape:
        return  # Meta's cannot do lines that thin
    resize = transforms().ResizeLongestSide(image_px)
    colour = torch.as_tensor(resize.apply_image(np.repeat(pixels[:, :, None], 3, axis=2)))
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (MEAN, STD))
    normal = (colour.permute(2, 0, 1) - mean) / std
    padding = (0, image_px - normal.shape[2], 0, image_px - normal.shape[1])
    expected = torch.nn.functional.pad(normal, padding).numpy()
    assert resized_shape((height, width), image_px) == expected_shape
    np.testing.assert_array_equal(encoder_input(pixels, described(image_px))[0], expected)


@given(sides, sides, st.floats(-50, 800), st.floats(-50, 800))
def test_positions_are_those_of_segment_anything(height, width, u, v):
    if 0 in transforms().ResizeLongestSide.get_preprocess_shape(height, width, 1024):
        return
    expected = (
        transforms().ResizeLongestSide(1024).apply_coords(np.array([[u, v]]), (height, width))
    )
    found = input_positions(np.array([[u, v]]), (height, width), 1024)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(sides, sides, st.sampled_from((256, 512)))
@settings(max_examples=25)
def test_masks_are_enlarged_as_segment_anything_does_it(height, width, image_px):
    low_res = np.random.default_rng(0).normal(0, 5, (3, 64, 64)).astype(np.float32)
    rows, columns = resized_shape((height, width), image_px)
    interpolate = torch.nn.functional.interpolate
    options = {"mode": "bilinear", "align_corners": False}
    at_input = interpolate(torch.tensor(low_res)[None], (image_px, image_px), **options)
    expected = interpolate(at_input[..., :rows, :columns], (height, width), **options)[0].numpy()
    found = at_image_size(low_res, (height, width), image_px)
    np.testing.assert_allclose(found, expected, atol=5e-5)
