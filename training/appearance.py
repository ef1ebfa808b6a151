"""From labels to the image of a scanner, as a window shows it."""

from __future__ import annotations

import torch
import torch.nn.functional as nn
from torch import Tensor

from training.draws import Draws
from training.fields import blur, smooth_noise
from training.tissues import ORGANS, Tissue, any_levels, ct_levels, mr_levels

TEXTURE_CELLS = (8, 22, 56)


def modalities(draws: Draws, batch: int) -> Tensor:
    """Return what makes each image: 0 CT, 1 MR, 2 anything else."""
    weights = torch.tensor((0.45, 0.35, 0.2), device=draws.device)
    return draws.index(weights.expand(batch, -1))


def tissue_levels(draws: Draws, modality: Tensor) -> Tensor:
    """Return grey values (B, 16) of the tissues; 0 to 1 is what the window shows."""
    batch = len(modality)
    kinds = torch.stack(
        (ct_levels(draws, batch), mr_levels(draws, batch), any_levels(draws, batch))
    )
    return kinds[modality, torch.arange(batch, device=draws.device)]


def shade(draws: Draws, labels: Tensor, levels: Tensor, modality: Tensor) -> Tensor:
    """Return grey values (B, 1, H, W) of `labels` (B, H, W) before anything is measured.

    `levels` (B, L) is the brightness of each label. Labels deviate a little from it, have a
    texture, a slope or specks of their own.
    """
    batch, count = levels.shape
    side = labels.shape[-1]

    def of_label(values: Tensor) -> Tensor:
        return values.gather(1, labels.flatten(1)).view(labels.shape)

    calm = torch.where(modality == 0, 0.4, 1.0)[:, None]
    means = levels + calm * draws.uniform(0, 0.08, batch, 1) * draws.normal(batch, count)
    strength = draws.log_uniform(0.004, 0.12, batch, count) * draws.chance(0.7, batch, 1) * calm
    textures = torch.cat([smooth_noise(draws, batch, 1, side, n) for n in TEXTURE_CELLS], 1)
    scale = of_label(draws.integers(0, len(TEXTURE_CELLS), batch, count))
    image = of_label(means) + of_label(strength) * textures.gather(1, scale[:, None])[:, 0]
    ramp = torch.linspace(-1, 1, side, device=labels.device)
    for axis in (ramp[:, None], ramp[None, :]):
        slope = calm * draws.uniform(0, 0.12, batch, 1) * draws.normal(batch, count)
        image = image + of_label(slope) * axis
    specks = (smooth_noise(draws, batch, 1, side, 40)[:, 0] - 1.5).clamp(min=0)
    speckled = draws.chance(0.12, batch, count) * 0.5 * draws.normal(batch, count)
    return (image + of_label(speckled) * specks)[:, None]


