"""Looks at scenes that go on: each answer of the network leads to the next prompt."""

from __future__ import annotations

import torch
import torch.nn.functional as nn
from torch import Tensor

from training import clicks
from training.draws import Draws
from training.fields import blur
from training.scenes import Scenes

GOES_ON = 0.5
MOST_ROUNDS = 7
_TENSORS = ("image", "target", "positive", "negative", "previous", "sigma", "round")


class Games:
    """B looks at B scenes, each in its own round.

    The network's answer in training is also what the reader corrects next, so that no pass
    is spent on playing. After each step half of the games go on and half begin anew.

    Attributes
    ----------
    image
        (B, 1, H, W), 0 to 1.
    target
        (B, H, W) booleans.
    positive, negative, previous
        (B, H, W), the network's inputs.
    sigma
        (B,) how far the gaze may be off, in pixels.
    round
        (B,) 0 for first looks.
    """

    def __init__(self, draws: Draws, scenes: Scenes) -> None:
        self._draws = draws
        self.image, self.target = scenes.image, scenes.target
        self.sigma = clicks.gaze_errors(draws, self.target)
        self.positive = clicks.first_look(draws, self.target, self.sigma)
        self.negative = torch.zeros_like(self.positive)
        self.previous = torch.zeros_like(self.positive)
        self.round = torch.zeros(len(scenes), dtype=torch.long, device=self.positive.device)

    def inputs(self) -> Tensor:
        """Return what the network is given (B, 5, H, W)."""
        plane = clicks.uncertainty(self.sigma)[:, None, None].expand_as(self.positive)
        maps = torch.stack((self.positive, self.negative, self.previous, plane), 1)
        return torch.cat((self.image, maps), 1)

    def going_on(self) -> Tensor:
        """Return which games (B,) go on to another round, drawn anew with each call."""
        return self._draws.chance(GOES_ON, len(self.round)) & (self.round < MOST_ROUNDS - 1)

    def play(self, logits: Tensor, scores: Tensor) -> None:
        """Prompt again where the masks (B, 3, H, W) err most.

        Most readers correct the first mask, some the one with the best score. Some say
        nothing new: the engine itself asks again with what it found.
        """
        draws, batch = self._draws, len(logits)
        rows = torch.arange(batch, device=logits.device)
        best = torch.where(draws.chance(0.7, batch), 0, scores.argmax(1))
        chosen = logits[rows, best]
        prompt, adds = clicks.correction(draws, self.target, chosen > 0, self.sigma)
        prompt = prompt * ~draws.chance(0.2, batch)[:, None, None]
        adds = adds[:, None, None]
        self.positive = torch.where(adds, torch.maximum(self.positive, prompt), self.positive)
        self.negative = torch.where(adds, self.negative, torch.maximum(self.negative, prompt))
        self.previous = remembered(draws, torch.sigmoid(chosen))
        self.round = self.round + 1

    def begin(self, which: Tensor, scenes: Scenes) -> None:
        """Begin the games `which` (B,) anew, with one of `scenes` each."""
        fresh = Games(self._draws, scenes)
        for name in _TENSORS:
            values = getattr(self, name).clone()
            values[which] = getattr(fresh, name)
            setattr(self, name, values)

    def state(self) -> dict[str, Tensor]:
        """Return all of it, for `restore`."""
        return {name: getattr(self, name) for name in _TENSORS}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on with games that were saved."""
        for name in _TENSORS:
            setattr(self, name, state[name].to(self.image.device))


def remembered(draws: Draws, mask: Tensor) -> Tensor:
    """Return the previous mask (B, H, W) as an engine hands it in.

    As it was, blurred and shifted by way of another crop's pixels, as a mask of zeros and
    ones, or not at all.
    """
    batch = len(mask)
    blurred = blur(mask[:, None], draws.uniform(0.5, 3, batch))[:, 0]
    shift = draws.integers(-2, 3, 2).tolist()
    moved = nn.pad(blurred, (2, 2, 2, 2), mode="replicate")
    moved = moved.roll(shift, (1, 2))[:, 2:-2, 2:-2]
    kind = draws.uniform(0, 1, batch)[:, None, None]
    hard = torch.where(kind < 0.75, moved, (mask > 0.5).float())
    return torch.where(kind < 0.35, mask, torch.where(kind < 0.9, hard, torch.zeros_like(mask)))
