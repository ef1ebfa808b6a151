"""The network: a small U-Net that takes an image and prompts and gives three masks and scores."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as nn
from torch import Tensor
from torch.nn import BatchNorm2d, Conv2d, Linear, Module, ModuleList, ReLU, Sequential

WIDTHS = (12, 24, 48, 80, 112, 144)
INPUTS = 5
MASKS = 3
IMAGE, POSITIVE, NEGATIVE, PREVIOUS, UNCERTAINTY = range(INPUTS)
UNCERTAINTY_SCALE_PX = 32.0
_EVIDENCE = 8  # numbers that `_evidence` gives


class _Convolution(Sequential):  # type: ignore[misc]
    def __init__(self, taken: int, given: int) -> None:
        super().__init__(
            Conv2d(taken, given, 3, padding=1, bias=False), BatchNorm2d(given), ReLU(inplace=True)
        )


class _SeparableConvolution(Sequential):  # type: ignore[misc]
    def __init__(self, taken: int, given: int) -> None:
        super().__init__(
            Conv2d(taken, taken, 3, padding=1, groups=taken, bias=False),
            Conv2d(taken, given, 1, bias=False),
            BatchNorm2d(given),
            ReLU(inplace=True),
        )


# Widths by kind of convolution; about the same milliseconds a crop on one core of a CPU.
VARIANTS = {
    "plain": (_Convolution, WIDTHS),
    "separable": (_SeparableConvolution, (32, 64, 120, 192, 272, 344)),
}


class PromptNetwork(Module):  # type: ignore[misc]
    """Masks of what is looked at, at most 1.4 million weights.

    The input (B, 5, H, W), H and W multiples of 32, holds the image from 0 to 1; positive
    and negative prompts as Gaussian blobs; the probability of the previous mask; and how far
    the gaze may be off, min(sigma in pixels, 32) / 32, the same everywhere. Inside, the image
    is compared with what lies under the positive prompts, which is what helps most.

    The output is logits (B, 3, H, W), the first for the likeliest mask and the others for
    what else could be meant, and the IoU (B, 3) that each is predicted to have.
    """

    def __init__(self, variant: str = "plain") -> None:
        super().__init__()
        convolution, widths = VARIANTS[variant]
        pairs = list(pairwise(widths))
        self.stem = Sequential(
            convolution(INPUTS + 2, widths[0]), convolution(widths[0], widths[0])
        )
        self.down = ModuleList(Sequential(convolution(a, b), convolution(b, b)) for a, b in pairs)
        self.up = ModuleList(Sequential(convolution(a + b, a), convolution(a, a)) for a, b in pairs)
        self.everywhere = Linear(widths[-1], widths[-1])
        self.masks = Conv2d(widths[0], MASKS, 1)
        self.score = Sequential(
            Linear(widths[-1] + 2 * widths[0] + 1 + _EVIDENCE, 64), ReLU(), Linear(64, 1)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, 3, H, W) and predicted IoU (B, 3)."""
        features = self.stem(_compared(x))
        skipped = [features]
        for stage in self.down:
            features = stage(nn.max_pool2d(features, 2))
            skipped.append(features)
        summary = features.mean((2, 3))
        features = features + self.everywhere(summary)[:, :, None, None]
        for stage, skip in zip(reversed(self.up), reversed(skipped[:-1]), strict=True):
            wider = nn.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
            features = stage(torch.cat((skip, wider), 1))
        logits = self.masks(features).float()
        return logits, self._scores(logits.detach(), features, summary, x)

    def _scores(self, logits: Tensor, features: Tensor, summary: Tensor, x: Tensor) -> Tensor:
        inside = torch.sigmoid(logits).flatten(2)
        edge = 4 * inside * (1 - inside)
        pixels = features.flatten(2).transpose(1, 2)
        area = inside.sum(2, keepdim=True)
        of_inside = torch.matmul(inside, pixels) / (area + 1)
        of_edge = torch.matmul(edge, pixels) / (edge.sum(2, keepdim=True) + 1)
        known = summary[:, None].expand(-1, MASKS, -1)
        share = area / inside.shape[2]
        parts = (of_inside, of_edge, share, known, _evidence(logits, x))
        return torch.sigmoid(self.score(torch.cat(parts, 2))[:, :, 0].float())


def _compared(x: Tensor) -> Tensor:
    """Return `x` with the image relative to the mean under the positive prompts (B, 7, H, W)."""
    image, positive = x[:, IMAGE : IMAGE + 1], x[:, POSITIVE : POSITIVE + 1]
    weight = positive.sum((2, 3), keepdim=True) + 1e-3
    difference = image - (image * positive).sum((2, 3), keepdim=True) / weight
    alike = torch.exp(-((difference * 8) ** 2))
    prompts, uncertainty = x[:, POSITIVE:UNCERTAINTY], x[:, UNCERTAINTY:]
    return torch.cat((image * 2 - 1, prompts, difference * 2, alike, uncertainty), 1)


def _evidence(logits: Tensor, x: Tensor) -> Tensor:
    """Return what speaks for and against each mask (B, 3, 8), mostly between 0 and 1.

    Its stability, fuzziness, what it covers of positive and of negative prompts, how much of
    the crop's border it covers, the gaze's uncertainty, its overlap with the previous mask,
    and whether there was one.
    """
    inside = torch.sigmoid(logits)
    area = inside.sum((2, 3)) + 1
    stable = (logits > 1).float().sum((2, 3)) / ((logits > -1).float().sum((2, 3)) + 1)
    fuzzy = (4 * inside * (1 - inside)).sum((2, 3)) / area
    prompts = x[:, POSITIVE:PREVIOUS]
    covered = torch.einsum("bkhw,bphw->bkp", inside, prompts)
    covered = covered / (prompts.sum((2, 3))[:, None] + 1e-3)
    rows = inside[:, :, 0].mean(2) + inside[:, :, -1].mean(2)
    columns = inside[:, :, :, 0].mean(2) + inside[:, :, :, -1].mean(2)
    previous = x[:, PREVIOUS : PREVIOUS + 1]
    shared = (inside * previous).sum((2, 3))
    overlap = shared / (area + previous.sum((2, 3)) - shared)
    uncertainty = x[:, UNCERTAINTY, :1, 0].expand_as(area)
    had_one = previous.amax((2, 3)).expand_as(area)
    numbers = (stable, fuzzy.clamp(max=2), (rows + columns) / 4, uncertainty, overlap, had_one)
    return torch.cat((torch.stack(numbers, 2), covered), 2)
