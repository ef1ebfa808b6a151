"""Looks at whole structures are counted as they can be counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import arrange, through
from GazeSAMLib.simulation.propagation_evaluation import VOLUME_GOALS, propagation_efforts
from GazeSAMLib.simulation.truth import Structure, layer_points, shown_structures
from GazeSAMLib.simulation.volume_reading import LOOK_S, SCROLL_S, Effort, VolumeReader
from Testing.painted_scan import DISPLAY, TruthEngine, painted_scan, painted_structures
from Testing.shaped_scan import LEVEL, WINDOW, ellipsoid, shaped_scan

SHAPED = shaped_scan(ellipsoid, (30, 80, 80))


def shaped_structure() -> tuple[Scan, Structure]:
    scan = Scan(SHAPED.voxels_kji, SHAPED.volume, "shaped", Path("shaped"), WINDOW, LEVEL)
    k, j, i = np.indices(SHAPED.volume.shape_kji)
    labels = ellipsoid(i - 39.5, j - 39.5, k - 14.5).astype(np.uint8)
    return scan, Structure("ellipsoid", labels, 1)


def reader_of(engine, scan: Scan, structure: Structure) -> VolumeReader:
    view = arrange(scan, DISPLAY).reading
    planes = [through(view, p).geometry.plane for p in layer_points(scan.volume, view)]
    cases = shown_structures([structure], scan.volume, view).slices
    by_layer = {case.layer: case.mask for case in cases}
    empty = np.zeros(cases[0].grid.shape, dtype=bool)
    truth = [by_layer.get(layer, empty) for layer in range(len(planes))]
    return VolumeReader(Segmenter(engine, scan.voxels_kji, scan.volume), scan, planes, truth, cases)


def test_an_engine_that_knows_the_truth_takes_a_look_a_slice():
    structure = painted_structures()[2]
    effort = reader_of(TruthEngine(), painted_scan(), structure).slice_by_slice(1.0)
    assert (effort.looks, effort.slices, effort.dice, effort.reached) == (5, 5, 1.0, True)
    assert effort.seconds == pytest.approx(5 * (LOOK_S + SCROLL_S))


def test_it_looks_at_no_more_slices_than_the_dice_needs():
    structure = painted_structures()[2]
    effort = reader_of(TruthEngine(), painted_scan(), structure).slice_by_slice(0.8)
    # Four of five like slices have a Dice of 8 / 9, three have 3 / 4.
    assert effort.looks == 4
    assert effort.dice == pytest.approx(8 / 9)


def test_with_propagation_the_same_takes_a_look_in_all():
    structure = painted_structures()[2]
    effort = reader_of(TruthEngine(), painted_scan(), structure).with_propagation(0.95)
    assert (effort.looks, effort.slices, effort.reached) == (1, 1, True)


def test_an_ellipsoid_takes_a_fifth_of_the_looks():
    scan, structure = shaped_structure()
    reader = reader_of(RegionEngine(), scan, structure)
    for goal in VOLUME_GOALS:
        alone, propagated = reader.slice_by_slice(goal), reader.with_propagation(goal)
        assert alone.reached
        assert propagated.reached
        assert propagated.dice >= goal
        assert propagated.looks * 5 <= alone.looks


def test_the_reader_sees_what_was_looked_at_and_what_was_propagated():
    scan, structure = shaped_structure()
    seen = []
    reader_of(RegionEngine(), scan, structure).with_propagation(
        0.9, lambda found, confirmed: seen.append((set(found), set(confirmed)))
    )
    found, confirmed = seen[0]
    assert len(confirmed) == 1
    assert confirmed < found
    assert len(found) > 10


def test_what_is_not_reached_is_said():
    class Blind(TruthEngine):
        def decode(self, embedding, prompts):
            found = super().decode(embedding, prompts)
            found.logits[:, :, ::2] = -1.0
            return found

    effort = reader_of(Blind(), painted_scan(), painted_structures()[0]).slice_by_slice(0.9)
    assert not effort.reached
    assert effort.looks == 25
    assert 0.5 < effort.dice < 0.9


def test_efforts_name_each_structure_once_and_say_how_many_times_fewer():
    told = []
    efforts = propagation_efforts(
        TruthEngine(), painted_scan(), painted_structures(), DISPLAY,
        lambda what, done, total: told.append((what, done, total)),
    )  # fmt: skip
    assert [effort.structure for effort in efforts] == [s.name for s in painted_structures()]
    assert [done for _, done, _ in told] == [1, 2, 3]
    assert all(effort.slices == 5 for effort in efforts)
    assert efforts[2].factor(0.8) == 4.0


def test_a_factor_counts_looks():
    effort = Effort(looks=3, slices=2, dice=0.9, reached=True)
    assert effort.seconds == pytest.approx(3 * LOOK_S + 2 * SCROLL_S)


def test_structures_on_one_slice_are_no_volume():
    scan = painted_scan()
    labels = np.zeros(scan.volume.shape_kji, dtype=np.uint8)
    labels[2, 40:60, 40:60] = 1
    with pytest.raises(ScanError, match="two slices"):
        propagation_efforts(TruthEngine(), scan, [Structure("dot", labels, 1)], DISPLAY)
