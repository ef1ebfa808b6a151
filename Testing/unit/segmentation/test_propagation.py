"""A structure is carried on from slice to slice until it stops, and says why."""

import numpy as np
import pytest

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.segmentation.propagation import Propagation, PropagationSeed, StopReason
from GazeSAMLib.simulation.truth import labels_on, read_structures
from Testing.shaped_scan import LEVEL, WINDOW, dice, ellipsoid, shaped_scan


def tube(radius: float = 9.0, slope: float = 0.0):
    return lambda r, a, s: np.hypot(r - slope * s, a) <= radius


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("orientation", ["axial", "sagittal", "coronal", "oblique"])
def test_a_body_is_followed_to_its_end_in_every_plane(orientation, direction):
    scan = shaped_scan(ellipsoid, (60, 80, 80))
    found, reason = scan.propagated(scan.plane(orientation), direction)
    truths = [scan.truth(each.plane) for each in found]
    # A blunt end that is cut slantwise shrinks faster than anybody could be sure of.
    ends = {StopReason.STRUCTURE_ENDS} | (
        {StopReason.UNSURE} if orientation == "oblique" else set()
    )
    assert reason in ends
    assert len(found) >= 9
    common = sum((each.mask & truth).sum() for each, truth in zip(found, truths, strict=True))
    assert (
        2.0 * common / sum(m.mask.sum() + t.sum() for m, t in zip(found, truths, strict=True))
        > 0.95
    )
    first = found[0]
    assert dice(first.mask, truths[0]) > 0.96
    assert first.confidence > 0.8


@pytest.mark.parametrize("direction", [1, -1])
def test_slices_come_in_order_along_the_normal(direction):
    scan = shaped_scan(ellipsoid)
    start = scan.plane()
    found, _ = scan.propagated(start, direction)
    offsets = [float(start.normal @ each.plane.origin_local_ras) for each in found]
    assert np.allclose(offsets, direction * np.arange(1, len(found) + 1), atol=1e-4)


def test_a_tube_is_followed_to_the_end_of_the_scan():
    scan = shaped_scan(tube(slope=0.6), (24, 80, 80))
    found, reason = scan.propagated(scan.plane(at_mm=-5.5), 1)
    assert reason is StopReason.SCAN_ENDS
    assert len(found) == 17
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found) > 0.9


def test_a_steep_tube_is_followed_where_slices_overlap_little():
    scan = shaped_scan(tube(radius=6.0, slope=2.0), (16, 80, 80), (1.0, 1.0, 2.0))
    found, reason = scan.propagated(scan.plane(at_mm=1.0), 1)
    assert reason is not StopReason.UNSURE
    assert len(found) >= 4
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found[:4]) > 0.85


def test_a_body_ends_in_thick_slices():
    scan = shaped_scan(ellipsoid, (9, 80, 80), (1.0, 1.0, 5.5))
    found, reason = scan.propagated(scan.plane(), 1)
    assert reason in (StopReason.STRUCTURE_ENDS, StopReason.UNSURE)
    assert len(found) in (1, 2)
    assert dice(found[0].mask, scan.truth(found[0].plane)) > 0.9


def test_a_cone_that_ends_is_followed_to_its_tip():
    def cone(r, a, s):
        return np.hypot(r, a) <= np.clip(12.0 - s, 0.0, None)

    scan = shaped_scan(cone, (40, 80, 80))
    found, reason = scan.propagated(scan.plane(at_mm=0.5), 1)
    assert reason is StopReason.STRUCTURE_ENDS
    assert 8 <= len(found) <= 12


def test_a_blunt_end_does_not_run_on_into_what_lies_beyond():
    def blunt(r, a, s):
        return (np.hypot(r, a) <= 12.0) & (s < 5.0)

    def beyond(_r, _a, s):
        return np.where(s < 5.0, 60.0, 100.0)

    scan = shaped_scan(blunt, outside=beyond)
    found, reason = scan.propagated(scan.plane(at_mm=-0.5), 1)
    assert reason in (StopReason.STRUCTURE_ENDS, StopReason.UNSURE)
    assert len(found) == 5


@pytest.mark.parametrize("slope", [1.5, 4.0])
def test_a_tube_that_forks_stops_at_the_fork(slope):
    def forked(r, a, s):
        apart = np.clip(slope * s, 0.0, None)
        return np.minimum(np.hypot(r - apart, a), np.hypot(r + apart, a)) <= 8.0

    scan = shaped_scan(forked)
    found, reason = scan.propagated(scan.plane(at_mm=-3.5), 1)
    assert reason is StopReason.FORKS
    assert 4 <= len(found) <= 3 + 8.0 / slope + 2


def test_two_parts_from_the_start_are_no_fork():
    def two(r, a, s):
        return np.minimum(np.hypot(r - 15.0, a), np.hypot(r + 15.0, a)) <= 8.0 + 0.0 * s

    scan = shaped_scan(two)
    found, reason = scan.propagated(scan.plane(at_mm=0.5), 1)
    assert reason is StopReason.SCAN_ENDS
    assert dice(found[-1].mask, scan.truth(found[-1].plane)) > 0.95


def test_a_hole_stays_a_hole():
    def ring(r, a, s):
        return (np.hypot(r, a) <= 20.0) & (np.hypot(r, a) >= 8.0 + 0.1 * s)

    scan = shaped_scan(ring)
    found, reason = scan.propagated(scan.plane(at_mm=0.5), 1)
    assert reason is StopReason.SCAN_ENDS
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found) > 0.93


