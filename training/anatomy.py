"""Layouts of scenes: a trunk, a head, a limb, and whatever else.

Proportions are rough on purpose: a network that has seen only one anatomy would know only
that one. Units: the body is about 2 wide, x to the right, y down, middle at 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from training.draws import Draws
from training.layout import Layout, Look
from training.shapes import Shapes
from training.tissues import ORGANS, Tissue


def trunk(draws: Draws, batch: int) -> Shapes:
    """Return body wall, ribs, spine, paired and single organs, bowel, vessels and lesions."""
    layout, zero = Layout(draws, batch), torch.zeros(batch, device=draws.device)
    wide, high = draws.uniform(0.8, 1.1, batch), draws.uniform(0.5, 0.85, batch)
    skin = Look(Tissue.SKIN, Tissue.FAT, draws.uniform(0.965, 0.99, batch, 1), interest=0.15)
    body = layout.add_one(zero, zero, wide, high, skin)
    share = draws.uniform(0.7, 0.96, batch)
    thick = draws.uniform(0.78, 0.95, batch, 1)
    inside = torch.where(draws.chance(0.75, batch, 1), int(Tissue.FAT), int(Tissue.LUNG))
    muscle = Look(Tissue.MUSCLE, inside, thick, body, interest=0.6)
    wall = layout.add_one(zero, zero, wide * share, high * share, muscle)
    room = share * thick[:, 0]  # of the cavity, relative to the body
    _pair(layout, wide * room, high * room, wall, _one_tissue(draws, batch))
    _organs(layout, wide * room, high * room, wall)
    _bowel(layout, wide * room, high * room, wall)
    spine_y = high * room * draws.uniform(0.62, 0.95, batch)
    _spine(layout, spine_y, body)
    _ribs(layout, wide * share * 0.96, high * share * 0.96, body)
    _vessels_beside_spine(layout, spine_y, body)
    return layout.shapes()


def _one_tissue(draws: Draws, batch: int) -> Tensor:
    choice = torch.tensor((*ORGANS, Tissue.LUNG, Tissue.LUNG), device=draws.device)
    return choice[draws.integers(0, len(choice), batch, 1)]


def _pair(layout: Layout, wide: Tensor, high: Tensor, parent: int, tissue: Tensor) -> None:
    """Add two organs that mirror each other, of one tissue, with what may lie in them."""
    draws, batch = layout.draws, layout.batch
    x = wide * draws.uniform(0.3, 0.65, batch)
    y = high * draws.uniform(-0.4, 0.5, batch)
    tilt = 0.4 * draws.normal(batch)
    axes = torch.stack((wide, high), 1) * draws.log_uniform(0.14, 0.6, batch, 2)
    side = torch.tensor((1.0, -1.0), device=draws.device)
    shifted = 1 + 0.08 * draws.normal(batch, 2, 2)
    centre = torch.stack((x[:, None] * side, y[:, None].expand(-1, 2)), 2) * shifted
    both = axes[:, None] * (1 + 0.06 * draws.normal(batch, 2, 2))
    inner = draws.uniform(0.4, 0.8, batch, 1) * draws.chance(0.4, batch, 1)
    core = torch.where(draws.chance(0.5, batch, 1), int(Tissue.FAT), int(Tissue.ORGAN_D))
    there = draws.chance(0.7, batch, 1)
    look = Look(tissue, core, inner, parent, 0.06, 0.25, there, 1.5)
    first = layout.add(centre, both, tilt[:, None] * side, look)
    _inside(layout, first, centre[:, 0], both[:, 0], there)
    _inside(layout, first + 1, centre[:, 1], both[:, 1], there)


def _organs(layout: Layout, wide: Tensor, high: Tensor, parent: int, count: int = 4) -> None:
    """Add organs big to small; they touch and cover each other in the cavity."""
    draws, batch = layout.draws, layout.batch
    cavity = torch.stack((wide, high), 1)[:, None]
    size = draws.log_uniform(0.12, 0.75, batch, count).sort(1, descending=True).values
    for index in range(count):
        centre = cavity * draws.uniform(-0.8, 0.8, batch, 1, 2)
        axes = cavity.mean(2, keepdim=True) * size[:, index, None, None]
        axes = axes * draws.log_uniform(0.6, 1.5, batch, 1, 2)
        tissue = torch.tensor(ORGANS, device=draws.device)[draws.integers(0, 4, batch, 1)]
        there = draws.chance(0.8, batch, 1)
        look = Look(tissue, parent=parent, wobble=0.1, bend=0.25, there=there, interest=2.0)
        first = layout.add(centre, axes, draws.uniform(0, math.pi, batch, 1), look)
        if index < 2:
            _inside(layout, first, centre[:, 0], axes[:, 0], there)


def _inside(layout: Layout, parent: int, centre: Tensor, axes: Tensor, there: Tensor) -> None:
    """Add a vessel and a lesion to an organ at `centre` (B, 2) with half `axes` (B, 2)."""
    draws, batch = layout.draws, layout.batch
    size = axes.amin(1, keepdim=True)
    place = centre + 0.5 * size * draws.normal(batch, 2)
    vessel = torch.stack(
        (size * draws.uniform(0.3, 1, batch, 1), size * draws.log_uniform(0.04, 0.14, batch, 1)), 2
    )
    exists = there & draws.chance(0.5, batch, 1)
    look = Look(Tissue.VESSEL, parent=parent, bend=0.6, there=exists, interest=0.7)
    layout.add(place[:, None], vessel, draws.uniform(0, math.pi, batch, 1), look)
    place = centre + 0.55 * axes * draws.uniform(-1, 1, batch, 2)
    lesion = size[:, None] * draws.log_uniform(0.08, 0.5, batch, 1, 1)
    lesion = lesion * draws.log_uniform(0.8, 1.25, batch, 1, 2)
    tissue = torch.where(draws.chance(0.8, batch, 1), int(Tissue.LESION), int(Tissue.WATER))
    inner = draws.uniform(0.5, 0.85, batch, 1) * draws.chance(0.25, batch, 1)
    exists = there & draws.chance(0.5, batch, 1)
    look = Look(tissue, Tissue.WATER, inner, parent, 0.08, there=exists, interest=2.0)
    layout.add(place[:, None], lesion, draws.uniform(0, math.pi, batch, 1), look)


def _bowel(layout: Layout, wide: Tensor, high: Tensor, parent: int, count: int = 3) -> None:
    """Add loops, or a stomach, with a wall and with gas, fluid, or one above the other in them."""
    draws, batch = layout.draws, layout.batch
    cavity = torch.stack((wide, high), 1)[:, None]
    centre = cavity * draws.uniform(-0.8, 0.8, batch, count, 2)
    axes = draws.log_uniform(0.04, 0.3, batch, 1, 1) * draws.log_uniform(0.6, 2, batch, count, 2)
    filled = torch.where(draws.chance(0.5, batch, count), int(Tissue.AIR), int(Tissue.WATER))
    inner = draws.uniform(0.6, 0.9, batch, count)
    look = Look(Tissue.MUSCLE, filled, inner, parent, 0.12, 0.4, 0.6, 0.7)
    first = layout.add(centre, axes, draws.uniform(0, math.pi, batch, count), look)
    deep = axes.amax(2)
    level = deep * draws.uniform(0.5, 1.5, batch, count)
    below = torch.stack((centre[:, :, 0], centre[:, :, 1] + level), 2)
    flat = torch.stack((5 * deep, deep), 2)
    for loop in range(count):
        part = slice(loop, loop + 1)
        fluid = Look(
            Tissue.WATER, parent=first + loop, wobble=0.01, bend=0.02, there=0.5, interest=0.0
        )
        layout.add(below[:, part], flat[:, part], 0.05 * draws.normal(batch, 1), fluid)


def _spine(layout: Layout, y: Tensor, parent: int) -> None:
    """Add a vertebra: processes, body and canal; sometimes a bright implant."""
    draws, batch = layout.draws, layout.batch
    size = draws.uniform(0.12, 0.2, batch)
    x = 0.05 * draws.normal(batch)
    cortex = draws.uniform(0.75, 0.93, batch, 1)
    bone = Look(Tissue.CORTEX, Tissue.MARROW, cortex, parent, 0.08, 0.1, 0.9, 1.2, group=0)
    centre = torch.stack(
        (torch.stack((x + size, x - size, x), 1), (y + 1.0 * size)[:, None].expand(-1, 3)), 2
    )
    centre[:, 2, 1] += 0.7 * size
    long = size[:, None, None] * torch.tensor(
        ((0.7, 0.22), (0.7, 0.22), (0.2, 0.6)), device=draws.device
    )
    angle = torch.tensor((0.5, -0.5, 0.0), device=draws.device) + 0.15 * draws.normal(batch, 3)
    layout.add(centre, long, angle, bone)
    layout.add_one(x, y, size * draws.uniform(0.9, 1.2, batch), size * 0.85, bone)
    ring = Look(Tissue.CORTEX, Tissue.WATER, draws.uniform(0.6, 0.85, batch, 1), parent, group=0)
    layout.add_one(x, y + 1.15 * size, size * 0.5, size * 0.45, ring)
    implant = Look(Tissue.METAL, parent=parent, there=0.08, interest=2.0)
    layout.add_one(x + 0.6 * size, y + 0.5 * size, size * 0.08, size * 0.7, implant, turn=0.4)


def _ribs(layout: Layout, wide: Tensor, high: Tensor, parent: int) -> None:
    """Add thin shells of bone around the wall, alike and evenly spread."""
    draws, batch, count = layout.draws, layout.batch, 10
    start = draws.uniform(0, 2 * math.pi, batch, 1)
    turn = start + torch.arange(count, device=draws.device) * (2 * math.pi / count)
    turn = turn + 0.15 * draws.normal(batch, count)
    ring = draws.uniform(0.88, 1.0, batch, 1)
    centre = torch.stack(
        (wide[:, None] * ring * torch.cos(turn), high[:, None] * ring * torch.sin(turn)), 2
    )
    tangent = torch.atan2(high[:, None] * torch.cos(turn), -wide[:, None] * torch.sin(turn))
    axes = torch.stack(
        (
            draws.log_uniform(0.035, 0.2, batch, 1) * draws.uniform(0.7, 1.3, batch, count),
            draws.uniform(0.016, 0.036, batch, 1).expand(-1, count),
        ),
        2,
    )
    cortex = draws.uniform(0.45, 0.8, batch, 1)
    there = draws.chance(0.6, batch, 1) & draws.chance(0.8, batch, count)
    look = Look(Tissue.CORTEX, Tissue.MARROW, cortex, parent, 0.04, 0.3, there, 0.5)
    layout.add(centre, axes, tangent, look)


def _vessels_beside_spine(layout: Layout, spine_y: Tensor, parent: int) -> None:
    draws, batch = layout.draws, layout.batch
    for side in (1.0, -1.0):
        size = draws.uniform(0.05, 0.1, batch)
        x = side * draws.uniform(0.02, 0.14, batch)
        y = spine_y - draws.uniform(0.2, 0.36, batch)
        inner = draws.uniform(0.8, 0.95, batch, 1) * draws.chance(0.3, batch, 1)
        look = Look(Tissue.VESSEL, Tissue.VESSEL, inner, parent, 0.04, there=0.8)
        layout.add_one(x, y, size, size * draws.uniform(0.7, 1.1, batch), look)


def head(draws: Draws, batch: int) -> Shapes:
    """Return scalp, skull and brain with paired nuclei, ventricles, sinuses and lesions."""
    layout, zero = Layout(draws, batch), torch.zeros(batch, device=draws.device)
    wide, high = draws.uniform(0.7, 1.0, batch), draws.uniform(0.8, 1.1, batch)
    skin = Look(Tissue.SKIN, Tissue.FAT, draws.uniform(0.96, 0.99, batch, 1), interest=0.15)
    scalp = layout.add_one(zero, zero, wide, high, skin)
    share = draws.uniform(0.85, 0.95, batch)
    bone = Look(Tissue.CORTEX, Tissue.WATER, draws.uniform(0.86, 0.95, batch, 1), scalp)
    skull = layout.add_one(zero, zero, wide * share, high * share, bone)
    share = share * draws.uniform(0.82, 0.93, batch)
    grey = Look(
        Tissue.ORGAN_A, Tissue.ORGAN_B, draws.uniform(0.8, 0.93, batch, 1), skull, interest=1.5
    )
    brain = layout.add_one(zero, zero, wide * share, high * share, grey)
    wide, high = wide * share, high * share
    for tissue in (Tissue.WATER, Tissue.ORGAN_C, Tissue.ORGAN_D, Tissue.ORGAN_A):
        _pair_in_head(layout, wide, high, brain, tissue)
    line = Look(Tissue.WATER, parent=brain, there=0.6)
    layout.add_one(zero, 0.2 * high * draws.normal(batch), 0.03 * wide, 0.15 * high, line)
    cavity = Look(Tissue.MUSCLE, Tissue.AIR, draws.uniform(0.8, 0.95, batch, 1), scalp, there=0.4)
    layout.add_one(zero, -high * draws.uniform(0.7, 1, batch), 0.2 * wide, 0.12 * high, cavity)
    centre = torch.stack((wide, high), 1) * draws.uniform(-0.6, 0.6, batch, 2)
    axes = wide[:, None] * draws.log_uniform(0.1, 0.5, batch, 2)
    _inside(layout, brain, centre, axes, draws.chance(0.8, batch, 1))
    return layout.shapes()


def _pair_in_head(layout: Layout, wide: Tensor, high: Tensor, parent: int, tissue: int) -> None:
    draws, batch = layout.draws, layout.batch
    side = torch.tensor((1.0, -1.0), device=draws.device)
    x = wide[:, None] * draws.uniform(0.06, 0.6, batch, 1) * side
    y = (high * draws.uniform(-0.65, 0.65, batch))[:, None].expand(-1, 2)
    centre = torch.stack((x, y), 2) + 0.015 * draws.normal(batch, 2, 2)
    axes = draws.log_uniform(0.03, 0.28, batch, 1, 2) * (1 + 0.08 * draws.normal(batch, 2, 2))
    tilt = draws.uniform(0, math.pi, batch, 1) * side
    look = Look(tissue, parent=parent, bend=0.5, there=draws.chance(0.85, batch, 1), interest=1.2)
    layout.add(centre, axes, tilt, look)


def limb(draws: Draws, batch: int) -> Shapes:
    """Return one or two bones with thin shells among muscles, vessels, and implants."""
    layout, zero = Layout(draws, batch), torch.zeros(batch, device=draws.device)
    size = draws.uniform(0.6, 1.1, batch)
    skin = Look(Tissue.SKIN, Tissue.FAT, draws.uniform(0.96, 0.985, batch, 1), interest=0.2)
    outside = layout.add_one(zero, zero, size, size * draws.uniform(0.7, 1.1, batch), skin)
    size = size * draws.uniform(0.6, 0.9, batch)
    flesh = layout.add_one(zero, zero, size, size, Look(Tissue.MUSCLE, parent=outside))
    centre = size[:, None, None] * draws.uniform(-0.75, 0.75, batch, 7, 2)
    axes = size[:, None, None] * draws.log_uniform(0.18, 0.5, batch, 7, 2)
    kinds = torch.tensor((Tissue.MUSCLE, *ORGANS), device=draws.device)
    muscle = Look(kinds[draws.integers(0, 5, batch, 7)], Tissue.MUSCLE, parent=flesh, there=0.8)
    layout.add(centre, axes, draws.uniform(0, math.pi, batch, 7), muscle)
    centre = size[:, None, None] * draws.uniform(-0.5, 0.5, batch, 2, 2)
    axes = size[:, None, None] * draws.log_uniform(0.1, 0.45, batch, 2, 2)
    cortex = draws.uniform(0.25, 0.9, batch, 2)
    bone = Look(Tissue.CORTEX, Tissue.MARROW, cortex, flesh, 0.08, 0.15, 0.85, 3.0)
    first = layout.add(centre, axes, draws.uniform(0, math.pi, batch, 2), bone)
    _inside(layout, first, centre[:, 0], axes[:, 0], draws.chance(0.5, batch, 1))
    centre = size[:, None, None] * draws.uniform(-0.8, 0.8, batch, 4, 2)
    axes = size[:, None, None] * draws.log_uniform(0.02, 0.08, batch, 4, 2)
    look = Look(Tissue.VESSEL, parent=outside, there=0.7)
    layout.add(centre, axes, draws.uniform(0, math.pi, batch, 4), look)
    axes = size[:, None, None] * draws.log_uniform(0.03, 0.4, batch, 1, 2)
    metal = Look(Tissue.METAL, parent=outside, there=0.12, interest=2.0)
    layout.add(centre[:, :1] * 0.5, axes, draws.uniform(0, math.pi, batch, 1), metal)
    return layout.shapes()


def anything(draws: Draws, batch: int, count: int = 18) -> Shapes:
    """Return shapes without any rule; in some scenes alike, as cells and vessels are."""
    layout = Layout(draws, batch)
    alike = draws.chance(0.3, batch, 1)
    size = draws.log_uniform(0.05, 0.9, batch, count).sort(1, descending=True).values
    one_size = draws.log_uniform(0.05, 0.25, batch, 1) * draws.uniform(0.8, 1.25, batch, count)
    size = torch.where(alike, one_size, size)
    slender = torch.where(draws.chance(0.2, batch, count), 0.15, 1.0)
    axes = size[:, :, None] * draws.log_uniform(0.6, 1.4, batch, count, 2)
    axes = torch.stack((axes[:, :, 0], axes[:, :, 1] * slender), 2)
    tissue = draws.integers(0, len(Tissue), batch, count)
    tissue = torch.where(alike, tissue[:, :1], tissue)
    core = draws.integers(0, len(Tissue), batch, count)
    core = torch.where(alike, core[:, :1], core)
    inner = draws.uniform(0.4, 0.93, batch, count) * draws.chance(0.25, batch, count)
    there = draws.uniform(0, 1, batch, count) < draws.uniform(0.1, 1, batch, 1)
    look = Look(tissue, core, inner, wobble=0.1, bend=0.5, there=there)
    centre = draws.uniform(-1, 1, batch, count, 2)
    layout.add(centre, axes, draws.uniform(0, math.pi, batch, count), look)
    return layout.shapes()


LAYOUTS: dict[str, tuple[float, Callable[[Draws, int], Shapes]]] = {
    "trunk": (0.36, trunk),
    "head": (0.12, head),
    "limb": (0.32, limb),
    "anything": (0.2, anything),
}
