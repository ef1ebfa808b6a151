"""Crops, pyramid, points and masks against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from GazeSAMLib.engines.compact.cleaning import cleaned
from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.look import Surroundings
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.compact.points import Points
from GazeSAMLib.engines.compact.pyramid import Pyramid
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet

EVERYTHING = Crop(0.5 * (SIDE - 1), 0.5 * (SIDE - 1), SIDE)
"""The crop whose pixels are those of a slice of SIDE x SIDE."""


def logits_of(mask: np.ndarray) -> np.ndarray:
    return np.where(mask, 3.0, -3.0).astype(np.float32)


def points_at(*row_columns, not_this=(), sigma_px=0.0, shape=(SIDE, SIDE)) -> Points:
    prompts = PromptSet.at(ImagePoint(*row_columns[0][::-1]), sigma_px)
    for row, column in row_columns[1:]:
        prompts = prompts.with_point(ImagePoint(column, row), ADD)
    for row, column in not_this:
        prompts = prompts.with_point(ImagePoint(column, row), NOT_THIS)
    return Points.of(prompts, shape)


@given(
    row=st.floats(-50, 500), column=st.floats(-50, 500), size=st.floats(1, 900),
    height=st.integers(1, 400), width=st.integers(1, 400),
)  # fmt: skip
def test_a_crop_lies_within_the_image_where_it_fits(row, column, size, height, width):
    crop = Crop.within(np.array((row, column)), size, (height, width))
    assert crop.size <= max(height, width)
    for centre, side in ((crop.row, height), (crop.column, width)):
        if crop.size <= side:
            assert centre - 0.5 * crop.size >= -0.5 - 1e-6
            assert centre + 0.5 * crop.size <= side - 0.5 + 1e-6
        else:
            assert centre == 0.5 * (side - 1)


@given(row=st.floats(0, 300), column=st.floats(0, 300), size=st.floats(10, 300))
def test_positions_of_a_crop_are_its_pixels(row, column, size):
    crop = Crop(row, column, size)
    rows, columns = crop.positions(SIDE)
    back = crop.of_image(np.stack((rows, columns), axis=1))
    np.testing.assert_allclose(back, np.tile(np.arange(SIDE)[:, None], 2), atol=1e-6)


def test_a_crop_at_full_resolution_is_the_slice_itself_stretched():
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    low, high = np.percentile(pixels[::2, ::2], (1, 99))
    expected = np.clip((pixels - low) / (high - low), 0, 1)
    np.testing.assert_allclose(Pyramid.of(pixels).grey(EVERYTHING), expected, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4, 3])
def test_a_crop_at_lower_resolution_is_the_mean_of_its_pixels(factor):
    side = SIDE * factor
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(side, side)), 3 * factor)
    pixels = np.interp(smooth, (smooth.min(), smooth.max()), (0, 255)).astype(np.uint8)
    mean = pixels.reshape(SIDE, factor, SIDE, factor).mean(axis=(1, 3))
    low, high = np.percentile(mean[::2, ::2], (1, 99))
    found = Pyramid.of(pixels).grey(Crop(0.5 * (side - 1), 0.5 * (side - 1), side))
    assert np.abs(found - np.clip((mean - low) / (high - low), 0, 1)).max() < 0.02


def test_what_lies_beyond_the_slice_is_dark_and_does_not_count():
    pixels = np.full((40, SIDE), 200, dtype=np.uint8)
    pixels[:, ::2] = 100
    grey = Pyramid.of(pixels).grey(Crop.within(np.array((20.0, 64.0)), SIDE, pixels.shape))
    above = (SIDE - 40) // 2
    assert set(np.unique(grey[above : above + 40])) == {0.0, 1.0}
    assert not grey[:above].any()
    assert not grey[above + 40 :].any()


def test_points_are_bells_at_their_place_as_wide_as_the_gaze_is_unsure():
    crop = Crop(200.0, 100.0, 2 * SIDE)
    for sigma_px, width in ((0.0, 2.0), (6.0, 3.0), (80.0, 6.0)):
        points = points_at((210.0, 90.0), not_this=((150.0, 60.0),), sigma_px=sigma_px,
                           shape=(400, 400))  # fmt: skip
        positive, negative, unsure = points.planes(crop)
        rows, columns = np.indices((SIDE, SIDE))
        (row, column), (other_row, other_column) = (
            crop.of_image(np.array([p]))[0] for p in ((210.0, 90.0), (150.0, 60.0))
        )
        away = (rows - row) ** 2 + (columns - column) ** 2
        np.testing.assert_allclose(positive, np.exp(-away / (2 * width**2)), atol=0.02)
        away = (rows - other_row) ** 2 + (columns - other_column) ** 2
        np.testing.assert_allclose(negative, np.exp(-away / 8.0), atol=0.03)
        assert unsure == pytest.approx(min(sigma_px / 2, 32) / 32)


def test_masks_survive_packing_and_drawing():
    rows, columns = np.indices((SIDE, SIDE))
    logits = (20.0 - np.hypot(rows - 50, columns - 70)).astype(np.float32)
    mask = CropMask(Crop(300.0, 200.0, 2 * SIDE), logits, 0.7)
    again = CropMask.unpacked(mask.packed)
    assert again.crop == mask.crop
    np.testing.assert_array_equal(again.logits, logits)
    drawn = np.full((500, 400), -8.0, dtype=np.float32)
    mask.draw(drawn)
    middle = 0.5 * (SIDE - 1)
    at_row, at_column = 300.0 + (50 - middle) * 2, 200.0 + (70 - middle) * 2
    rows, columns = np.indices(drawn.shape)
    disc = np.hypot(rows - at_row, columns - at_column) < 40.0
    assert np.count_nonzero((drawn > 0) != disc) < 0.02 * np.count_nonzero(disc)
    first, last = mask.bounds()
    np.testing.assert_allclose(first, (at_row - 38.5, at_column - 38.5), atol=2)
    np.testing.assert_allclose(last, (at_row + 38.5, at_column + 38.5), atol=2)


def test_the_part_that_was_looked_at_stays_and_its_holes_are_filled():
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[20:50, 20:50] = mask[60:90, 60:90] = True
    mask[30:34, 30:34] = False
    found = cleaned(CropMask(EVERYTHING, logits_of(mask), 0.5), points_at((25.0, 25.0)))
    expected = np.zeros_like(mask)
    expected[20:50, 20:50] = True
    np.testing.assert_array_equal(found.logits > 0, expected)


def test_a_hole_with_a_point_that_is_not_part_of_it_stays():
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[20:50, 20:50] = True
    mask[30:34, 30:34] = False
    points = points_at((25.0, 25.0), not_this=((31.0, 31.0),))
    found = cleaned(CropMask(EVERYTHING, logits_of(mask), 0.5), points)
    np.testing.assert_array_equal(found.logits > 0, mask)


def test_parts_at_several_points_stay_together_and_without_one_the_largest():
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[20:40, 20:40] = mask[50:90, 50:90] = mask[0:4, 80:84] = True
    both = cleaned(CropMask(EVERYTHING, logits_of(mask), 0.5), points_at((25, 25), (60, 60)))
    assert (both.logits > 0).sum() == 20 * 20 + 40 * 40
    far = cleaned(CropMask(EVERYTHING, logits_of(mask), 0.5), points_at((90.0, 10.0)))
    assert (far.logits > 0).sum() == 40 * 40


def test_agreement_is_the_iou_as_far_as_the_points_can_tell():
    rows, columns = np.indices((SIDE, SIDE))
    discs = [np.hypot(rows - 48, columns - 48 - shift) < radius
             for shift, radius in ((0, 20), (8, 20), (0, 40))]  # fmt: skip
    masks = [CropMask(EVERYTHING, logits_of(disc), 0.5) for disc in discs]
    masks.append(CropMask(Crop(48, 48, 0.5 * SIDE), np.full((SIDE, SIDE), -1, np.float32), 0.5))
    found = Surroundings(np.array((48.0, 48.0)), (SIDE, SIDE)).pairwise_iou(masks)
    for i, one in enumerate(discs):
        for j, other in enumerate(discs):
            assert found[i, j] == pytest.approx((one & other).sum() / (one | other).sum(), abs=0.06)
    assert not found[3].any()