def test_a_structure_may_touch_the_border():
    def at_border(r, a, s):
        return np.hypot(r - 40.0, a) <= 20.0 + 0.2 * s

    scan = shaped_scan(at_border)
    found, reason = scan.propagated(scan.plane(at_mm=0.5), 1)
    assert reason is StopReason.SCAN_ENDS
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found) > 0.93


def test_a_structure_may_fill_the_slice():
    scan = shaped_scan(lambda r, a, s: r + a + s < 1e3)
    found, reason = scan.propagated(scan.plane(at_mm=0.5), 1)
    assert reason in (StopReason.SCAN_ENDS, StopReason.UNSURE)
    assert all(each.mask.all() for each in found)


def test_a_scan_of_one_slice_ends_at_once():
    scan = shaped_scan(tube(), (1, 80, 80))
    for direction in (1, -1):
        assert scan.propagated(scan.plane(), direction) == ([], StopReason.SCAN_ENDS)


def test_it_stops_before_a_confirmed_slice_wherever_that_lies_in_its_layer():
    scan = shaped_scan(tube())
    confirmed = frozenset([scan.plane(at_mm=6.1).key(), scan.plane(at_mm=9.5).key()])
    found, reason = scan.propagated(scan.plane(at_mm=0.5), 1, confirmed)
    assert reason is StopReason.MEETS_CONFIRMED
    assert len(found) == 5


def test_confirmed_slices_behind_or_of_another_orientation_do_not_stop_it():
    scan = shaped_scan(tube())
    confirmed = frozenset(
        [scan.plane(at_mm=-2.5).key(), scan.plane(at_mm=0.5).key(), scan.plane("coronal").key()]
    )
    found, reason = scan.propagated(scan.plane(at_mm=0.5), 1, confirmed)
    assert reason is StopReason.SCAN_ENDS
    assert len(found) == 14


def test_content_stays_straight_in_space_where_the_scan_is_sheared():
    scan = shaped_scan(tube(), (16, 90, 80), (1.0, 1.0, 5.0), shear=0.35)
    found, _ = scan.propagated(scan.plane(at_mm=2.5), 1)
    assert len(found) >= 5
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found[:5]) > 0.93


def test_after_its_end_it_always_says_the_same():
    scan = shaped_scan(tube(), (3, 80, 80))
    segmenter = Segmenter(RegionEngine(), scan.voxels_kji, scan.volume)
    running = Propagation(segmenter, scan.volume, scan.seed(scan.plane()), 1)
    assert not isinstance(running.advance(), StopReason)
    assert [running.advance() for _ in range(3)] == [StopReason.SCAN_ENDS] * 3


def test_of_nothing_nothing_is_propagated():
    scan = shaped_scan(lambda r, a, s: r + a + s > 1e3)
    assert scan.propagated(scan.plane(at_mm=0.5), 1) == ([], StopReason.STRUCTURE_ENDS)


def test_a_mask_of_another_size_is_refused():
    scan = shaped_scan(ellipsoid)
    segmenter = Segmenter(RegionEngine(), scan.voxels_kji, scan.volume)
    seed = PropagationSeed(scan.plane(), np.ones((5, 5), dtype=bool), WINDOW, LEVEL)
    with pytest.raises(GeometryError, match=r"\(80, 80\), got \(5, 5\)"):
        Propagation(segmenter, scan.volume, seed, 1)


def test_a_plane_beside_the_scan_is_refused():
    scan = shaped_scan(ellipsoid)
    segmenter = Segmenter(RegionEngine(), scan.voxels_kji, scan.volume)
    seed = PropagationSeed(scan.plane(at_mm=99.0), np.ones((80, 80), bool), WINDOW, LEVEL)
    with pytest.raises(GeometryError, match="does not cross the scan"):
        Propagation(segmenter, scan.volume, seed, 1)


def test_the_same_seed_gives_the_same_masks():
    scan = shaped_scan(ellipsoid)
    first, second = (scan.propagated(scan.plane(), 1)[0] for _ in range(2))
    assert [a.mask.tobytes() for a in first] == [b.mask.tobytes() for b in second]
    assert [a.confidence for a in first] == [b.confidence for b in second]


@pytest.mark.parametrize(
    ("name", "direction", "least"), [("spleen", 1, 0.85), ("spleen", -1, 0.85), ("aorta", 1, 0.8)]
)
def test_organs_of_a_real_scan_are_followed(shared_data, name, direction, least):
    scan = read_scan(shared_data / "ct_abdomen" / "dicom")
    structures = read_structures([shared_data / "ct_abdomen" / "labels.nii.gz"], scan)
    structure = next(each for each in structures if each.name == name)
    centre = apply(scan.volume.local_ras_from_ijk, (np.array(scan.volume.shape_ijk) - 1) // 2)
    plane = SlicePlane(centre, (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))

    def truth(at: SlicePlane) -> np.ndarray:
        grid = slice_grid(scan.volume, at)
        return labels_on(structure.labels_kji, scan.volume, grid) == structure.value

    segmenter = Segmenter(RegionEngine(), scan.voxels_kji, scan.volume)
    seed = PropagationSeed(plane, truth(plane), scan.window, scan.level)
    running = Propagation(segmenter, scan.volume, seed, direction)
    for _ in range(6):
        found = running.advance()
        assert not isinstance(found, StopReason)
    assert dice(found.mask, truth(found.plane)) > least
