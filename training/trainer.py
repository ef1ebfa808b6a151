"""One process that trains: its games, its network, its average, and what is saved of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import BatchNorm2d

from training.draws import Draws
from training.games import Games
from training.labelmaps import LabelMaps, read_label_maps
from training.losses import loss, overlaps
from training.network import PromptNetwork
from training.parallel import Team
from training.scenes import Scenes
from training.stock import Stock
from training.warm_start import load_weights

LARGEST_GRADIENT = 2.0
SCORE_PACE = 3.0
AVERAGED_OVER_STEPS = 400


@dataclass(frozen=True)
class Settings:
    """What decides how a training goes, besides its length.

    Attributes
    ----------
    seed
        Same seed, steps, processes and device: same weights.
    device
        ``cpu`` or ``cuda``.
    batch
        Samples a step and process.
    scenes_at_once, kinds
        See `Stock`.
    peak_rate
        Largest learning rate.
    label_maps, label_map_share
        Folder of label maps to mix in, or None, and how many scenes come from them.
    variant
        Of the network: one of `VARIANTS`.
    init
        Checkpoint, or ONNX file of the feasibility study, to start from, or None.
    """

    seed: int = 0
    device: str = "cpu"
    batch: int = 8
    scenes_at_once: int = 8
    kinds: int = 5
    peak_rate: float = 1.5e-3
    label_maps: Path | None = None
    label_map_share: float = 0.2
    variant: str = "plain"
    init: Path | None = None


class Trainer:
    """Trains a network step by step; processes of one `team` train the same one."""

    def __init__(self, settings: Settings, team: Team) -> None:
        self.settings, self._team = settings, team
        self.steps = self.samples = 0
        maps = self._read_maps()
        self.stock = Stock(
            settings.seed,
            settings.device,
            settings.scenes_at_once,
            settings.kinds,
            maps,
            team.rank,
            team.size,
        )
        self._draws = Draws(settings.seed * 1009 + team.rank, settings.device)
        self.games = Games(self._draws, self.stock.take(settings.batch))
        torch.manual_seed(settings.seed)
        self.network = PromptNetwork(settings.variant).to(settings.device)
        if settings.init is not None:
            samples = Games(Draws(settings.seed), self._first_scenes()).inputs()
            load_weights(self.network.cpu(), settings.init, samples)
        self.network = self.network.to(settings.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        # Trained weights go on better with the statistics that they were normalised with than
        # with those of small batches.
        self._norms_are_fixed = settings.init is not None
        score = list(self.network.score.parameters())
        others = [
            weight for name, weight in self.network.named_parameters() if "score." not in name
        ]
        self._optimizer = torch.optim.AdamW(
            [{"params": others, "pace": 1.0}, {"params": score, "pace": SCORE_PACE}],
            settings.peak_rate,
            betas=(0.9, 0.98),
            weight_decay=1e-3,
        )

    def step(self, rate: float) -> dict[str, float]:
        """Train on one batch; return what came of it.

        ``loss`` of all, ``first`` and ``best`` mask's IoU in first looks (missing where the
        batch has none).
        """
        inputs = self.games.inputs().contiguous(memory_format=torch.channels_last)
        self._train_mode()
        with torch.autocast(self._draws.device.type, torch.bfloat16):
            logits, scores = self.network(inputs)
        logits, scores = logits.float(), scores.float()
        is_first = self.games.round == 0
        wrong = loss(logits, scores, self.games.target, is_first)
        self._optimizer.zero_grad(set_to_none=False)
        wrong.backward()
        self._team.average_gradients(self.network)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["pace"]
        self._optimizer.step()
        self.steps += 1
        self.samples += len(inputs) * self._team.size
        self._follow()
        report = {"loss": wrong.item()}
        if bool(is_first.any()):
            right = overlaps(logits.detach(), self.games.target)[is_first]
            report |= {"first": right[:, 0].mean().item(), "best": right.amax(1).mean().item()}
        self._next_looks(logits.detach(), scores.detach())
        return report

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on, of tensors and plain values."""
        return {
            "steps": self.steps,
            "samples": self.samples,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "norms_are_fixed": self._norms_are_fixed,
            "stock": self.stock.state(),
            "games": self.games.state(),
            "draws": self._draws.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.steps, self.samples = state["steps"], state["samples"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._norms_are_fixed = state["norms_are_fixed"]
        self.stock.restore(state["stock"])
        self.games.restore(state["games"])
        self._draws.restore(state["draws"])

    def _train_mode(self) -> None:
        self.network.train()
        for module in self.network.modules():
            if self._norms_are_fixed and isinstance(module, BatchNorm2d):
                module.eval()

    def _next_looks(self, logits: Tensor, scores: Tensor) -> None:
        going_on = self.games.going_on()
        self.games.play(logits, scores)
        ended = ~going_on
        if bool(ended.any()):
            self.games.begin(ended, self.stock.take(int(ended.sum())))

    def _follow(self) -> None:
        """Let the averaged weights follow; quickly at first."""
        share = max(1 / AVERAGED_OVER_STEPS, 1 / (self.steps + 1))
        pairs = zip(
            self.average.state_dict().values(), self.network.state_dict().values(), strict=True
        )
        for slow, quick in pairs:
            if slow.is_floating_point():
                slow.detach().lerp_(quick.detach(), share)

    def _read_maps(self) -> LabelMaps | None:
        folder = self.settings.label_maps
        if folder is None:
            return None
        return read_label_maps(folder, self.settings.label_map_share, self.settings.device)

    def _first_scenes(self) -> Scenes:
        return Stock(self.settings.seed, "cpu", 8, 3).take(16)
