"""What shapes are made of, and how bright that is in CT, in MR and in anything else."""

from __future__ import annotations

from enum import IntEnum

import torch
from torch import Tensor

from training.draws import Draws


class Tissue(IntEnum):
    """Kinds of matter; their brightness is drawn anew for every scene."""

    AIR = 0
    LUNG = 1
    SKIN = 2
    FAT = 3
    WATER = 4
    MUSCLE = 5
    ORGAN_A = 6
    ORGAN_B = 7
    ORGAN_C = 8
    ORGAN_D = 9
    VESSEL = 10
    LESION = 11
    MARROW = 12
    CORTEX = 13
    METAL = 14
    OUTSIDE = 15


ORGANS = (Tissue.ORGAN_A, Tissue.ORGAN_B, Tissue.ORGAN_C, Tissue.ORGAN_D)

# Hounsfield units, mean and deviation from scene to scene; usual values of textbooks.
_HOUNSFIELD = (
    (-990, 10),
    (-820, 70),
    (40, 30),
    (-100, 15),
    (8, 8),
    (55, 10),
    (60, 22),
    (60, 22),
    (60, 22),
    (60, 22),
    (120, 80),
    (45, 35),
    (260, 120),
    (900, 350),
    (2600, 600),
    (-1000, 5),
)

# Marrow of the long bones is fat, that of the spine and of ribs mostly is not.
_FATTY_MARROW = (-60, 40)
FATTY_SHARE = 0.5

# Without contrast agent, or late after it, a vessel is nearly as bright as the organ around it.
FAINT_VESSEL_HU = 30.0
FAINT_SHARE = 0.35

# Width and level in Hounsfield units: abdomen, mediastinum, liver, brain, lung, bone.
_CT_WINDOWS = ((400, 40), (350, 50), (150, 70), (90, 40), (1500, -600), (2000, 400))
_CT_WINDOW_WEIGHTS = (0.38, 0.2, 0.12, 0.05, 0.1, 0.15)

_DARK_IN_MR = [Tissue.AIR, Tissue.LUNG, Tissue.CORTEX, Tissue.METAL, Tissue.OUTSIDE]


def ct_levels(draws: Draws, batch: int) -> Tensor:
    """Return grey values (B, 16) of the tissues in CT, 0 to 1 over the displayed window."""
    table = torch.tensor(_HOUNSFIELD, dtype=torch.float32, device=draws.device)
    hounsfield = table[:, 0] + table[:, 1] * draws.normal(batch, len(Tissue))
    fatty = _FATTY_MARROW[0] + _FATTY_MARROW[1] * draws.normal(batch)
    marrow = torch.where(draws.chance(FATTY_SHARE, batch), fatty, hounsfield[:, Tissue.MARROW])
    hounsfield[:, Tissue.MARROW] = marrow
    enhanced = draws.chance(0.5, batch, 1) * draws.uniform(0, 80, batch, len(Tissue))
    organs = torch.zeros(len(Tissue), device=draws.device)
    organs[[*ORGANS, Tissue.VESSEL]] = 1
    hounsfield = hounsfield + enhanced * organs
    faint = hounsfield[:, Tissue.ORGAN_A] + FAINT_VESSEL_HU * draws.normal(batch)
    vessel = torch.where(draws.chance(FAINT_SHARE, batch), faint, hounsfield[:, Tissue.VESSEL])
    hounsfield[:, Tissue.VESSEL] = vessel
    windows = torch.tensor(_CT_WINDOWS, dtype=torch.float32, device=draws.device)
    weights = torch.tensor(_CT_WINDOW_WEIGHTS, device=draws.device).expand(batch, -1)
    width, level = windows[draws.index(weights)].unbind(1)
    width = width * draws.log_uniform(0.7, 1.4, batch)
    level = level + 0.1 * width * draws.normal(batch)
    return _with_organs_alike(draws, (hounsfield - level[:, None]) / width[:, None] + 0.5)


def mr_levels(draws: Draws, batch: int) -> Tensor:
    """Return grey values (B, 16) of the tissues in an MR sequence of unknown contrast."""
    levels = draws.uniform(0.08, 1, batch, len(Tissue))
    levels[:, _DARK_IN_MR] = draws.uniform(0, 0.08, batch, len(_DARK_IN_MR))
    return _with_organs_alike(draws, levels)


def any_levels(draws: Draws, batch: int) -> Tensor:
    """Return grey values (B, 16) without any rule, few of them or many."""
    few = draws.uniform(0, 1, batch, 8)
    count = draws.integers(2, 9, batch, 1)
    of_tissue = (draws.uniform(0, 1, batch, len(Tissue)) * count).long()
    levels = few.gather(1, of_tissue) + 0.04 * draws.normal(batch, len(Tissue))
    return _with_organs_alike(draws, levels)


def _with_organs_alike(draws: Draws, levels: Tensor) -> Tensor:
    """Give the organs of half of the scenes nearly one grey value, as contrast often is."""
    batch = len(levels)
    alike = levels[:, ORGANS[:1]] + draws.uniform(0.02, 0.1, batch, 1) * draws.normal(batch, 4)
    levels = levels.clone()
    chosen = torch.where(draws.chance(0.5, batch, 1), alike, levels[:, ORGANS])
    levels[:, ORGANS] = chosen
    return levels
