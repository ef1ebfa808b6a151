"""How many looks a whole structure takes, slice by slice and with propagation.

Without propagation the reader goes from the largest cross-section to the smallest and looks at
each as often as it needs. With propagation the reader looks at the largest, lets it be
propagated both ways, and then goes to the slice that is worst: looks there, which corrects
its neighbours up to the next slice that was looked at, or cuts off what ran on beyond the
structure. Both end when the structure has the Dice that was asked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.joining import join
from GazeSAMLib.segmentation.propagation import (
    PropagatedSlice,
    Propagation,
    PropagationSeed,
    StopReason,
)
from GazeSAMLib.simulation.clicks import Mask, dice
from GazeSAMLib.simulation.slice_looks import SliceLooks
from GazeSAMLib.simulation.truth import StructureSlice

LOOK_S = 1.0
"""A look until the key: the eye comes to rest, the outline appears, the hand presses."""

SCROLL_S = 0.8
"""To a slice that is to be looked at."""


CARE = 0.02
"""So much better than asked for must a slice be from which others follow."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a reader did to reach a Dice.

    Attributes
    ----------
    looks : int
        All looks, corrections included.
    slices : int
        Slices that were looked at.
    dice : float
        In 3D, of what came out.
    reached : bool
        Whether it is as good as was asked for.
    """

    looks: int
    slices: int
    dice: float
    reached: bool

    @property
    def seconds(self) -> float:
        """How long that takes."""
        return LOOK_S * self.looks + SCROLL_S * self.slices


@dataclass(eq=False)
class _Volume:
    """The truth on each layer, what there is of it, and the 3D Dice."""

    truth: dict[int, Mask]
    found: dict[int, Mask] = field(default_factory=dict)

    def dice(self) -> float:
        """Return the Dice of all layers together."""
        common = sum(
            int(np.count_nonzero(mask & self.truth[at])) for at, mask in self.found.items()
        )
        total = sum(map(np.count_nonzero, (*self.truth.values(), *self.found.values())))
        return 2.0 * common / max(int(total), 1)

    def errors(self) -> dict[int, int]:
        """Return the number of wrong pixels of each layer."""
        nothing = np.zeros((1, 1), dtype=bool)
        return {
            at: int(np.count_nonzero(mask ^ self.found.get(at, nothing)))
            for at, mask in self.truth.items()
        }


class VolumeReader:
    """Reads one structure.

    Parameters
    ----------
    segmenter : Segmenter
        Of the scan.
    scan : Scan
        Shown with its default window.
    planes : sequence of SlicePlane
        All slices of the scan, by layer.
    truth : sequence of ndarray of bool
        The structure on each of them.
    cases : iterable of StructureSlice
        Those that show it well enough to be looked at.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        scan: Scan,
        planes: list[SlicePlane],
        truth: list[Mask],
        cases: Iterable[StructureSlice],
    ) -> None:
        self._segmenter = segmenter
        self._scan = scan
        self._planes = planes
        self._layer_of = {plane.key(): layer for layer, plane in enumerate(planes)}
        self._truth = dict(enumerate(truth))
        self._cases = {case.layer: case for case in cases}
        self._looks = SliceLooks(segmenter, scan)
        # Along the normal, layers may be counted upwards or downwards.
        way = planes[-1].origin_local_ras - planes[0].origin_local_ras
        self._upwards = 1 if float(way @ planes[0].normal) >= 0.0 else -1

    def slice_by_slice(self, goal: float) -> Effort:
        """Return what it takes to look at one slice after the other."""
        volume, looks, slices = _Volume(self._truth), 0, 0
        for case in sorted(self._cases.values(), key=lambda case: -np.count_nonzero(case.mask)):
            slices += 1
            for state in self._looks.until(case, goal):
                volume.found[case.layer] = state.mask
                looks += 1
                if volume.dice() >= goal:
                    return Effort(looks, slices, volume.dice(), reached=True)
        return Effort(looks, slices, volume.dice(), reached=False)

    def with_propagation(
        self, goal: float, watch: Callable[[dict[int, Mask], set[int]], None] | None = None
    ) -> Effort:
        """Return what it takes to look where the propagated structure is worst.

        Parameters
        ----------
        goal : float
            The Dice in 3D at which the reader stops.
        watch : callable or None
            Takes all masks by layer and the layers that were looked at, after each of those.
        """
        volume, looks, confirmed = _Volume(self._truth), 0, set[int]()
        layer = max(self._cases, key=lambda at: int(np.count_nonzero(self._truth[at])))
        while True:
            looks += self._look(volume, layer, goal, confirmed)
            if watch is not None:
                watch(volume.found, confirmed)
            reached = volume.dice()
            errors = volume.errors()
            left = [
                at
                for at in errors
                if at not in confirmed
                and errors[at] > (0 if at in self._cases else self._truth[at].sum())
            ]
            if reached >= goal or not left:
                return Effort(looks, len(confirmed), reached, reached >= goal)
            layer = max(left, key=lambda at: errors[at])

    def _look(self, volume: _Volume, layer: int, goal: float, confirmed: set[int]) -> int:
        """Confirm a slice and what follows from it for its neighbours; return the looks taken."""
        if layer not in self._cases:
            self._cut(volume, layer, confirmed)
            return 1
        case, there = self._cases[layer], volume.found.get(layer)
        with_care = goal + CARE
        states = None if there is None else self._looks.correcting(case, there, with_care)
        if states is None:
            states = self._looks.until(case, with_care)
        looks = len(states)
        if looks and (there is None or dice(states[-1].mask, case.mask) > dice(there, case.mask)):
            volume.found[layer] = states[-1].mask
        confirmed.add(layer)
        self._update(volume, layer, 1, confirmed)
        self._update(volume, layer, -1, confirmed)
        return looks

    def _cut(self, volume: _Volume, layer: int, confirmed: set[int]) -> None:
        """Confirm that the structure is not there, nor beyond as seen from where it is."""
        volume.found.pop(layer, None)
        confirmed.add(layer)
        here = [at for at in confirmed if self._truth[at].any()]
        nearest = min(here, key=lambda at: abs(at - layer))
        step = 1 if layer > nearest else -1
        at = layer + step
        while at in self._truth and at not in confirmed:
            volume.found.pop(at, None)
            at += step

    def _update(self, volume: _Volume, layer: int, step: int, confirmed: set[int]) -> None:
        """Propagate from a confirmed slice to the next one, or as far as it goes."""
        others = [at for at in confirmed if (at - layer) * step > 0]
        end = min(others, key=lambda at: abs(at - layer), default=None)
        found = self._propagated(volume, layer, step, end)
        between = range(layer + step, len(self._planes) if step > 0 else -1, step)
        if end is not None:
            between = range(layer + step, end, step)
            if volume.found.get(end) is not None:
                back = self._propagated(volume, end, -step, layer)
                found = self._joined(volume, layer, end, found, back)
        for at in between:
            volume.found.pop(at, None)
        for made in found:
            volume.found[self._layer_of[made.plane.key()]] = made.mask

    def _joined(
        self,
        volume: _Volume,
        layer: int,
        end: int,
        found: list[PropagatedSlice],
        back: list[PropagatedSlice],
    ) -> list[PropagatedSlice]:
        first, last = (self._seed(volume, at) for at in (layer, end))
        if (end - layer) * self._upwards > 0:
            return list(join(self._segmenter, first, last, found, back))
        return list(join(self._segmenter, last, first, back, found))

    def _propagated(
        self, volume: _Volume, layer: int, step: int, end: int | None
    ) -> list[PropagatedSlice]:
        seed = self._seed(volume, layer)
        until = frozenset() if end is None else frozenset([self._planes[end].key()])
        running = Propagation(self._segmenter, self._scan.volume, seed, step * self._upwards, until)
        made = []
        while not isinstance(found := running.advance(), StopReason):
            made.append(found)
        return made

    def _seed(self, volume: _Volume, layer: int) -> PropagationSeed:
        window, level = self._scan.window, self._scan.level
        return PropagationSeed(self._planes[layer], volume.found[layer], window, level)
