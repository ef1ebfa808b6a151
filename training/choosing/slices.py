"""Whole made-up slices, each with something in it that a reader looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.simulation.clicks import innermost
from training.draws import Draws
from training.fields import layered_noise, pixel_places
from training.labelmaps import LabelMaps
from training.scenes import Labelled, draw_layout, of_plane, painted, photograph, whole_or_part

SIDES_PX = (256, 384, 512)
ANATOMY_TARGETS = 3
"""So often one anatomy is imaged, each time with grey values and a target of its own."""

SMALL_FIRST = 0.4
"""A structure of half the area is looked at so many powers of two more often."""

FIELD_OF_VIEW = 1.1
"""Half the slice's side, in units of a scene."""

SMALLEST_PX, SMALLEST_RADIUS_PX = 40, 2.5
LARGEST_SHARE = 0.23
"""Of the slice; what is larger is the body rather than something in it."""


@dataclass(frozen=True, eq=False)
class Case:
    """A slice and a structure in it.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (side, side)
        As displayed.
    mask : ndarray of bool, shape (side, side)
        The structure.
    innermost_uv : ImagePoint
        Its pixel that is farthest from its outline.
    """

    pixels: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    innermost_uv: ImagePoint


def cases_of(seed: int, label_maps: LabelMaps | None = None) -> list[Case]:
    """Return the up to `ANATOMY_TARGETS` cases of one made-up anatomy, or of a label map's."""
    draws = Draws(seed)
    side = SIDES_PX[int(draws.integers(0, len(SIDES_PX), 1))]
    if label_maps is not None and bool(draws.chance(label_maps.share, 1)):
        plane = label_maps.whole(draws, ANATOMY_TARGETS, side)
        return _cases(draws, of_plane(draws, label_maps, plane), procedural=False)
    return _cases(draws, _drawn(draws, side), procedural=True)


def _drawn(draws: Draws, side: int) -> Labelled:
    """Return one made-up anatomy, each time with something else to look at."""
    shapes, with_ground = draw_layout(draws, 1)
    ramp = pixel_places(side, draws.device)
    warp = 0.03 * layered_noise(draws, 1, 2, side, (3, 7, 16))
    x = FIELD_OF_VIEW * (ramp[None, None, :] + warp[:, 0])
    y = FIELD_OF_VIEW * (ramp[None, :, None] + warp[:, 1])
    labels, tissues = painted(draws, shapes, x, y, with_ground=with_ground)
    # There are more small structures than large ones, in a body and in what is labelled of it.
    interest = shapes.interest * shapes.there * shapes.axes.prod(2) ** -SMALL_FIRST
    wanted = torch.cat(
        [whole_or_part(draws, shapes, draws.index(interest)) for _ in range(ANATOMY_TARGETS)]
    )
    return Labelled(
        labels.expand(ANATOMY_TARGETS, -1, -1), tissues.expand(ANATOMY_TARGETS, -1), wanted
    )


def _cases(draws: Draws, seen: Labelled, *, procedural: bool) -> list[Case]:
    smallest_share = SMALLEST_PX / seen.labels[0].numel()
    scenes = photograph(draws, seen, procedural=procedural, smallest_share=smallest_share)
    pixels = (scenes.image[:, 0] * 255).to(torch.uint8).numpy()
    return [
        Case(image, mask, at)
        for image, mask in zip(pixels, scenes.target.numpy(), strict=True)
        for at, radius_px in [innermost(mask)]
        if radius_px >= SMALLEST_RADIUS_PX and mask.mean() <= LARGEST_SHARE
    ]
