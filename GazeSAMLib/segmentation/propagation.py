"""From an accepted slice to its neighbours, one slice a call, until the structure stops."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter, SegmentRequest
from GazeSAMLib.geometry.mask_grid import grid_of_mask
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import Pixels, SliceGrid, slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.agreement import (
    Agreement,
    agreement,
    edge_strength,
    expected_dice,
    grey_shares,
    overlap,
)
from GazeSAMLib.segmentation.mask_prompts import prompts_for
from GazeSAMLib.segmentation.motion import content_shift
from GazeSAMLib.segmentation.narrow_band import grey_log_odds, moved_outline, probability
from GazeSAMLib.segmentation.neighbours import carried, neighbour, step_mm, steps_between
from GazeSAMLib.segmentation.parts import cleaned, large_parts
from GazeSAMLib.segmentation.passage import Passage, Values

Mask = npt.NDArray[np.bool_]

LEAST_PX = 6
LEAST_SHARE = 0.02  # of the accepted slice's area: less is the structure's last tip
STILL_THERE = 0.4  # of where it is expected, by grey values: with less, a bad mask means its end
USUAL = 0.95
MOST_DOUBT = 0.08  # the sum of what agreement lacks to it: stops most that runs on, nothing good

REACH_PER_STEP = 1.5  # the outline's most ordinary slope
REACH_MORE_PX = 2.0
REACH_PER_RADIUS = 0.6  # small structures do not change by more than that
LONGEST_SHIFT_PX = 10

OPINION = 1.5  # log odds: what the engine's mask adds


class StopReason(StrEnum):
    """Why a propagation went no further."""

    SCAN_ENDS = "the scan ends"
    STRUCTURE_ENDS = "the structure ends"
    FORKS = "the structure forks"
    UNSURE = "too unsure"
    MEETS_CONFIRMED = "a confirmed slice"


@dataclass(frozen=True, eq=False)
class PropagationSeed:
    """An accepted slice from which to go on.

    Attributes
    ----------
    plane : SlicePlane
        The slice, in the scan's local RAS.
    mask : ndarray of bool, shape (H, W)
        The structure on the slice image of :func:`GazeSAMLib.geometry.slice_image.slice_grid`.
    window, level : float
        As displayed.
    """

    plane: SlicePlane
    mask: Mask
    window: float
    level: float


@dataclass(frozen=True, eq=False)
class PropagatedSlice:
    """The structure on a slice that nobody has looked at.

    Attributes
    ----------
    plane : SlicePlane
        The slice, in the scan's local RAS.
    mask : ndarray of bool, shape (H, W)
        The structure on its slice image.
    confidence : float
        0 to 1: the Dice with the true structure that is to be expected.
    """

    plane: SlicePlane
    mask: Mask
    confidence: float


@dataclass(frozen=True, eq=False)
class _Slice:
    """Where a propagation has arrived."""

    plane: SlicePlane
    grid: SliceGrid
    mask: Mask
    pixels: Pixels
    parts: int


class Propagation:
    """Carries a structure on from slice to slice in one direction.

    Parameters
    ----------
    segmenter : Segmenter
        Of the scan, with the running engine.
    volume : VolumeGeometry
        The scan's grid.
    seed : PropagationSeed
        Where it begins.
    direction : int
        +1 along the normal of the seed's plane, -1 against it.
    until : frozenset of plane keys
        Slices that a person confirmed; it stops at the first.

    Raises
    ------
    GeometryError
        If the seed's plane misses the scan, or its mask does not have the image's shape.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        volume: VolumeGeometry,
        seed: PropagationSeed,
        direction: int,
        until: frozenset[tuple[float, ...]] = frozenset(),
    ) -> None:
        grid = grid_of_mask(volume, seed.plane, seed.mask)
        self._segmenter = segmenter
        self._volume = volume
        self._seed = seed
        self._direction = direction
        self._steps_left = _steps_to_confirmed(volume, seed.plane, direction, until)
        self._slice = _Slice(
            seed.plane, grid, seed.mask, self._pixels(seed.plane), large_parts(seed.mask)
        )
        self._step_mm = step_mm(volume, seed.plane)
        self._seed_area = int(np.count_nonzero(seed.mask))
        self._greys = grey_shares(self._slice.pixels[seed.mask])
        self._usual_edge = 1.0
        self._doubt = 0.0
        self._stopped: StopReason | None = StopReason.STRUCTURE_ENDS
        if self._seed_area:
            self._stopped = None
            self._usual_edge = self._own_edge()

    def advance(self) -> PropagatedSlice | StopReason:
        """Return the structure on the next slice, or why there is none; then always the same.

        Raises
        ------
        EngineError
            If the engine fails.
        """
        if self._stopped is not None:
            return self._stopped
        found = self._next()
        if isinstance(found, StopReason):
            self._stopped = found
        return found

    def _next(self) -> PropagatedSlice | StopReason:
        last = self._slice
        if self._steps_left <= 1.0:
            return StopReason.MEETS_CONFIRMED
        plane = neighbour(self._volume, last.plane, self._direction)
        grid = None if plane is None else slice_grid(self._volume, plane)
        if plane is None or grid is None:
            return StopReason.SCAN_ENDS
        pixels = self._pixels(plane)
        passage = self._passage(grid, pixels)
        if passage is None:
            return StopReason.STRUCTURE_ENDS
        log_odds = grey_log_odds(passage)
        mask, agreed = self._best(plane, passage, log_odds)
        if np.count_nonzero(mask) < max(LEAST_PX, LEAST_SHARE * self._seed_area):
            return StopReason.STRUCTURE_ENDS
        parts = large_parts(mask)
        forks = parts > max(1, last.parts)
        # Page's cumulative sum: one doubtful slice is forgiven, several in a row are not.
        self._doubt = max(0.0, self._doubt + USUAL - agreed.total_if_tapering)
        if forks or self._doubt > MOST_DOUBT:
            if np.mean(log_odds[passage.expected] > 0.0) < STILL_THERE:
                return StopReason.STRUCTURE_ENDS
            return StopReason.FORKS if forks else StopReason.UNSURE
        whole = passage.drawn(mask, grid.shape)
        self._slice = _Slice(plane, grid, whole, pixels, parts)
        self._steps_left -= 1.0
        return PropagatedSlice(plane, whole, expected_dice(agreed.total))

    def _passage(self, grid: SliceGrid, pixels: Pixels) -> Passage | None:
        """Return the way to the next slice; None where nothing of the structure lies on it."""
        last = self._slice
        mask = carried(last.mask, last.grid, grid)
        if not mask.any():
            return None
        before = carried(last.pixels, last.grid, grid)
        radius_px = math.sqrt(np.count_nonzero(mask) / math.pi)
        travel_px = REACH_PER_STEP * self._step_mm / grid.pixel_mm
        shift = content_shift(before, mask, pixels, min(math.ceil(travel_px), LONGEST_SHIFT_PX))
        if any(shift):
            mask = carried(last.mask, last.grid, grid, shift)
            before = carried(last.pixels, last.grid, grid, shift)
            if not mask.any():
                return None
        reach_px = min(travel_px, REACH_PER_RADIUS * radius_px) + REACH_MORE_PX
        return Passage.of(mask, before, pixels, reach_px)

    def _best(
        self, plane: SlicePlane, passage: Passage, log_odds: Values
    ) -> tuple[Mask, Agreement]:
        """Return the mask that agrees best, and how well."""
        chances = probability(log_odds)

        def judged(mask: Mask) -> tuple[Mask, Agreement]:
            clean = cleaned(mask, passage.expected)
            return clean, agreement(clean, passage, chances, self._greys, self._usual_edge)

        opinion = self._opinion(plane, passage)
        leaning = log_odds + np.where(opinion, OPINION, -OPINION)
        masks = (opinion, moved_outline(passage, log_odds), moved_outline(passage, leaning))
        return max(map(judged, masks), key=lambda found: found[1].total)

    def _own_edge(self) -> float:
        """Return how clear the outline of the accepted slice is."""
        last = self._slice
        passage = Passage.of(last.mask, last.pixels, last.pixels, REACH_MORE_PX)
        chances = probability(grey_log_odds(passage))
        return edge_strength(passage.expected, chances)

    def _opinion(self, plane: SlicePlane, passage: Passage) -> Mask:
        """Return the engine's mask that is most like the expected one, shape (h, w)."""
        shape = self._pixels(plane).shape
        previous = self._segmenter.low_res_of(passage.drawn(passage.expected, shape))
        request = SegmentRequest(
            0, plane, self._seed.window, self._seed.level, prompts_for(passage, previous)
        )
        logits = self._segmenter.answer(request).candidates.logits
        masks = [values[passage.box] > 0 for values in logits]
        return max(masks, key=lambda mask: overlap(mask, passage.expected))

    def _pixels(self, plane: SlicePlane) -> Pixels:
        return self._segmenter.pixels(EmbedRequest(0, plane, self._seed.window, self._seed.level))


def _steps_to_confirmed(
    volume: VolumeGeometry,
    plane: SlicePlane,
    direction: int,
    confirmed: frozenset[tuple[float, ...]],
) -> float:
    """Return how many steps away the next confirmed slice lies; infinity where there is none."""
    found = (
        steps_between(volume, plane, SlicePlane(*np.reshape(key, (3, 3)))) for key in confirmed
    )
    ahead = [round(direction * steps) for steps in found if steps is not None]
    return min((float(steps) for steps in ahead if steps > 0), default=math.inf)
