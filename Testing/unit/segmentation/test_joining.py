"""What lies between two confirmed slices: three opinions, of which two have to agree."""

import numpy as np
import pytest

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.segmentation.fill_between import fill_between
from GazeSAMLib.segmentation.joining import join
from GazeSAMLib.segmentation.propagation import PropagatedSlice
from Testing.shaped_scan import ShapedScan, dice, ellipsoid, shaped_scan


class Between:
    """Two slices of an ellipsoid, in the order of their normal, and what lies between them."""

    def __init__(self, scan: ShapedScan, low_mm: float, high_mm: float) -> None:
        planes = [scan.plane(at_mm=at) for at in (low_mm, high_mm)]
        along = planes[0].normal @ (planes[1].origin_local_ras - planes[0].origin_local_ras)
        self.scan = scan
        self.first, self.last = (scan.seed(p) for p in (planes if along > 0.0 else planes[::-1]))
        self.segmenter = Segmenter(RegionEngine(), scan.voxels_kji, scan.volume)
        ends = [PropagatedSlice(seed.plane, seed.mask, 1.0) for seed in (self.first, self.last)]
        self.filled = fill_between(scan.volume, ends)

    def join(self, forward, backward) -> list[PropagatedSlice]:
        return list(join(self.segmenter, self.first, self.last, forward, backward))

    def discs(self, radius: float, confidence: float = 0.8) -> list[PropagatedSlice]:
        rows, columns = np.ogrid[:80, :80]
        disc = np.hypot(rows - 40, columns - 40) <= radius
        return [PropagatedSlice(each.plane, disc, confidence) for each in self.filled]

    def dices(self, found: list[PropagatedSlice]) -> list[float]:
        return [dice(each.mask, self.scan.truth(each.plane)) for each in found]


@pytest.fixture(scope="module")
def between() -> Between:
    return Between(shaped_scan(ellipsoid), -5.5, 5.5)


def test_a_propagation_that_ran_out_on_one_side_is_outvoted(between) -> None:
    good, _ = between.scan.propagated(between.first.plane, 1, frozenset([between.last.plane.key()]))
    for forward, backward in (
        (good, between.discs(36)),
        (good, between.discs(4)),
        (between.discs(36), good[::-1]),
    ):
        assert min(between.dices(between.join(forward, backward))) > 0.9


def test_what_both_propagations_say_is_taken_where_the_shape_says_another() -> None:
    # A body that is thick only halfway: no shape at its ends tells of it.
    def bulge(r, a, s):
        return np.hypot(r, a) <= 8.0 + 12.0 * np.exp(-((s / 4.0) ** 2))

    between = Between(shaped_scan(bulge), -9.5, 9.5)
    truth = [
        PropagatedSlice(each.plane, between.scan.truth(each.plane), 0.9) for each in between.filled
    ]
    assert min(between.dices(between.filled)) < 0.7
    assert min(between.dices(between.join(truth, truth[::-1]))) > 0.97


def test_where_propagations_stopped_the_shape_stands_in(between) -> None:
    good, _ = between.scan.propagated(between.first.plane, 1, frozenset([between.last.plane.key()]))
    joined = between.join(good[:3], [])
    assert len(joined) == 10
    assert min(between.dices(joined)) > 0.9
    keys = [each.plane.key() for each in joined]
    assert keys == [each.plane.key() for each in between.filled]


def test_the_shape_is_moved_to_the_outline_that_the_image_shows() -> None:
    between = Between(shaped_scan(ellipsoid, (50, 80, 80)), -9.5, 9.5)
    assert np.mean(between.dices(between.join([], []))) > np.mean(between.dices(between.filled))


def test_it_is_less_sure_where_the_two_sides_disagree(between) -> None:
    agreed = between.join(between.discs(15), between.discs(15))
    opposed = between.join(between.discs(15), between.discs(8))
    assert all(a.confidence > b.confidence for a, b in zip(agreed, opposed, strict=True))
    assert all(0.0 < each.confidence <= 1.0 for each in (*agreed, *opposed))


def test_the_nearer_side_s_confidence_counts_more(between) -> None:
    found = between.join(between.discs(15, 0.9), between.discs(15, 0.5))
    sure = [each.confidence for each in found]
    assert sure == sorted(sure, reverse=True)


def test_between_neighbours_there_is_nothing_to_join() -> None:
    assert Between(shaped_scan(ellipsoid), 0.5, 1.5).join([], []) == []
