"""Scenes in store. Every batch follows from the seed and its number alone."""

from __future__ import annotations

import torch
from torch import Tensor

from training.draws import Draws
from training.labelmaps import LabelMaps
from training.scenes import Scenes, make_scenes

_PRIME = 1_000_003


class Stock:
    """Scenes of several kinds, mixed, made when they run out.

    Parameters
    ----------
    seed, device
        Where the random numbers come from.
    at_once, kinds
        `kinds` batches of `at_once` scenes, each of one kind, are made and mixed.
    label_maps
        Where some of the scenes come from.
    first, stride
        Number of the first batch, and the distance to the next: processes that train
        together take different ones.
    """

    def __init__(
        self,
        seed: int,
        device: str,
        at_once: int,
        kinds: int,
        label_maps: LabelMaps | None = None,
        first: int = 0,
        stride: int = 1,
    ) -> None:
        self._seed, self._device = seed, device
        self._at_once, self._kinds = at_once, kinds
        self._label_maps = label_maps
        self._number, self._stride = first, stride
        self._taken = 0
        self._scenes = self._make()

    def take(self, count: int) -> Scenes:
        """Return `count` scenes that were not taken before."""
        parts: list[Scenes] = []
        while count > 0:
            if self._taken == len(self._scenes):
                self._number += self._stride
                self._taken, self._scenes = 0, self._make()
            end = min(self._taken + count, len(self._scenes))
            part = slice(self._taken, end)
            parts.append(Scenes(self._scenes.image[part], self._scenes.target[part]))
            count -= end - self._taken
            self._taken = end
        return _joined(parts)

    def state(self) -> dict[str, int]:
        """Return where the stock stands, for `restore`."""
        return {"number": self._number, "taken": self._taken}

    def restore(self, state: dict[str, int]) -> None:
        """Go on from where another stock of the same seed stood."""
        self._number, self._taken = state["number"], state["taken"]
        self._scenes = self._make()

    def _make(self) -> Scenes:
        draws = Draws(self._seed * _PRIME + self._number, self._device)
        made = [make_scenes(draws, self._at_once, self._label_maps) for _ in range(self._kinds)]
        scenes = _joined(made)
        order: Tensor = draws.uniform(0, 1, len(scenes)).argsort()
        return Scenes(scenes.image[order], scenes.target[order])


def _joined(parts: list[Scenes]) -> Scenes:
    images, targets = [part.image for part in parts], [part.target for part in parts]
    return Scenes(torch.cat(images), torch.cat(targets))
