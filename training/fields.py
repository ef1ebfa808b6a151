"""Smooth random fields, blurs and flood fills on batches of images."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as nn
from torch import Tensor

from training.draws import Draws

BLUR_REACH_PX = 7


@cache
def _spline_matrix(side: int, cells: int, device: torch.device) -> Tensor:
    """Return the values (side, cells + 3) of cubic B-splines, one for each knot, at each pixel."""
    place = (torch.arange(side, device=device) + 0.5) / side * cells
    far = (place[:, None] - torch.arange(-1, cells + 2, device=device)).abs()
    near = 2 / 3 - far.square() + far**3 / 2
    beyond = (2 - far).clamp(min=0) ** 3 / 6
    values = torch.where(far < 1, near, beyond)
    return values / values.square().sum(1).mean().sqrt()  # so that the noise has deviation 1


def smooth_noise(draws: Draws, batch: int, channels: int, side: int, cells: int) -> Tensor:
    """Return noise (B, C, side, side) of about unit deviation with `cells` humps a side."""
    knots = draws.normal(batch, channels, cells + 3, cells + 3)
    matrix = _spline_matrix(side, cells, knots.device)
    return matrix @ knots @ matrix.T


def layered_noise(
    draws: Draws, batch: int, channels: int, side: int, cells: tuple[int, ...]
) -> Tensor:
    """Return smooth noise of several sizes, mixed anew for each sample."""
    layers = [
        draws.uniform(0, 1, batch, 1, 1, 1) * smooth_noise(draws, batch, channels, side, count)
        for count in cells
    ]
    return torch.stack(layers).sum(0)


def pixel_places(side: int, device: torch.device) -> Tensor:
    """Return where the middles of `side` pixels lie between -1 and 1."""
    return (torch.arange(side, device=device) + 0.5) / side * 2 - 1


def turned(across: Tensor, down: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Return x and y of places that are turned by `angle`, radians."""
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return cosine * across - sine * down, sine * across + cosine * down


def blur(image: Tensor, sigma_px: Tensor) -> Tensor:
    """Return `image` (B, 1, H, W) after a Gaussian of `sigma_px` (B,), each sample its own."""
    batch = len(image)
    steps = torch.arange(-BLUR_REACH_PX, BLUR_REACH_PX + 1, device=image.device)
    kernel = torch.exp(-0.5 * (steps[None] / sigma_px[:, None].clamp(min=0.05)) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    rows = image.transpose(0, 1)
    reach = BLUR_REACH_PX
    rows = nn.conv2d(
        nn.pad(rows, (reach, reach, 0, 0), mode="replicate"),
        kernel[:, None, None, :],
        groups=batch,
    )
    rows = nn.conv2d(
        nn.pad(rows, (0, 0, reach, reach), mode="replicate"),
        kernel[:, None, :, None],
        groups=batch,
    )
    return rows.transpose(0, 1)


def _spread_in_runs(marked: Tensor, allowed: Tensor) -> Tensor:
    """Mark whole runs along the last axis of `allowed` that hold a mark."""
    shape = allowed.shape
    walls = (~allowed).long().cumsum(-1).flatten(0, -2)
    runs = walls + torch.arange(len(walls), device=walls.device)[:, None] * (shape[-1] + 1)
    hits = torch.zeros(int(len(walls) * (shape[-1] + 1)), device=walls.device)
    hits.index_put_((runs[marked.flatten(0, -2)],), torch.ones((), device=walls.device))
    return (hits[runs] > 0).view(shape) & allowed


def flood(seed: Tensor, allowed: Tensor, most_turns: int = 16) -> Tensor:
    """Return the 4-connected parts of `allowed` (B, H, W) that hold a pixel of `seed`.

    Each turn fills whole rows and then whole columns, so that convex parts need one turn.
    Winding parts beyond `most_turns` bends are filled in part.
    """
    filled = seed & allowed
    for _ in range(most_turns):
        wider = _spread_in_runs(filled, allowed)
        wider = _spread_in_runs(wider.mT, allowed.mT).mT
        if torch.equal(wider, filled):
            break
        filled = wider
    return filled


def depth(mask: Tensor, radii_px: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24)) -> Tensor:
    """Return about how deep each pixel of `mask` (B, H, W) lies inside it, in pixels.

    The sum over squares of growing radius of the share of the square that lies inside,
    sharpened: smooth, with its maximum at the middle of what is widest, and as cheap as a
    table of sums. Beyond the image is outside.
    """
    side = mask.shape[-1]
    most = radii_px[-1]
    total = nn.pad(mask.float(), (most + 1, most, most + 1, most)).cumsum(1).cumsum(2)
    deep = torch.zeros_like(mask, dtype=torch.float32)
    before = 0
    for radius in radii_px:
        low, high = most - radius, most + radius + 1
        lows, highs = slice(low, low + side), slice(high, high + side)
        inside = total[:, highs, highs] - total[:, lows, highs]
        inside = inside - total[:, highs, lows] + total[:, lows, lows]
        share = inside / (2 * radius + 1) ** 2
        deep += (radius - before) * share.square().square()
        before = radius
    return deep * mask
