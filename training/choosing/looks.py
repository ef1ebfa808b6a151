"""Looks at made-up slices as the engine answers them, and how good each of its masks is."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.choice import weighed
from GazeSAMLib.engines.compact.cleaning import cleaned
from GazeSAMLib.engines.compact.crops import first_crops
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import Network
from GazeSAMLib.engines.compact.points import Points
from GazeSAMLib.engines.compact.pyramid import Pyramid
from GazeSAMLib.engines.compact.search import proposed
from GazeSAMLib.engines.logits import FLOOR
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import PromptSet
from GazeSAMLib.simulation.evaluation import FIXATION_ERROR_DEG
from GazeSAMLib.simulation.trial import error_in_direction
from training.choosing.slices import Case, cases_of
from training.labelmaps import LabelMaps

FloatArray = npt.NDArray[np.float64]

ONE_UP_PX_PER_DEG, FOUR_UP_PX_PER_DEG = 22.5, 46.5
"""Pixels of a slice of 512 in a degree, as `gazesam evaluate` shows them."""

CONDITIONS = (
    ("exact", ONE_UP_PX_PER_DEG, 0.0),
    ("0.5°, one-up", ONE_UP_PX_PER_DEG, 0.5),
    ("0.5°, four-up", FOUR_UP_PX_PER_DEG, 0.5),
)
"""Name, pixels in a degree, and gaze error in degrees. Each case is looked at under each."""

CLICKED_SHARE = 1 / 3
"""Of the exact looks, so many are clicks: the engine is told that they are."""


@dataclass(frozen=True, eq=False)
class Looks:
    """N looks and the M masks that the network found for each.

    Attributes
    ----------
    evidence : ndarray, shape (N, M, features)
        What the scorer is told.
    iou : ndarray, shape (N, M, M)
        How far the masks agree, as the engine measures it.
    there : ndarray of bool, shape (N, M)
        Whether a mask is not empty.
    overlap : ndarray, shape (N, M)
        IoU of each mask, as it would be shown, with the structure.
    condition, anatomy : ndarray of int, shape (N,)
        Number of the condition; of the anatomy that was looked at.
    """

    evidence: FloatArray
    iou: FloatArray
    there: npt.NDArray[np.bool_]
    overlap: FloatArray
    condition: npt.NDArray[np.int64]
    anatomy: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.anatomy)

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Return the looks of all parts."""
        columns = [[getattr(part, field.name) for part in parts] for field in fields(cls)]
        return cls(*map(np.concatenate, columns))

    def taken(self, which: npt.NDArray[np.bool_]) -> Self:
        """Return some of the looks."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))


def looks_at_anatomy(
    network: Network, seed: int, label_maps: LabelMaps | None = None
) -> list[Looks]:
    """Return a look under each condition at each case of the anatomy that `seed` makes."""
    rng = np.random.default_rng(seed)
    looks = []
    for case in cases_of(seed, label_maps):
        pyramid = Pyramid.of(case.pixels)
        normal_uv = (float(rng.normal()), float(rng.normal()))
        clicked = rng.random() < CLICKED_SHARE
        for number, (_, px_per_deg, error_deg) in enumerate(CONDITIONS):
            prompts = _prompt(case, px_per_deg, error_deg, normal_uv)
            if clicked and error_deg == 0.0:
                prompts = PromptSet.at(case.innermost_uv)
            looks.append(_answered(network, pyramid, prompts, case, (number, seed)))
    return looks


def _prompt(
    case: Case, px_per_deg: float, error_deg: float, normal_uv: tuple[float, float]
) -> PromptSet:
    """Return the prompt of a reader who looks at a case's middle with a gaze error."""
    height, width = case.mask.shape
    px_per_deg *= max(height, width) / 512.0
    off_u, off_v = error_in_direction(normal_uv, error_deg, px_per_deg)
    point = ImagePoint(
        min(max(case.innermost_uv.u + off_u, 0.0), width - 1.0),
        min(max(case.innermost_uv.v + off_v, 0.0), height - 1.0),
    )
    return PromptSet.at(point, math.hypot(error_deg, FIXATION_ERROR_DEG) * px_per_deg)


def _answered(
    network: Network, pyramid: Pyramid, prompts: PromptSet, case: Case, number: tuple[int, int]
) -> Looks:
    """Return one look, as the engine's `first_masks` answers it before it chooses."""
    points = Points.of(prompts, pyramid.shape)
    crops = first_crops(points, pyramid.shape)
    masks = proposed(network, pyramid, points, crops, [None] * len(crops))
    iou, evidence = weighed(masks, points, pyramid.shape)
    there = np.array([mask.share > 0.0 for mask in masks])
    overlap = np.array([_overlap(cleaned(mask, points), case.mask) for mask in masks])
    condition, anatomy = number
    return Looks(
        evidence[None], iou[None], there[None], overlap[None],
        np.array([condition]), np.array([anatomy]),
    )  # fmt: skip


def _overlap(mask: CropMask, truth: npt.NDArray[np.bool_]) -> float:
    """Return the IoU of a mask, drawn on the slice image, with the structure."""
    logits = np.full(truth.shape, FLOOR, dtype=np.float32)
    mask.draw(logits)
    inside = logits > 0.0
    either = np.count_nonzero(inside | truth)
    return float(np.count_nonzero(inside & truth)) / either
