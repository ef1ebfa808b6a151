"""How good a network is on scenes that are never trained on."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from training import clicks
from training.draws import Draws
from training.games import Games
from training.labelmaps import LabelMaps
from training.network import PromptNetwork
from training.scenes import Scenes
from training.stock import Stock

VALIDATION_SEED = 7_000_001  # trainings of smaller seeds never see its scenes
GAZE_ERROR_PX = 8.0
BATCH = 32


@dataclass(frozen=True)
class Report:
    """Mean Dice, and how well scores choose.

    Attributes
    ----------
    dice_1, dice_1_first, dice_1_best
        One exact prompt at the middle: the mask that the scores choose, the first, the best.
    dice_1_gaze
        The same with a gaze error of 8 pixels of the crop, mask chosen by score.
    dice_3, dice_5
        After two and four corrections, first mask.
    score_error
        Mean absolute difference of predicted and true IoU.
    """

    dice_1: float
    dice_1_first: float
    dice_1_best: float
    dice_1_gaze: float
    dice_3: float
    dice_5: float
    score_error: float

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name, with four digits."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def validation_scenes(device: str, count: int, label_maps: LabelMaps | None = None) -> Scenes:
    """Return the same `count` scenes whenever the generator is the same."""
    return Stock(VALIDATION_SEED, device, 8, max(4, count // 6), label_maps).take(count)


def validate(network: PromptNetwork, scenes: Scenes) -> Report:
    """Return how good `network` is with prompts on `scenes`; always the same prompts."""
    network.eval()
    draws = Draws(VALIDATION_SEED, scenes.image.device)
    columns: list[list[Tensor]] = []
    for start in range(0, len(scenes), BATCH):
        part = slice(start, start + BATCH)
        columns.append(_played(network, draws, Scenes(scenes.image[part], scenes.target[part])))
    means = [torch.cat(column).mean().item() for column in zip(*columns, strict=True)]
    return Report(*means)


def _played(network: PromptNetwork, draws: Draws, scenes: Scenes) -> list[Tensor]:
    rows = torch.arange(len(scenes), device=scenes.image.device)
    first = _ask(network, _middle_look(draws, scenes, 0.0))
    dice, overlap = _dice(first[0], scenes.target)
    gaze_logits, gaze_scores = _ask(network, _middle_look(draws, scenes, GAZE_ERROR_PX))
    gaze_dice, _ = _dice(gaze_logits, scenes.target)
    game = _middle_look(draws, scenes, 0.0)
    later = []
    for _ in range(5):
        logits, _ = _ask(network, game)
        later.append(_dice(logits, scenes.target)[0][:, 0])
        _correct(draws, game, logits)
    return [
        dice[rows, first[1].argmax(1)],
        dice[:, 0],
        dice.amax(1),
        gaze_dice[rows, gaze_scores.argmax(1)],
        later[2],
        later[4],
        (first[1] - overlap).abs().mean(1),
    ]


def _middle_look(draws: Draws, scenes: Scenes, error_px: float) -> Games:
    game = Games(draws, scenes)
    side = scenes.target.shape[1]
    game.sigma = torch.full_like(game.sigma, error_px)
    point = clicks.inner_point(draws, scenes.target, 1.0)
    point = clicks.displaced(draws, point, game.sigma, side)
    game.positive = clicks.blobs(point, clicks.blob_width(game.sigma), side)
    return game


def _correct(draws: Draws, game: Games, logits: Tensor) -> None:
    prompt, adds = clicks.correction(draws, game.target, logits[:, 0] > 0, game.sigma)
    adds = adds[:, None, None]
    game.positive = torch.where(adds, torch.maximum(game.positive, prompt), game.positive)
    game.negative = torch.where(adds, game.negative, torch.maximum(game.negative, prompt))
    game.previous = torch.sigmoid(logits[:, 0])


def _ask(network: PromptNetwork, game: Games) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        logits, scores = network(game.inputs())
    return logits.float(), scores.float()


def _dice(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return Dice and IoU (B, 3) of the masks."""
    masks, wanted = logits > 0, target[:, None]
    shared = (masks & wanted).sum((2, 3)).float()
    both = masks.sum((2, 3)) + wanted.sum((2, 3))
    return 2 * shared / (both + 1e-6), shared / (both - shared + 1e-6)
