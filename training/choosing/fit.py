"""The scorer's weights, fitted to looks whose masks' overlap with the structure is known.

What is maximised is what is wanted: the Dice of the mask that the engine shows, where a softmax
stands for its choice of the best. A part of the loss keeps the scores what they are called, the
expected IoU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as nn
from torch import Tensor

from GazeSAMLib.engines.compact.choice import BELIEF_WIDTH
from training.choosing.looks import Looks

EVIDENCE_LIMIT, FEATURE_LIMIT = 50.0, 5.0  # as the product's scorer cuts
LEAST_SCALE = 1e-3
NOT_THERE = -1e4

Values = dict[str, list[float] | list[list[float]] | float]


@dataclass(frozen=True)
class Recipe:
    """How the scorer is fitted.

    Attributes
    ----------
    members, hidden
        So many scorers, of so many units each, are fitted and joined to one.
    rounds, batch
        How often each look is learnt from, and how many at once.
    peak_rate, decay
        Of AdamW.
    choice_weight
        Share of the choice in the loss; the rest is the scores' error.
    temperature
        Masks whose expected Dice differ by that much differ in the softmax by a factor of e.
    seed
        Of the first weights and of the order of the looks.
    """

    members: int = 3
    hidden: int = 32
    rounds: int = 40
    batch: int = 128
    peak_rate: float = 0.01
    decay: float = 0.01
    choice_weight: float = 0.7
    temperature: float = 0.1
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Known:
    """Looks as tensors: standardised features (N, M, F), and the rest as in `Looks`."""

    features: Tensor
    iou: Tensor
    overlap: Tensor
    there: Tensor

    def taken(self, which: Tensor) -> Known:
        """Return some of the looks."""
        return Known(self.features[which], self.iou[which], self.overlap[which], self.there[which])


def fitted(looks: Looks, recipe: Recipe | None = None) -> Values:
    """Return the weights of a scorer, in the form of its JSON file.

    Raises
    ------
    ValueError
        If there are no looks.
    """
    recipe = recipe or Recipe()
    if not len(looks):
        raise ValueError("there are no looks to fit a scorer to: make more scenes")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the layers are too small to be shared
    features, mean, scale = _standardised(looks)
    known = Known(
        features,
        torch.as_tensor(looks.iou, dtype=torch.float32),
        torch.as_tensor(looks.overlap, dtype=torch.float32),
        torch.as_tensor(looks.there),
    )
    members = [
        _member(known, recipe, torch.Generator().manual_seed(recipe.seed * recipe.members + number))
        for number in range(recipe.members)
    ]
    torch.set_num_threads(threads)
    return _values(mean, scale, _joined(members))


def _member(known: Known, recipe: Recipe, generator: torch.Generator) -> list[Tensor]:
    """Return the weights of one scorer."""
    count, _, features = known.features.shape
    batch = min(recipe.batch, count)
    weights = _first_weights(features, recipe.hidden, generator)
    optimiser = torch.optim.AdamW(weights, recipe.peak_rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        recipe.peak_rate,
        total_steps=recipe.rounds * (count // batch),
        pct_start=0.1,
    )
    for _ in range(recipe.rounds):
        order = torch.randperm(count, generator=generator)
        for some in order[: count // batch * batch].split(batch):
            loss = _loss(weights, known.taken(some), recipe)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return [weight.detach() for weight in weights]


def _joined(members: list[list[Tensor]]) -> list[Tensor]:
    """Return one scorer whose output, before its sigmoid, is the mean of the members'."""
    hidden, hidden_bias, output, output_bias = zip(*members, strict=True)
    return [
        torch.cat(hidden),
        torch.cat(hidden_bias),
        torch.cat(output) / len(members),
        torch.stack(output_bias).mean(),
    ]


def expected_dice(scores: Tensor, iou: Tensor, there: Tensor) -> Tensor:
    """Return what the engine's function of that name returns, for many looks at once."""
    believed = torch.where(there, scores / BELIEF_WIDTH, torch.tensor(NOT_THERE))
    belief = torch.softmax(believed, 1)
    return (2 * iou / (1 + iou) * belief[:, None, :]).sum(2)


def _loss(weights: list[Tensor], known: Known, recipe: Recipe) -> Tensor:
    scores = _scores(weights, known.features)
    expected = expected_dice(scores, known.iou, known.there)
    sharp = torch.where(known.there, expected / recipe.temperature, torch.tensor(NOT_THERE))
    dice = 2 * known.overlap / (1 + known.overlap)
    shown = (torch.softmax(sharp, 1) * dice).sum(1).mean()
    error = ((scores - known.overlap).square() * known.there).sum() / known.there.sum()
    return (1 - recipe.choice_weight) * 4 * error - recipe.choice_weight * shown


def _standardised(looks: Looks) -> tuple[Tensor, Tensor, Tensor]:
    """Return features (N, M, F), and mean and scale (F,) of the evidence."""
    finite = np.nan_to_num(looks.evidence, posinf=EVIDENCE_LIMIT, neginf=-EVIDENCE_LIMIT)
    evidence = torch.as_tensor(finite, dtype=torch.float32).clamp(-EVIDENCE_LIMIT, EVIDENCE_LIMIT)
    known = evidence[torch.as_tensor(looks.there)]
    mean, scale = known.mean(0), known.std(0).clamp(min=LEAST_SCALE)
    features = ((evidence - mean) / scale).clamp(-FEATURE_LIMIT, FEATURE_LIMIT)
    return features, mean, scale


def _first_weights(features: int, hidden: int, generator: torch.Generator) -> list[Tensor]:
    """Return weights and bias of the hidden layer and of the output."""
    shapes = ((hidden, features), (hidden,), (hidden,), ())
    reaches = (features**-0.5, features**-0.5, hidden**-0.5, hidden**-0.5)
    return [
        ((2 * torch.rand(shape, generator=generator) - 1) * reach).requires_grad_()
        for shape, reach in zip(shapes, reaches, strict=True)
    ]


def _scores(weights: list[Tensor], features: Tensor) -> Tensor:
    hidden, hidden_bias, output, output_bias = weights
    return torch.sigmoid(
        torch.tanh(nn.linear(features, hidden, hidden_bias)) @ output + output_bias
    )


def _values(mean: Tensor, scale: Tensor, weights: list[Tensor]) -> Values:
    names = ("hidden_weights", "hidden_bias", "output_weights", "output_bias")
    found = (mean, scale, *weights)
    return {
        name: np.round(tensor.numpy().astype(np.float64), 5).tolist()
        for name, tensor in zip(("mean", "scale", *names), found, strict=True)
    }
