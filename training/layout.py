"""Collects groups of like shapes into the `Shapes` of a batch of scenes."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from training.draws import Draws
from training.shapes import Shapes


@dataclass
class Look:
    """What a group of shapes has in common.

    Attributes
    ----------
    shell, core
        Tissue, or tensor of tissues (B, N).
    inner
        Share of the radius that is core, or tensor (B, N); 0 for shapes without a shell.
    parent
        Index of the shape in whose core the group lies, -1 for none.
    wobble, bend
        How irregular and how bent; standard deviations.
    there
        Probability that a shape exists, or tensor (B, N) of booleans.
    interest
        How often it is looked at.
    group
        Shapes of one group, from 0, are looked at as one; -1 for those that stand alone.
    """

    shell: int | Tensor
    core: int | Tensor = 0
    inner: float | Tensor = 0.0
    parent: int = -1
    wobble: float = 0.07
    bend: float = 0.1
    there: float | Tensor = 1.0
    interest: float = 1.0
    group: int = -1


@dataclass
class Layout:
    """Shapes of a batch of scenes in the making, in the order of painting."""

    draws: Draws
    batch: int
    _parts: list[tuple[Tensor, ...]] = field(default_factory=list)
    _parents: list[int] = field(default_factory=list)
    _groups: list[int] = field(default_factory=list)

    def add(self, centre: Tensor, axes: Tensor, angle: Tensor, look: Look) -> int:
        """Add a group with `centre` and `axes` (B, N, 2), `angle` (B, N); return its first index.

        Parameters
        ----------
        centre, axes, angle
            Places and sizes in units of the scene, directions in radians.
        look
            The rest.
        """
        first, size = len(self._parents), (self.batch, centre.shape[1])
        draws = self.draws
        there = look.there if isinstance(look.there, Tensor) else draws.chance(look.there, *size)
        self._parts.append(
            (
                centre.expand(*size, 2),
                axes.expand(*size, 2),
                angle.expand(size),
                look.bend * draws.normal(*size),
                (look.wobble * draws.normal(*size, 4)).clamp(-0.22, 0.22),
                self._filled(look.inner, size),
                self._filled(look.shell, size).long(),
                self._filled(look.core, size).long(),
                there.expand(size),
                self._filled(look.interest, size),
            )
        )
        self._parents += [look.parent] * size[1]
        self._groups += [look.group] * size[1]
        return first

    def add_one(
        self, x: Tensor, y: Tensor, half_x: Tensor, half_y: Tensor, look: Look, turn: float = 0.0
    ) -> int:
        """Add one shape a scene, from tensors (B,); its angle deviates by `turn` radians."""
        centre = torch.stack((x, y), 1)[:, None]
        axes = torch.stack((half_x, half_y), 1)[:, None]
        return self.add(centre, axes, turn * self.draws.normal(self.batch, 1), look)

    def shapes(self) -> Shapes:
        """Return all that was added."""
        columns = [torch.cat(column, 1) for column in zip(*self._parts, strict=True)]
        return Shapes(*columns, tuple(self._parents), tuple(self._groups))  # type: ignore[call-arg]

    def _filled(self, value: float | Tensor, size: tuple[int, int]) -> Tensor:
        if isinstance(value, Tensor):
            return value.expand(size)
        return torch.full(size, float(value), device=self.draws.device)
