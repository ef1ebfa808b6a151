"""Scenes: an image, and what in it somebody looks at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as nn
from torch import Tensor

from training import appearance
from training.anatomy import LAYOUTS
from training.draws import Draws
from training.fields import flood, layered_noise, pixel_places, turned
from training.labelmaps import LabelMaps, Plane
from training.shapes import Shapes, family, paint
from training.tissues import Tissue

SIDE_PX = 128
GROUND_CELLS = 12
SMALLEST_SHARE, LARGEST_SHARE = 0.002, 0.65
LEAST_CONTRAST = 0.03
WHOLE_SHARE = 0.8
CHOSEN_SHARE = 0.88  # the rest looks at whatever lies under the middle


@dataclass
class Scenes:
    """N images (N, 1, H, W) as the engine crops them, and their targets (N, H, W)."""

    image: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.image)


@dataclass
class Labelled:
    """Labels (B, H, W) from 0 to L - 1, the tissue (B, L) of each, and what is wanted.

    `wanted` (B, L) says which labels make up what is looked at; rows of falsehood stand for
    whatever lies under the middle. `cells` (B, H, W), where there are some, number the parts of a
    structure that a reader tells apart and no image does.
    """

    labels: Tensor
    tissues: Tensor
    wanted: Tensor
    cells: Tensor | None = None


def make_scenes(
    draws: Draws, batch: int, label_maps: LabelMaps | None = None, side_px: int = SIDE_PX
) -> Scenes:
    """Return up to `batch` scenes of one random kind; those that nobody could see are left out."""
    if label_maps is not None and bool(draws.chance(label_maps.share, 1)):
        seen = of_plane(draws, label_maps, label_maps.cut(draws, batch, side_px))
        return photograph(draws, seen, procedural=False)
    shapes, with_ground = draw_layout(draws, batch)
    return photograph(draws, _frame(draws, shapes, with_ground, side_px), procedural=True)


def of_plane(draws: Draws, label_maps: LabelMaps, plane: Plane) -> Labelled:
    """Return planes of label maps with a tissue for each label, and what is looked at."""
    batch = len(plane.labels)
    tissues = label_maps.tissues(draws, batch)
    of_label = torch.arange(tissues.shape[1], device=draws.device)
    wanted = (of_label == plane.chosen[:, None]) & draws.chance(CHOSEN_SHARE, batch, 1)
    return Labelled(plane.labels, tissues, wanted, plane.cells)


def draw_layout(draws: Draws, batch: int) -> tuple[Shapes, bool]:
    """Return shapes of one random kind, and whether the ground below them is of many tissues."""
    names = list(LAYOUTS)
    weights = torch.tensor([[LAYOUTS[name][0] for name in names]], device=draws.device)
    name = names[int(draws.index(weights))]
    return LAYOUTS[name][1](draws, batch), name == "anything"


def _frame(draws: Draws, shapes: Shapes, with_ground: bool, side_px: int) -> Labelled:
    """Choose what is looked at, point the view there, and paint what it sees."""
    rows = torch.arange(len(shapes.there), device=draws.device)
    chosen = draws.index(shapes.interest * shapes.there)
    x, y = _view(draws, shapes.centre[rows, chosen], shapes.axes[rows, chosen], side_px)
    labels, tissues = painted(draws, shapes, x, y, with_ground=with_ground)
    wanted = whole_or_part(draws, shapes, chosen)
    wanted &= draws.chance(CHOSEN_SHARE, len(wanted), 1)
    return Labelled(labels, tissues, wanted)


def painted(
    draws: Draws, shapes: Shapes, x: Tensor, y: Tensor, *, with_ground: bool
) -> tuple[Tensor, Tensor]:
    """Return the labels (B, H, W) at the places `x` and `y`, and the tissue (B, L) of each."""
    batch, count = shapes.there.shape
    ground = torch.full_like(x, 2 * count, dtype=torch.long)
    extra = torch.full((batch, GROUND_CELLS), int(Tissue.OUTSIDE), device=draws.device)
    if with_ground:
        ground = ground + _cells(draws, x, y)
        extra = draws.integers(0, len(Tissue), batch, GROUND_CELLS)
    return paint(shapes, x, y, ground), torch.cat((shapes.tissues(), extra), 1)


def whole_or_part(draws: Draws, shapes: Shapes, chosen: Tensor) -> Tensor:
    """Return which labels (B, L) make up the chosen shapes: all that lies in them, shell or core.

    Bones are always whole: nobody wants the marrow alone.
    """
    batch, count = shapes.there.shape
    rows = torch.arange(batch, device=draws.device)
    labels = torch.arange(2 * count, device=draws.device)
    shell, core = labels == 2 * chosen[:, None], labels == 2 * chosen[:, None] + 1
    whole = family(shapes, chosen)
    has_core = shapes.inner[rows, chosen] > 0
    kind = draws.uniform(0, 1, batch)
    part = torch.where((kind < 0.9)[:, None], core, shell)
    part = torch.where(has_core[:, None], part, shell)
    bone = shapes.shell[rows, chosen] == int(Tissue.CORTEX)
    wanted = torch.where((bone | (kind < WHOLE_SHARE))[:, None], whole, part)
    return nn.pad(wanted, (0, GROUND_CELLS), value=False)


def _view(draws: Draws, centre: Tensor, axes: Tensor, side_px: int) -> tuple[Tensor, Tensor]:
    """Return the places x and y (B, H, W) in the scene that the crop's pixels see.

    A target at `centre` (B, 2) with half `axes` (B, 2) fills from 0.3 to 60 % of the crop,
    lies about its middle, and may be cut by its border.
    """
    batch = len(centre)
    share = draws.log_uniform(0.003, 0.6, batch)
    half = (0.785 * axes.prod(1) / share).sqrt().clamp(0.03, 1.6)
    scatter = torch.where(draws.chance(0.35, batch, 1), 0.06, 0.3) * half[:, None]
    middle = centre + 0.35 * axes * draws.normal(batch, 2) + scatter * draws.normal(batch, 2)
    ramp = pixel_places(side_px, draws.device)
    warp = layered_noise(draws, batch, 2, side_px, (3, 7, 16))
    warp = warp * draws.uniform(0, 0.08, batch, 1, 1, 1) * draws.chance(0.85, batch, 1, 1, 1)
    aspect = draws.log_uniform(0.8, 1.25, batch)[:, None, None]
    across, down = (ramp + warp[:, 0]) * aspect, (ramp[:, None] + warp[:, 1]) / aspect
    quarter = draws.integers(0, 4, batch) * (torch.pi / 2)
    turn = torch.where(draws.chance(0.5, batch), quarter, draws.uniform(0, 2 * torch.pi, batch))
    turn = (turn + 0.1 * draws.normal(batch))[:, None, None]
    mirror = torch.where(draws.chance(0.5, batch), 1.0, -1.0)[:, None, None]
    to_right, to_bottom = turned(across, down, turn)
    half = half[:, None, None]
    x = middle[:, :1, None] + half * mirror * to_right
    y = middle[:, 1:, None] + half * to_bottom
    return x, y


def _cells(draws: Draws, x: Tensor, y: Tensor) -> Tensor:
    """Return which of some random points is nearest to each place (B, H, W)."""
    batch = len(x)
    spread = (x.amax((1, 2)) - x.amin((1, 2))).clamp(min=0.4)[:, None]
    count = draws.integers(1, GROUND_CELLS + 1, batch, 1)
    unused = 1e3 * (torch.arange(GROUND_CELLS, device=x.device) >= count)
    at_x = x.mean((1, 2))[:, None] + spread * draws.uniform(-0.6, 0.6, batch, GROUND_CELLS)
    at_y = y.mean((1, 2))[:, None] + spread * draws.uniform(-0.6, 0.6, batch, GROUND_CELLS)
    nearest = torch.full_like(x, 1e6)
    cells = torch.zeros_like(x, dtype=torch.long)
    for cell in range(GROUND_CELLS):
        far = (x - at_x[:, cell, None, None]).square() + (y - at_y[:, cell, None, None]).square()
        far = far + unused[:, cell, None, None]
        cells = torch.where(far < nearest, cell, cells)
        nearest = torch.minimum(far, nearest)
    return cells


def photograph(
    draws: Draws,
    seen: Labelled,
    *,
    procedural: bool,
    smallest_share: float = SMALLEST_SHARE,
) -> Scenes:
    """Return images of what is labelled, with the connected part that is looked at.

    Left out are targets smaller than `smallest_share` of the image, and those that nobody could
    see.
    """
    target = _target(draws, seen)
    batch = len(target)
    modality = appearance.modalities(draws, batch) if procedural else draws.integers(1, 3, batch)
    tissue_of_pixel = seen.tissues.gather(1, seen.labels.flatten(1)).view(seen.labels.shape)
    by_tissue = appearance.tissue_levels(draws, modality)
    levels = by_tissue.gather(1, seen.tissues)
    image = appearance.shade(draws, seen.labels, levels, modality)
    image = appearance.add_small_vessels(draws, image, tissue_of_pixel, by_tissue)
    image = appearance.add_lines(draws, image, seen.labels)
    image = appearance.acquire(draws, image, modality, appearance.is_metal(tissue_of_pixel))
    image = appearance.show(draws, image, modality)
    beyond = appearance.beyond_the_slice(draws, batch, seen.labels.shape[-1])
    image = appearance.stretch(image * ~beyond[:, None])
    target = target & ~beyond
    good = _is_fair(image, target, smallest_share)
    return Scenes(image[good], target[good])


def _target(draws: Draws, seen: Labelled) -> Tensor:
    """Return the connected part (B, H, W) of what is wanted around a point near the middle."""
    batch = len(seen.labels)
    rows = torch.arange(batch, device=draws.device)
    labels = seen.labels.flatten(1)
    ramp = torch.linspace(-1, 1, seen.labels.shape[-1], device=draws.device)
    near = torch.exp(-(ramp[:, None].square() + ramp.square()) / 0.2).flatten() + 0.01
    visible = seen.wanted.gather(1, labels)
    anything = ~visible.any(1, keepdim=True)
    point = draws.index(near * (visible | anything))
    under = torch.zeros_like(seen.wanted)
    under[rows, labels[rows, point]] = True
    wanted = torch.where(anything, under, seen.wanted)
    allowed = wanted.gather(1, labels).view(seen.labels.shape)
    allowed = nn.avg_pool2d(allowed[:, None].float(), 3, 1, 1)[:, 0] > 0.5  # no frayed edges
    seed = torch.zeros_like(labels, dtype=torch.bool)
    seed[rows, point] = True
    if seen.cells is not None:
        allowed &= seen.cells == seen.cells.flatten(1)[rows, point, None, None]
    return flood(seed.view(seen.labels.shape), allowed)


def _is_fair(image: Tensor, target: Tensor, smallest_share: float) -> Tensor:
    """Return which samples have a target of some size that differs from what is beside it."""
    inside = target[:, None].float()
    share = inside.mean((1, 2, 3))
    wider = nn.max_pool2d(nn.max_pool2d(inside, (9, 1), 1, (4, 0)), (1, 9), 1, (0, 4))
    ring = wider - inside
    of_target = (image * inside).sum((1, 2, 3)) / (inside.sum((1, 2, 3)) + 1e-3)
    of_ring = (image * ring).sum((1, 2, 3)) / (ring.sum((1, 2, 3)) + 1e-3)
    differs = (of_target - of_ring).abs() > LEAST_CONTRAST
    return differs & (share > smallest_share) & (share < LARGEST_SHARE)
