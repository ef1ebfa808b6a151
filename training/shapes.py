"""Shapes that a scene is painted with, from the bottom up."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.tissues import Tissue


@dataclass
class Shapes:
    """P wobbly, bent ellipses for each of B scenes, painted in their order.

    Attributes
    ----------
    centre, axes
        (B, P, 2): x and y of the middle, and half axes, in units of the scene.
    angle, bend
        (B, P): radians from x to the first axis; how much it is bent, 0 straight.
    wobble
        (B, P, 4): amplitudes of two lobes and three lobes, cosine and sine of each.
    inner
        (B, P): what share of the radius is core; 0 for shapes without a shell.
    shell, core
        (B, P): tissue of the shell (of everything where there is no core) and of the core.
    there
        (B, P): whether the shape exists.
    interest
        (B, P): how often it is looked at, relative to the others.
    parents
        P indices: the shape in whose core a shape lies and stays, -1 for none.
    groups
        P numbers: shapes of one group, such as the bones of a vertebra, are looked at as one;
        -1 for those that stand alone.
    """

    centre: Tensor
    axes: Tensor
    angle: Tensor
    bend: Tensor
    wobble: Tensor
    inner: Tensor
    shell: Tensor
    core: Tensor
    there: Tensor
    interest: Tensor
    parents: tuple[int, ...]
    groups: tuple[int, ...]

    def tissues(self) -> Tensor:
        """Return the tissue (B, 2 P) of each label of `paint`."""
        return torch.stack((self.shell, self.core), 2).flatten(1)


def _radius(shapes: Shapes, index: int, x: Tensor, y: Tensor) -> Tensor:
    """Return how far out points lie: 0 in the middle of the shape, 1 on its edge."""

    def of_scene(values: Tensor) -> Tensor:
        return values[:, None, None]

    cosine = of_scene(torch.cos(shapes.angle[:, index]))
    sine = of_scene(torch.sin(shapes.angle[:, index]))
    x = x - of_scene(shapes.centre[:, index, 0])
    y = y - of_scene(shapes.centre[:, index, 1])
    along = (cosine * x + sine * y) / of_scene(shapes.axes[:, index, 0])
    across = (cosine * y - sine * x) / of_scene(shapes.axes[:, index, 1])
    across = across + of_scene(shapes.bend[:, index]) * (along.square() - 0.3)
    square = along.square() + across.square() + 1e-9
    radius = square.sqrt()
    # Lobes without trigonometry: cosines of multiples of the angle are polynomials.
    cos_2 = (along.square() - across.square()) / square
    sin_2 = 2 * along * across / square
    cos_3 = (along * cos_2 - across * sin_2) / radius
    sin_3 = (across * cos_2 + along * sin_2) / radius
    edge = torch.ones_like(radius)
    for lobe, amplitude in zip(
        (cos_2, sin_2, cos_3, sin_3), shapes.wobble[:, index].T, strict=True
    ):
        edge.addcmul_(lobe, of_scene(amplitude))
    return radius / edge


def paint(shapes: Shapes, x: Tensor, y: Tensor, ground: Tensor) -> Tensor:
    """Return labels (B, H, W): 2 p for the shell of shape p, 2 p + 1 for its core.

    `x` and `y` (B, H, W) are the pixels' places in the scene, `ground` the labels below
    everything.
    """
    labels = ground
    cores: list[Tensor] = []
    for index, parent in enumerate(shapes.parents):
        radius = _radius(shapes, index, x, y)
        covered = (radius < 1) & shapes.there[:, index, None, None]
        if parent >= 0:
            covered = covered & cores[parent]
        inner = shapes.inner[:, index, None, None]
        in_core = radius < inner
        labels = torch.where(covered, 2 * index + in_core.long(), labels)
        cores.append(covered & (in_core | (inner <= 0)))
    return labels


def family(shapes: Shapes, index: Tensor) -> Tensor:
    """Return which labels (B, 2 P) belong to shape `index` (B,).

    That is the shape, those of its group, and what lies in them; but not what bone encloses
    and is no marrow, such as brain or spinal cord.
    """
    count = len(shapes.parents)
    belongs = torch.arange(count, device=index.device) == index[:, None]
    groups = torch.tensor(shapes.groups, device=index.device)
    belongs |= (groups == groups[index][:, None]) & (groups >= 0)
    solid = (shapes.shell != Tissue.CORTEX) | (shapes.core == Tissue.MARROW) | (shapes.inner <= 0)
    for child, parent in enumerate(shapes.parents):
        if parent >= 0:
            belongs[:, child] |= belongs[:, parent] & solid[:, parent]
    return torch.stack((belongs, belongs & solid), 2).flatten(1)
