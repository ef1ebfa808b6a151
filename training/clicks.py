"""Prompts as a reader with an eye tracker gives them: where, and how far off."""

from __future__ import annotations

import torch
from torch import Tensor

from training.draws import Draws
from training.fields import depth
from training.network import UNCERTAINTY_SCALE_PX

EXACT_BLOB_PX = 2.0
WIDEST_BLOB_PX = 6.0
EXACT_SHARE = 0.4
LARGEST_ERROR_PX = 20.0
MOST_FIXATIONS = 4


def gaze_errors(draws: Draws, target: Tensor) -> Tensor:
    """Return the deviation (B,) in pixels with which each target (B, H, W) is looked at.

    Two in five are exact, as mouse clicks are. Of the others most are small beside the
    target, because a target that is lost in the error teaches nothing.
    """
    batch = len(target)
    sigma = draws.log_uniform(1, LARGEST_ERROR_PX, batch)
    radius = (target.sum((1, 2)) / torch.pi).sqrt()
    bounded = torch.minimum(sigma, 0.8 * radius)
    sigma = torch.where(draws.chance(0.7, batch), bounded, sigma)
    return sigma * ~draws.chance(EXACT_SHARE, batch)


def inner_point(draws: Draws, region: Tensor, central: float) -> Tensor:
    """Return a pixel (B, 2), y and x, of each region (B, H, W).

    It is the middle of the widest part with probability `central`, else anywhere, the depths
    more often than the edges.
    """
    wide = region.shape[2]
    deep = depth(region).flatten(1)
    middle = (deep + 1e-3 * draws.uniform(0, 1, *deep.shape) * region.flatten(1)).argmax(1)
    anywhere = draws.index(deep + 0.05 * region.flatten(1))
    point = torch.where(draws.chance(central, len(region)), middle, anywhere)
    return torch.stack((point // wide, point % wide), 1).float()


def displaced(draws: Draws, point: Tensor, sigma: Tensor, side: int) -> Tensor:
    """Return where the tracker says that `point` (B, 2) was looked at, within the crop."""
    return (point + sigma[:, None] * draws.normal(len(point), 2)).clamp(0, side - 1)


def blobs(point: Tensor, sigma: Tensor, side: int) -> Tensor:
    """Return Gaussians (B, side, side) of height 1 at `point` (B, 2), y and x, in pixels."""
    ramp = torch.arange(side, device=point.device, dtype=torch.float32)
    spread = 2 * sigma.square()[:, None]
    down = torch.exp(-((ramp - point[:, :1]).square()) / spread)
    across = torch.exp(-((ramp - point[:, 1:]).square()) / spread)
    return down[:, :, None] * across[:, None, :]


def blob_width(sigma: Tensor) -> Tensor:
    """Return the deviation in pixels of the blob that shows a gaze with error `sigma`."""
    return sigma.clamp(EXACT_BLOB_PX, WIDEST_BLOB_PX)


def uncertainty(sigma: Tensor) -> Tensor:
    """Return the value of the network's fifth input for a gaze with error `sigma`."""
    return sigma.clamp(max=UNCERTAINTY_SCALE_PX) / UNCERTAINTY_SCALE_PX


def first_look(draws: Draws, target: Tensor, sigma: Tensor) -> Tensor:
    """Return the positive input (B, H, W): one fixation, or a few as one prompt."""
    batch, side = len(target), target.shape[1]
    count = torch.where(draws.chance(0.78, batch), 1, draws.integers(2, MOST_FIXATIONS + 1, batch))
    seen = torch.zeros(target.shape, device=target.device)
    for fixation in range(int(count.max())):
        point = inner_point(draws, target, 0.5 if fixation == 0 else 0.1)
        blob = blobs(displaced(draws, point, sigma, side), blob_width(sigma), side)
        seen = torch.where((fixation < count)[:, None, None], torch.maximum(seen, blob), seen)
    return seen


def correction(draws: Draws, target: Tensor, mask: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Return a prompt (B, H, W) at the largest error of `mask`, and whether it is positive (B,).

    The prompt is all zeros where the mask has no error.
    """
    missing, surplus = target & ~mask, mask & ~target
    adds = depth(missing).amax((1, 2)) >= depth(surplus).amax((1, 2))
    error = torch.where(adds[:, None, None], missing, surplus)
    point = inner_point(draws, error, 0.7)
    width = torch.where(adds, blob_width(sigma), EXACT_BLOB_PX)
    side = target.shape[1]
    blob = blobs(displaced(draws, point, sigma, side), width, side)
    return blob * error.any(2).any(1)[:, None, None], adds