def add_small_vessels(
    draws: Draws, image: Tensor, tissue_of_pixel: Tensor, levels: Tensor
) -> Tensor:
    """Return `image` (B, 1, H, W) with small vessels through fat, lung, marrow and some organs.

    They branch and wind as the places do where smooth noise changes its sign; `levels` (B, 16)
    is the brightness of each tissue.
    """
    batch, side = len(image), image.shape[-1]
    vessels = torch.zeros_like(image, dtype=torch.bool)
    for cells in draws.integers(5, 30, 2).tolist():
        winding = smooth_noise(draws, batch, 1, side, cells).abs()
        some = smooth_noise(draws, batch, 1, side, cells // 2)
        thin = winding < draws.log_uniform(0.04, 0.25, batch, 1, 1, 1)
        vessels |= thin & (some > draws.uniform(-0.5, 1.5, batch, 1, 1, 1))
    around = torch.zeros(batch, len(Tissue), dtype=torch.bool, device=image.device)
    around[:, [Tissue.FAT, Tissue.LUNG]] = draws.chance(0.6, batch, 1)
    around[:, ORGANS] = draws.chance(0.15, batch, len(ORGANS))
    around[:, Tissue.MARROW] = draws.chance(0.3, batch)  # as uneven as a vertebra is
    there = around.gather(1, tissue_of_pixel.flatten(1)).view(tissue_of_pixel.shape)
    filled = draws.uniform(0.2, 1, batch, 1, 1, 1) * (vessels & there[:, None])
    return image + filled * (levels[:, Tissue.VESSEL, None, None, None] - image)


def add_lines(draws: Draws, image: Tensor, labels: Tensor) -> Tensor:
    """Return `image` with bright or dark lines between labels: fat planes, thin walls."""
    batch = len(image)
    edges = torch.zeros_like(image)
    edges[:, 0, :, 1:] += labels[:, :, 1:] != labels[:, :, :-1]
    edges[:, 0, 1:] += labels[:, 1:] != labels[:, :-1]
    lines = blur(edges.clamp(max=1), draws.uniform(0.3, 1.1, batch))
    strength = 0.3 * draws.normal(batch, 1, 1, 1) * draws.chance(0.35, batch, 1, 1, 1)
    return image + lines * strength


def acquire(draws: Draws, image: Tensor, modality: Tensor, metal: Tensor) -> Tensor:
    """Return `image` (B, 1, H, W) as a scanner would have measured it.

    Blur or an edge-enhancing kernel, coarse pixels, the uneven field of MR, correlated or
    Rician noise, stripes, and streaks from `metal` (B, H, W).
    """
    batch, side = len(image), image.shape[-1]
    soft = blur(image, draws.log_uniform(0.3, 2.2, batch))
    enhanced = draws.chance(0.25, batch) * draws.uniform(0, 1.2, batch)
    image = soft + enhanced[:, None, None, None] * (soft - blur(soft, draws.uniform(0.8, 2, batch)))
    coarse = nn.interpolate(nn.avg_pool2d(image, 2), size=(side, side), mode="bilinear")
    image = torch.where(draws.chance(0.15, batch, 1, 1, 1), coarse, image)
    image = _streaks(draws, image, metal)
    uneven = torch.where(modality == 0, 0.02, 0.35)[:, None, None, None]
    field = smooth_noise(draws, batch, 1, side, 2) * uneven * draws.uniform(0, 1, batch, 1, 1, 1)
    return _add_noise(draws, image * torch.exp(field), modality)


def _add_noise(draws: Draws, image: Tensor, modality: Tensor) -> Tensor:
    batch, side = len(image), image.shape[-1]
    grain = blur(draws.normal(batch, 1, side, side), draws.log_uniform(0.3, 1.3, batch))
    grain = grain / grain.std(dim=(2, 3), keepdim=True)
    strength = draws.log_uniform(0.003, 0.09, batch, 1, 1, 1)
    noisy = image + strength * grain
    rician = (noisy.square() + (strength * draws.normal(batch, 1, side, side)).square()).sqrt()
    speckle = image * (1 + 3 * strength * grain)
    is_rician = (modality == 1)[:, None, None, None] & draws.chance(0.6, batch, 1, 1, 1)
    is_speckle = (modality == 2)[:, None, None, None] & draws.chance(0.4, batch, 1, 1, 1)
    return torch.where(is_rician, rician, torch.where(is_speckle, speckle, noisy))


def _streaks(draws: Draws, image: Tensor, metal: Tensor) -> Tensor:
    """Add stripes to few images, and streaks through the metal to those that have some."""
    batch, side = len(image), image.shape[-1]
    ramp = torch.linspace(-1, 1, side, device=image.device)
    weight = metal.float() / (metal.sum((1, 2), keepdim=True) + 1)
    y = (weight * ramp[:, None]).sum((1, 2))[:, None, None]
    x = (weight * ramp).sum((1, 2))[:, None, None]
    angle = torch.atan2(ramp[:, None] - y, ramp[None, :] - x)
    phase = draws.uniform(0, 6.28, batch, 1, 1)
    star = torch.cos(angle * draws.integers(4, 16, batch, 1, 1) + phase)
    turn = draws.uniform(0, 6.28, batch, 1, 1)
    along = torch.cos(turn) * ramp[:, None] + torch.sin(turn) * ramp
    stripes = torch.sin(along * draws.log_uniform(5, 80, batch, 1, 1) + phase)
    shines = metal.flatten(1).any(1) & draws.chance(0.2, batch)
    strength = draws.uniform(0, 0.12, batch, 1, 1)
    stripes = stripes * draws.chance(0.05, batch, 1, 1)
    return image + (strength * torch.where(shines[:, None, None], star, stripes))[:, None]


def show(draws: Draws, image: Tensor, modality: Tensor) -> Tensor:
    """Return `image` as displayed, 0 to 1 in 256 steps: windowed, some inverted, some cut.

    CT comes with its window applied; others get one from their own grey values, with both
    ends saturated now and then.
    """
    batch = len(image)
    ordered = image.flatten(1)[:, ::7].sort(1).values
    last = ordered.shape[1] - 1
    low = draws.uniform(0, 0.12, batch) * draws.chance(0.6, batch)
    high = 1 - draws.uniform(0, 0.12, batch) * draws.chance(0.6, batch)
    floor = ordered.gather(1, (low * last).long()[:, None])[:, :, None, None]
    ceiling = ordered.gather(1, (high * last).long()[:, None])[:, :, None, None]
    own = (image - floor) / (ceiling - floor + 1e-3)
    image = torch.where((modality == 0)[:, None, None, None], image, own).clamp(0, 1)
    inverted = draws.chance(0.12, batch, 1, 1, 1)
    image = torch.where(inverted, 1 - image, image)
    return (image * 255).round() / 255


def beyond_the_slice(draws: Draws, batch: int, side: int) -> Tensor:
    """Return which pixels (B, H, W) lie beyond the slice's edge: none for most samples."""
    ramp = torch.linspace(0, 1, side, device=draws.device)
    most = 0.35 * draws.chance(0.04, batch, 4) * draws.uniform(0, 1, batch, 4)
    rows = (ramp < most[:, :1]) | (ramp > 1 - most[:, 1:2])
    columns = (ramp < most[:, 2:3]) | (ramp > 1 - most[:, 3:])
    return rows[:, :, None] | columns[:, None, :]


def stretch(image: Tensor) -> Tensor:
    """Return crops (B, 1, H, W) stretched from their 1st to their 99th percentile.

    The engine does the same with every crop (every second pixel is looked at).
    """
    looked_at = image[:, :, ::2, ::2].flatten(1)
    ends = torch.quantile(looked_at, torch.tensor((0.01, 0.99), device=image.device), dim=1)
    floor, ceiling = ends[:, :, None, None, None]
    return ((image - floor) / (ceiling - floor).clamp(min=0.05)).clamp(0, 1)


def is_metal(tissue_of_pixel: Tensor) -> Tensor:
    """Return which pixels are metal."""
    return tissue_of_pixel == int(Tissue.METAL)
