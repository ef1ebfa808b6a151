"""What the network is taught: masks that overlap, and scores that say how well."""

from __future__ import annotations

import torch
import torch.nn.functional as nn
from torch import Tensor

FOCUS = 1.5
PIXEL_WEIGHT = 6.0
SCORE_WEIGHT = 2.0


def mask_losses(logits: Tensor, target: Tensor) -> Tensor:
    """Return how wrong each mask (B, 3) is: focal cross entropy plus one minus soft Dice."""
    wanted = target[:, None].float().expand_as(logits)
    inside = torch.sigmoid(logits)
    entropy = nn.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    right = torch.where(wanted > 0.5, inside, 1 - inside)
    pixels = ((1 - right) ** FOCUS * entropy).mean((2, 3))
    shared = 2 * (inside * wanted).sum((2, 3)) + 4
    dice = shared / (inside.sum((2, 3)) + wanted.sum((2, 3)) + 4)
    return PIXEL_WEIGHT * pixels + 1 - dice


def overlaps(logits: Tensor, target: Tensor) -> Tensor:
    """Return the IoU (B, 3) of the masks, thresholded at 0, with `target` (B, H, W)."""
    masks, wanted = logits > 0, target[:, None]
    shared = (masks & wanted).sum((2, 3))
    return shared / ((masks | wanted).sum((2, 3)) + 1)


def loss(logits: Tensor, scores: Tensor, target: Tensor, is_first: Tensor) -> Tensor:
    """Return the loss of a batch.

    In first looks (`is_first`, (B,)) the prompt is ambiguous: the best of the masks counts
    as much as the first one. Later the first mask is to be right. Scores are taught the true
    overlap and, because they rank, the order of the masks of a look.
    """
    wrong = mask_losses(logits, target)
    ambiguous = 0.7 * wrong[:, 0] + 0.9 * wrong.amin(1) + 0.06 * wrong.mean(1)
    settled = 1.4 * wrong[:, 0] + 0.15 * wrong.amin(1) + 0.1 * wrong.mean(1)
    true = overlaps(logits, target)
    score = (scores - true).square().mean(1) + 0.5 * _order(scores, true)
    return (torch.where(is_first, ambiguous, settled) + SCORE_WEIGHT * score).mean()


def _order(scores: Tensor, true: Tensor) -> Tensor:
    """Return how wrongly the masks of each look are ordered, differences that matter alone."""
    ahead = scores[:, :, None] - scores[:, None, :]
    truly = true[:, :, None] - true[:, None, :]
    return (nn.relu(truly - ahead) * (truly > 0.05)).square().mean((1, 2))
