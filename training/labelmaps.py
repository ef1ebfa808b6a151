"""Slices of label maps of real anatomy, to be given random grey values.

The idea is that of SynthSeg (Billot et al., Medical Image Analysis 86, 2023): no image is
read, and the contrast is drawn anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.draws import Draws
from training.fields import layered_noise, pixel_places, turned
from training.tissues import Tissue

USUAL_SHARE = 0.7

# Atlases divide the cortex of brain and cerebellum where an image shows no border.
_CORTEX = (3, 8)
DIVIDED_SHARE = 0.7
CORTEX_PITCH_MM, CORTEX_PART = (16.0, 45.0), 0.4
CELLS_A_SIDE = 64

WHOLE_HALF_MM = (85.0, 130.0)

SMALLEST_PX = 30.0

SIZE_COUNTS = 0.25
"""Structures are looked at in proportion to this power of their area."""

# What lies outside the brain has numbers from 500 on and no names.
_FIRST_OUTSIDE, _INTEREST_OUTSIDE = 500, 0.12

# FreeSurfer's labels of structures on the right and of the same on the left.
_LEFT_OF = {41: 2, 42: 3, 43: 4, 44: 5, 46: 7, 47: 8, 49: 10, 50: 11, 51: 12, 52: 13} | {
    53: 17, 54: 18, 58: 26, 60: 28
}  # fmt: skip
# White matter in one tissue, grey matter in tissues that often are alike, fluid.
_TISSUES = (
    dict.fromkeys((2, 7, 16, 28), Tissue.MUSCLE)
    | dict.fromkeys((3, 8), Tissue.ORGAN_A)
    | dict.fromkeys((11, 17, 18, 26), Tissue.ORGAN_B)
    | dict.fromkeys((12,), Tissue.ORGAN_C)
    | dict.fromkeys((10, 13), Tissue.ORGAN_D)
    | dict.fromkeys((4, 5, 14, 15, 24), Tissue.WATER)
    | {0: Tissue.OUTSIDE}
)


@dataclass
class Plane:
    """Planes of label maps, seen from near or far.

    Attributes
    ----------
    labels
        (B, H, W).
    chosen
        (B,) the label that is looked at.
    cells
        (B, H, W) numbers of the parts in which cortex is looked at; 0 where it is whole.
    """

    labels: Tensor
    chosen: Tensor
    cells: Tensor


@dataclass
class LabelMaps:
    """Volumes of labels, numbered from 0, and the share of scenes that comes from them.

    Attributes
    ----------
    volumes
        Of numbers 0 to L - 1.
    twins
        (L,) the label whose tissue a label has, as left and right are of one kind.
    usual
        (L,) the tissue that stands for a label in most of the scenes; -1 where none is known.
    cortex
        (L,) whether a label is cortex, of which a reader means a part.
    interest
        (L,) how often a label is looked at, relative to others of its size.
    share
        Of all scenes.
    """

    volumes: list[Tensor]
    twins: Tensor
    usual: Tensor
    cortex: Tensor
    interest: Tensor
    share: float

    def tissues(self, draws: Draws, batch: int) -> Tensor:
        """Return the tissue (B, L) of each label: a usual one in most scenes, or any."""
        free = draws.integers(0, len(Tissue), batch, len(self.twins))[:, self.twins]
        usual = draws.chance(USUAL_SHARE, batch, 1) & (self.usual >= 0)
        return torch.where(usual, self.usual, free)

    def cut(self, draws: Draws, batch: int, side: int) -> Plane:
        """Return planes of one volume, each seen from as near as what is looked at asks for."""
        return self._seen(draws, self._planes(draws, batch), side, whole=False)

    def whole(self, draws: Draws, batch: int, side: int) -> Plane:
        """Return one whole plane of one volume, each time with something else to look at."""
        return self._seen(draws, self._planes(draws, 1).expand(batch, -1, -1), side, whole=True)

    def _planes(self, draws: Draws, count: int) -> Tensor:
        volume = self.volumes[int(draws.integers(0, len(self.volumes), 1))]
        planes = volume.movedim(int(draws.integers(0, 3, 1)), 0)
        return planes[(draws.uniform(0.2, 0.8, count) * len(planes)).long()]

    def _seen(self, draws: Draws, slices: Tensor, side: int, *, whole: bool) -> Plane:
        batch, high, wide = slices.shape
        of_pixel = slices.flatten(1).long()
        pitch = draws.uniform(*CORTEX_PITCH_MM, batch)
        chosen, divided, area = self._chosen(draws, of_pixel, pitch)
        if whole:
            half = draws.uniform(*WHOLE_HALF_MM, 1).expand(batch)
            at_x, at_y = torch.tensor(0.5 * wide), torch.tensor(0.5 * high)
        else:
            half = 0.5 * (area / draws.log_uniform(0.004, 0.5, batch)).sqrt().clamp(40, 240)
            middle = draws.index((of_pixel == chosen[:, None]).float())[:, None, None]
            at_x, at_y = middle % wide, middle // wide
        x, y = _view(draws, half, side, 0.05 if whole else 0.25)
        x, y = x + at_x, y + at_y
        inside = (x >= 0) & (x <= wide - 1) & (y >= 0) & (y <= high - 1)
        index = y.clamp(0, high - 1).long() * wide + x.clamp(0, wide - 1).long()
        labels = of_pixel.gather(1, index.flatten(1)).view(index.shape) * inside
        cells = _cells(draws, x, y, pitch) * divided[:, None, None]
        return Plane(labels, chosen, cells)

    def _chosen(
        self, draws: Draws, of_pixel: Tensor, pitch: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what is looked at (B,), whether at a part of it, and its size in pixels."""
        counts = torch.zeros(len(of_pixel), len(self.twins), device=draws.device)
        counts.scatter_add_(1, of_pixel, torch.ones_like(of_pixel, dtype=counts.dtype))
        large = counts.clamp(min=1) ** SIZE_COUNTS
        chosen = draws.index(self.interest * large * (counts >= SMALLEST_PX) + 1e-9)
        divided = self.cortex[chosen] & draws.chance(DIVIDED_SHARE, len(chosen))
        area = counts.gather(1, chosen[:, None])[:, 0].clamp(min=SMALLEST_PX)
        return chosen, divided, torch.where(divided, CORTEX_PART * pitch.square(), area)


