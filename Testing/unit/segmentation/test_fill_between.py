"""The slices between confirmed ones are filled by what lies between their shapes."""

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.segmentation.fill_between import fill_between
from GazeSAMLib.segmentation.propagation import PropagatedSlice
from GazeSAMLib.segmentation.signed_distance import signed_distance
from Testing.shaped_scan import AXES, dice, ellipsoid, shaped_scan


def total_dice(scan, found):
    masks, truths = zip(*((each.mask, scan.truth(each.plane)) for each in found), strict=True)
    common = sum((mask & truth).sum() for mask, truth in zip(masks, truths, strict=True))
    return 2.0 * common / sum(mask.sum() for mask in (*masks, *truths))


@pytest.mark.parametrize("orientation", AXES)
def test_an_ellipsoid_is_filled_from_every_fourth_slice_in_every_plane(orientation):
    scan = shaped_scan(ellipsoid, (50, 80, 80))
    confirmed = [scan.confirmed(scan.plane(orientation, at)) for at in (-7.5, -3.5, 0.5, 4.5, 8.5)]
    found = fill_between(scan.volume, confirmed)
    assert len(found) == 12
    assert total_dice(scan, found) > 0.97


def test_order_does_not_matter_and_confirmed_slices_are_not_returned():
    scan = shaped_scan(ellipsoid)
    planes = [scan.plane(at_mm=at) for at in (4.5, -3.5, 0.5)]
    found = fill_between(scan.volume, [scan.confirmed(plane) for plane in planes])
    ordered = fill_between(
        scan.volume, [scan.confirmed(p) for p in (planes[1], planes[2], planes[0])]
    )
    assert {each.plane.key() for each in found} == {each.plane.key() for each in ordered}
    assert not {each.plane.key() for each in found} & {plane.key() for plane in planes}
    assert len(found) == 6


def test_a_slanted_vessel_whose_slices_do_not_overlap_stays_whole():
    scan = shaped_scan(lambda r, a, s: np.hypot(r - 2.0 * s, a) <= 5.0)
    confirmed = [scan.confirmed(scan.plane(at_mm=at)) for at in (-6.5, 6.5)]
    assert not (confirmed[0].mask & confirmed[1].mask).any()
    found = fill_between(scan.volume, confirmed)
    assert len(found) == 12
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found) > 0.9


def test_it_lies_straight_between_in_a_sheared_scan():
    scan = shaped_scan(
        lambda r, a, s: np.hypot(r, a) <= 12.0 - 0.3 * s, (11, 90, 80), (1, 1, 4), shear=0.4
    )
    confirmed = [scan.confirmed(scan.plane(at_mm=at)) for at in (-16.0, 16.0)]
    found = fill_between(scan.volume, confirmed)
    assert len(found) == 7
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found) > 0.95


def test_orientations_are_filled_apart():
    scan = shaped_scan(ellipsoid)
    confirmed = [
        scan.confirmed(scan.plane(name, at)) for name in ("axial", "coronal") for at in (0.5, 3.5)
    ]
    found = fill_between(scan.volume, confirmed)
    normals = {tuple(np.round(each.plane.normal, 6).tolist()) for each in found}
    assert len(found) == 4
    assert len(normals) == 2


def test_holes_and_several_parts_are_kept():
    def two_rings(r, a, s):
        ring = lambda c: (np.hypot(r - c, a) <= 14.0) & (np.hypot(r - c, a) > 6.0 + 0.1 * s)  # noqa: E731
        return ring(-18.0) | ring(18.0)

    scan = shaped_scan(two_rings)
    found = fill_between(scan.volume, [scan.confirmed(scan.plane(at_mm=at)) for at in (-5.5, 4.5)])
    assert min(dice(each.mask, scan.truth(each.plane)) for each in found) > 0.95
    assert all(ndimage.label(each.mask)[1] == 2 for each in found)


def test_beside_an_empty_slice_nothing_is_filled():
    scan = shaped_scan(ellipsoid)
    empty = PropagatedSlice(scan.plane(at_mm=6.5), np.zeros((80, 80), dtype=bool), 1.0)
    confirmed = [scan.confirmed(scan.plane(at_mm=at)) for at in (0.5, 3.5)]
    beyond = scan.confirmed(scan.plane(at_mm=9.5))
    found = fill_between(scan.volume, [*confirmed, empty, beyond])
    assert len(found) == 2


def test_fewer_than_two_slices_leave_nothing_to_fill():
    scan = shaped_scan(ellipsoid)
    assert fill_between(scan.volume, []) == []
    assert fill_between(scan.volume, [scan.confirmed(scan.plane(at_mm=0.5))]) == []


def test_a_mask_of_another_size_is_refused():
    scan = shaped_scan(ellipsoid)
    wrong = PropagatedSlice(scan.plane(), np.ones((4, 4), dtype=bool), 1.0)
    with pytest.raises(GeometryError, match=r"got \(4, 4\)"):
        fill_between(scan.volume, [wrong])


def test_confidence_is_least_in_the_middle_of_unlike_slices():
    scan = shaped_scan(lambda r, a, s: np.hypot(r, a) <= 12.0 + 0.8 * s)
    found = fill_between(scan.volume, [scan.confirmed(scan.plane(at_mm=at)) for at in (-6.5, 6.5)])
    sure = [each.confidence for each in found]
    assert np.argmin(sure) in (5, 6)
    assert 0.0 < min(sure) < sure[0] < 1.0


def test_the_signed_distance_is_that_of_a_brute_force_search():
    mask = np.random.default_rng(2).random((14, 17)) > 0.6
    inside, outside = np.argwhere(mask), np.argwhere(~mask)
    found = signed_distance(mask)
    for at in np.ndindex(mask.shape):
        others = outside if mask[at] else inside
        nearest = np.hypot(*(others - at).T).min() - 0.5
        assert found[at] == pytest.approx(nearest if mask[at] else -nearest, abs=1e-5)


def test_the_image_edge_is_no_outline():
    mask = np.zeros((20, 20), dtype=bool)
    mask[:, :8] = True
    assert signed_distance(mask)[10, 0] == pytest.approx(7.5)
    assert (signed_distance(np.ones((5, 5), dtype=bool)) > 5.0).all()
