"""A propagation as the messages that a host asks with and hears of it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from GazeSAMLib.engines.messages import Propagate, Propagated, PropagationEnded
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.segmentation.joining import join
from GazeSAMLib.segmentation.neighbours import steps_between
from GazeSAMLib.segmentation.propagation import (
    PropagatedSlice,
    Propagation,
    PropagationSeed,
    StopReason,
)

Said = Propagated | PropagationEnded
AHEAD, BEHIND = 1, -1


def follow(segmenter: Segmenter, order: Propagate) -> Iterator[Said]:
    """Follow a structure from confirmed slices to those between and beyond them.

    Beyond the outermost the nearest slices come first, both ways in turn. Between two, what is
    propagated from either comes first; what both sides make of it together takes its place.

    Parameters
    ----------
    segmenter : Segmenter
        Of the scan, with the running engine.
    order : Propagate
        Where to begin, and how far to go.

    Raises
    ------
    EngineError
        While iterating, if the engine fails.
    GeometryError
        While iterating, if a seed does not fit the scan.
    """
    run = _Run(segmenter, order)
    running: list[Iterator[Propagated]] = []
    for way, chain in zip((AHEAD, BEHIND), run.chains(), strict=True):
        near = chain if order.whole else chain[:2]
        running += [run.between(*span) for span in pairwise(near)]
        if order.whole or len(chain) == 1:
            running.append(run.beyond(chain[-1], way))
    while running:
        for each in tuple(running):
            said = next(each, None)
            if said is None:
                running.remove(each)
            else:
                yield said
    yield PropagationEnded(order.number, tuple(run.reasons[way] for way in (AHEAD, BEHIND)))


class _Run:
    """The parts of one propagation."""

    def __init__(self, segmenter: Segmenter, order: Propagate) -> None:
        self.reasons = {AHEAD: "a confirmed slice", BEHIND: "a confirmed slice"}
        self._segmenter, self._order = segmenter, order

    def chains(self) -> tuple[list[PlaneMask], list[PlaneMask]]:
        """Return the newest seed and those ahead of it, then it and those behind; by distance."""
        newest, *others = self._order.seeds
        placed = [
            (steps_between(self._segmenter.volume, newest.plane, other.plane), other)
            for other in others
        ]
        known = [(round(steps), seed) for steps, seed in placed if steps is not None]
        known.sort(key=lambda each: abs(each[0]))
        ahead = [seed for steps, seed in known if steps > 0]
        behind = [seed for steps, seed in known if steps < 0]
        return [newest, *ahead], [newest, *behind]

    def beyond(self, seed: PlaneMask, way: int) -> Iterator[Propagated]:
        """Yield what lies beyond the outermost seed."""
        for found in self._from(seed, way):
            yield self._said(found, way)

    def between(self, near: PlaneMask, far: PlaneMask) -> Iterator[Propagated]:
        """Yield what lies between two seeds, `near` being nearer to the newest one."""
        volume = self._segmenter.volume
        way = AHEAD if (steps_between(volume, near.plane, far.plane) or 0.0) > 0.0 else BEHIND
        found: dict[int, list[PropagatedSlice]] = {AHEAD: [], BEHIND: []}
        for start, end, towards in ((near, far, way), (far, near, -way)):
            for each in self._from(start, towards, (end,)):
                found[towards].append(each)
                yield self._said(each, way)
        first, last = (near, far) if way == AHEAD else (far, near)
        ends = self._seed(first), self._seed(last)
        for each in join(self._segmenter, *ends, found[AHEAD], found[BEHIND]):
            yield self._said(each, way)

    def _from(
        self, seed: PlaneMask, way: int, until: Sequence[PlaneMask] = ()
    ) -> Iterator[PropagatedSlice]:
        start, volume = self._seed(seed), self._segmenter.volume
        confirmed = frozenset(end.plane.key() for end in until)
        propagation = Propagation(self._segmenter, volume, start, way, confirmed)
        while not isinstance(found := propagation.advance(), StopReason):
            yield found
        if not until:
            self.reasons[way] = found.value

    def _seed(self, known: PlaneMask) -> PropagationSeed:
        return PropagationSeed(known.plane, known.mask, self._order.window, self._order.level)

    def _said(self, found: PropagatedSlice, way: int) -> Propagated:
        mask = PlaneMask(found.plane, found.mask)
        return Propagated(self._order.number, mask, way, float(found.confidence))
