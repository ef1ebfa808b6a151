"""Where simulated readers look, and what the network is told of it."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from training import clicks
from training.draws import Draws
from training.fields import depth, flood

SIDE = 64


def discs(batch: int, radius_px: float = 12) -> torch.Tensor:
    """Discs (B, 64, 64) whose middles differ."""
    ramp = torch.arange(SIDE).float()
    middle = torch.linspace(20, 44, batch)[:, None, None]
    return (ramp[:, None] - middle) ** 2 + (ramp - 30) ** 2 < radius_px**2


def noise_masks(seed: int, batch: int = 6) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(batch, SIDE, SIDE))
    return ndimage.gaussian_filter(noise, (0, 2.5, 2.5)) > 0.02


def test_an_exact_look_falls_on_its_target() -> None:
    targets = discs(40)
    seen = clicks.first_look(Draws(3), targets, torch.zeros(40))
    assert bool((targets | (seen < 0.999)).all()), "the top of a blob lies beside the target"
    assert bool((seen.amax((1, 2)) > 0.999).all())


def test_a_first_look_is_one_fixation_or_a_few() -> None:
    seen = clicks.first_look(Draws(4), discs(200), torch.zeros(200))
    tops = (seen > 0.999).sum((1, 2))
    assert int(tops.min()) == 1
    assert 0.7 < float((tops == 1).float().mean()) < 0.9
    assert int(tops.max()) in (3, 4)


@pytest.mark.parametrize("sigma", [1.0, 4.0, 9.0])
def test_the_gaze_deviates_as_much_as_is_said(sigma: float) -> None:
    middle = torch.full((4000, 2), 100.0)
    off = clicks.displaced(Draws(5), middle, torch.full((4000,), sigma), 200) - middle
    assert off.std(0).tolist() == pytest.approx([sigma, sigma], rel=0.05)
    assert off.mean(0).tolist() == pytest.approx([0, 0], abs=0.1 * sigma)


def test_a_displaced_look_stays_in_the_crop() -> None:
    corner = torch.zeros(100, 2)
    place = clicks.displaced(Draws(6), corner, torch.full((100,), 30.0), SIDE)
    assert float(place.min()) >= 0
    assert float(place.max()) <= SIDE - 1


@pytest.mark.parametrize(("sigma", "width", "input_value"), [(0, 2, 0), (4, 4, 4 / 32), (50, 6, 1)])
def test_blob_and_plane_say_how_far_the_gaze_may_be_off(
    sigma: float, width: float, input_value: float
) -> None:
    error = torch.tensor([float(sigma)])
    assert clicks.blob_width(error).item() == width
    assert clicks.uncertainty(error).item() == input_value


def test_a_blob_is_a_gaussian_at_its_point() -> None:
    blob = clicks.blobs(torch.tensor([[20.0, 31.0]]), torch.tensor([3.0]), SIDE)[0]
    y, x = np.mgrid[:SIDE, :SIDE]
    expected = np.exp(-((y - 20.0) ** 2 + (x - 31.0) ** 2) / (2 * 3.0**2))
    np.testing.assert_allclose(blob.numpy(), expected, atol=1e-6)


def test_gaze_errors_are_exact_or_mostly_small_beside_the_target() -> None:
    sigma = clicks.gaze_errors(Draws(7), discs(400, radius_px=5))
    assert 0.3 < float((sigma == 0).float().mean()) < 0.5
    assert 0.55 < float((sigma[sigma > 0] <= 4.1).float().mean()) < 0.97
    assert float(sigma.max()) <= clicks.LARGEST_ERROR_PX


def test_a_correction_is_a_prompt_in_the_larger_error() -> None:
    target = torch.zeros(2, SIDE, SIDE, dtype=torch.bool)
    target[:, 10:30, 10:30] = True
    mask = target.clone()
    mask[0, 12:28, 12:28] = False  # much is missing
    mask[0, 40:44, 40:44] = True
    mask[1, 40:60, 40:60] = True  # much is too much
    prompt, adds = clicks.correction(Draws(8), target, mask, torch.zeros(2))
    assert adds.tolist() == [True, False]
    for sample, error in ((0, target[0] & ~mask[0]), (1, mask[1] & ~target[1])):
        assert bool(error.flatten()[prompt[sample].argmax()])


def test_a_faultless_mask_gets_no_correction() -> None:
    target = discs(3)
    prompt, _ = clicks.correction(Draws(9), target, target, torch.zeros(3))
    assert float(prompt.abs().max()) == 0


@pytest.mark.parametrize("seed", range(4))
def test_the_deepest_pixel_is_deep_by_the_exact_distance(seed: int) -> None:
    masks = noise_masks(seed)
    deepest = depth(torch.from_numpy(masks)).flatten(1).argmax(1)
    for mask, pixel in zip(masks, deepest.tolist(), strict=True):
        exact = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        assert exact.ravel()[pixel] >= 0.6 * exact.max()


@pytest.mark.parametrize("seed", range(4))
def test_flooding_finds_the_connected_part(seed: int) -> None:
    masks = noise_masks(seed)
    seeds = np.zeros_like(masks)
    for mask, start in zip(masks, seeds, strict=True):
        start.ravel()[np.flatnonzero(mask)[7]] = True
    filled = flood(torch.from_numpy(seeds), torch.from_numpy(masks), most_turns=200).numpy()
    for mask, start, part in zip(masks, seeds, filled, strict=True):
        labels, _ = ndimage.label(mask)
        np.testing.assert_array_equal(part, labels == labels[start][0])
