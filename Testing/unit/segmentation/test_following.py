"""A propagation as a host hears of it, also where there is little to follow."""

import numpy as np

from GazeSAMLib.engines.messages import Propagate, PropagationEnded
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.segmentation.following import follow
from GazeSAMLib.segmentation.propagation import PropagationSeed
from Testing.shaped_scan import LEVEL, WINDOW, ShapedScan, dice, ellipsoid, shaped_scan


def followed(scan: ShapedScan, *seeds: PropagationSeed, whole: bool = True):
    segmenter = Segmenter(RegionEngine(), scan.voxels_kji, scan.volume)
    masks = tuple(PlaneMask(seed.plane, seed.mask) for seed in seeds)
    *found, end = follow(segmenter, Propagate(7, masks, WINDOW, LEVEL, whole))
    assert isinstance(end, PropagationEnded)
    assert {said.number for said in (*found, end)} == {7}
    return found, end


def test_in_a_scan_of_one_slice_both_ways_end_at_once() -> None:
    scan = shaped_scan(ellipsoid, (1, 80, 80))
    found, end = followed(scan, scan.seed(scan.plane()))
    assert found == []
    assert end.reasons == ("the scan ends", "the scan ends")


def test_a_slice_on_which_nothing_was_accepted_is_followed_nowhere() -> None:
    scan = shaped_scan(ellipsoid)
    empty = PropagationSeed(scan.plane(at_mm=0.5), np.zeros((80, 80), dtype=bool), WINDOW, LEVEL)
    found, end = followed(scan, empty)
    assert found == []
    assert end.reasons == ("the structure ends", "the structure ends")


def test_between_two_seeds_what_both_sides_make_of_it_comes_last() -> None:
    scan = shaped_scan(ellipsoid)
    seeds = [scan.seed(scan.plane(at_mm=at)) for at in (5.5, -5.5)]
    found, _ = followed(scan, *seeds)
    last = {said.found.plane.key(): said.found for said in found}
    between = [found for found in last.values() if abs(found.plane.origin_local_ras[2]) < 5.0]
    assert len(between) == 10
    assert min(dice(each.mask, scan.truth(each.plane)) for each in between) > 0.93
    assert not {seed.plane.key() for seed in seeds} & set(last)


def test_only_the_neighbours_of_the_newest_seed_are_followed_where_that_is_wanted() -> None:
    scan = shaped_scan(ellipsoid)
    seeds = [scan.seed(scan.plane(at_mm=at)) for at in (0.5, 5.5, -3.5, 9.5)]
    found, _ = followed(scan, *seeds, whole=False)
    heights = {round(float(said.found.plane.origin_local_ras[2]), 1) for said in found}
    assert heights == {-2.5, -1.5, -0.5, 1.5, 2.5, 3.5, 4.5}
