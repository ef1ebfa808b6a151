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
from training.fields import layered_noise
from training.tissues import Tissue

USUAL_SHARE = 0.6

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
)


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
    share
        Of all scenes.
    """

    volumes: list[Tensor]
    twins: Tensor
    usual: Tensor
    share: float

    def tissues(self, draws: Draws, batch: int) -> Tensor:
        """Return the tissue (B, L) of each label: a usual one in most scenes, or any."""
        free = draws.integers(0, len(Tissue), batch, len(self.twins))[:, self.twins]
        usual = draws.chance(USUAL_SHARE, batch, 1) & (self.usual >= 0)
        return torch.where(usual, self.usual, free)

    def cut(self, draws: Draws, batch: int, side: int) -> Tensor:
        """Return labels (B, side, side) from one random plane of one volume, zoomed and turned."""
        volume = self.volumes[int(draws.integers(0, len(self.volumes), 1))]
        axis = int(draws.integers(0, 3, 1))
        planes = volume.movedim(axis, 0)
        places = draws.uniform(0.2, 0.8, batch) * len(planes)
        slices = planes[places.long()]
        high, wide = slices.shape[1:]
        pixels = (slices > 0).flatten(1)
        middle = draws.index(pixels.float() + 1e-6)
        half = draws.log_uniform(14, 120, batch)[:, None, None]
        ramp = (torch.arange(side, device=draws.device) + 0.5) / side * 2 - 1
        warp = 0.06 * draws.uniform(0, 1, batch, 1, 1, 1)
        warp = warp * layered_noise(draws, batch, 2, side, (3, 7, 16))
        across, down = ramp + warp[:, 0], ramp[:, None] + warp[:, 1]
        turn = draws.uniform(0, 2 * torch.pi, batch)[:, None, None]
        cosine, sine = torch.cos(turn), torch.sin(turn)
        x = (middle % wide)[:, None, None] + half * (cosine * across - sine * down)
        y = (middle // wide)[:, None, None] + half * (sine * across + cosine * down)
        inside = (x >= 0) & (x <= wide - 1) & (y >= 0) & (y <= high - 1)
        index = y.clamp(0, high - 1).long() * wide + x.clamp(0, wide - 1).long()
        labels = slices.flatten(1).gather(1, index.flatten(1)).view(index.shape).long()
        return labels * inside


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
    usual = [int(_TISSUES.get(_LEFT_OF.get(value, value), -1)) for value in number_of]
    return LabelMaps(
        volumes, torch.tensor(twins, device=device), torch.tensor(usual, device=device), share
    )
