"""The motion of what lies under a mask is found, and chance is not taken for motion."""

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.segmentation.motion import content_shift


def textured(seed: int, shape=(90, 100)) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 1.0, shape)
    smooth = ndimage.gaussian_filter(noise, 2.5)
    return (128 + 100 * smooth / np.abs(smooth).max()).astype(np.uint8)


def disc(row=45, column=50, radius=14, shape=(90, 100)) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(rows - row, columns - column) <= radius


@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (-2, 5), (6, -6)])
def test_a_shift_is_found(shift):
    before = textured(1)
    now = np.roll(before, shift[::-1], axis=(0, 1))
    assert content_shift(before, disc(), now, 6) == shift


def test_what_moves_beside_the_structure_does_not_count():
    before = textured(1)
    mask = disc()
    near = ndimage.binary_dilation(mask, iterations=12)
    now = np.where(near, before, np.roll(before, (5, 3), axis=(0, 1)))
    assert content_shift(before, mask, now, 6) == (0, 0)


def test_noise_alone_is_no_motion():
    assert content_shift(textured(1), disc(), textured(2), 0) == (0, 0)
    flat = np.full((90, 100), 90, dtype=np.uint8)
    noisy = flat + np.random.default_rng(0).integers(0, 9, flat.shape).astype(np.uint8)
    other = flat + np.random.default_rng(1).integers(0, 9, flat.shape).astype(np.uint8)
    assert content_shift(noisy, disc(), other, 6) == (0, 0)


def test_a_structure_at_the_corner_is_moved_too():
    before = textured(3)
    now = np.roll(before, (2, 3), axis=(0, 1))
    assert content_shift(before, disc(8, 9, 8), now, 5) == (3, 2)