def _view(draws: Draws, half: Tensor, side: int, scatter: float) -> tuple[Tensor, Tensor]:
    """Return the places (B, side, side) that a crop sees, from what it looks at, in pixels."""
    batch = len(half)
    ramp = pixel_places(side, draws.device)
    warp = 0.06 * draws.uniform(0, 1, batch, 1, 1, 1)
    warp = warp * layered_noise(draws, batch, 2, side, (3, 7, 16))
    off = scatter * draws.normal(batch, 2)[:, :, None, None]
    across, down = ramp + warp[:, 0] + off[:, 0], ramp[:, None] + warp[:, 1] + off[:, 1]
    turn = draws.uniform(0, 2 * torch.pi, batch)[:, None, None]
    x, y = turned(across, down, turn)
    half = half[:, None, None]
    return half * x, half * y


def _cells(draws: Draws, x: Tensor, y: Tensor, pitch: Tensor) -> Tensor:
    """Return the numbers (B, H, W) of cells about `pitch` (B,) wide, with winding borders."""
    batch, side = len(x), x.shape[-1]
    wind = 0.3 * layered_noise(draws, batch, 2, side, (3, 7)) + draws.uniform(0, 1, batch, 2, 1, 1)
    pitch = pitch[:, None, None]
    columns = (x / pitch + wind[:, 0]).floor().long()
    rows = (y / pitch + wind[:, 1]).floor().long()
    return 1 + columns % CELLS_A_SIDE + CELLS_A_SIDE * (rows % CELLS_A_SIDE)


def label_map_files(folder: Path) -> list[Path]:
    """Return the files ``*.nii.gz`` of `folder`; raise FileNotFoundError where there is none."""
    paths = sorted(folder.glob("*.nii.gz"))
    if not paths:
        raise FileNotFoundError(f"there is no label map (*.nii.gz) in {folder}")
    return paths


def read_label_maps(folder: Path, share: float, device: str) -> LabelMaps:
    """Return the label maps, ``*.nii.gz``, of `folder`.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        They hold more labels than label maps do.
    """
    import nibabel

    paths = label_map_files(folder)
    arrays = [np.asarray(nibabel.load(path).dataobj).astype(np.int32) for path in paths]  # type: ignore[attr-defined]
    values = np.unique(np.concatenate([np.unique(array) for array in arrays]))
    if len(values) > 255:
        raise ValueError(f"{folder} holds {len(values)} labels: more than 255 are no label map")
    volumes = [
        torch.from_numpy(np.searchsorted(values, array).astype(np.uint8)).to(device)
        for array in arrays
    ]
    number_of = {int(value): number for number, value in enumerate(values)}
    twins = [number_of.get(_LEFT_OF.get(value, value), own) for value, own in number_of.items()]
    on_left = [_LEFT_OF.get(value, value) for value in number_of]
    usual = [int(_TISSUES.get(value, -1)) for value in on_left]
    cortex = [value in _CORTEX for value in on_left]
    interest = [
        0.0 if value == 0 else _INTEREST_OUTSIDE if value >= _FIRST_OUTSIDE else 1.0
        for value in on_left
    ]
    columns = (torch.tensor(column, device=device) for column in (twins, usual, cortex, interest))
    return LabelMaps(volumes, *columns, share)
