"""What shapes alone have filled comes to lie where the image shows the outline."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.segmentation.fill_between import fill_between
from GazeSAMLib.segmentation.propagation import PropagatedSlice
from GazeSAMLib.segmentation.refinement import refined
from Testing.shaped_scan import LEVEL, WINDOW, dice, ellipsoid, shaped_scan


def segmenter_of(scan):
    return Segmenter(RegionEngine(), scan.voxels_kji, scan.volume)


@pytest.mark.parametrize("orientation", ["axial", "coronal", "oblique"])
def test_a_body_that_bulges_between_slices_is_filled_better(orientation):
    scan = shaped_scan(ellipsoid, (50, 80, 80))
    confirmed = [scan.confirmed(scan.plane(orientation, at)) for at in (-9.5, 0.5, 9.5)]
    segmenter = segmenter_of(scan)
    before, after = [], []
    for made in fill_between(scan.volume, confirmed):
        truth = scan.truth(made.plane)
        before.append(dice(made.mask, truth))
        after.append(dice(refined(segmenter, made, WINDOW, LEVEL).mask, truth))
    assert np.mean(after) > np.mean(before)
    assert min(after) > 0.9


@pytest.mark.parametrize("wrong_px", [-2, 1, 2])
def test_an_outline_that_is_off_a_little_is_set_right(wrong_px):
    scan = shaped_scan(ellipsoid)
    truth = scan.truth(scan.plane(at_mm=0.5))
    change = ndimage.binary_erosion if wrong_px < 0 else ndimage.binary_dilation
    made = PropagatedSlice(scan.plane(at_mm=0.5), change(truth, iterations=abs(wrong_px)), 0.7)
    found = refined(segmenter_of(scan), made, WINDOW, LEVEL)
    assert dice(found.mask, truth) > max(0.93, dice(made.mask, truth) + 0.002)
    assert found.confidence == made.confidence


def test_where_the_image_shows_no_outline_the_mask_stays():
    scan = shaped_scan(ellipsoid)
    rows, columns = np.ogrid[:80, :80]
    made = PropagatedSlice(scan.plane(at_mm=13.5), np.hypot(rows - 40, columns - 40) <= 9, 0.7)
    found = refined(segmenter_of(scan), made, WINDOW, LEVEL)
    assert dice(found.mask, made.mask) > 0.75


def test_an_empty_mask_stays_empty():
    scan = shaped_scan(ellipsoid)
    made = replace(scan.confirmed(scan.plane(at_mm=0.5)), mask=np.zeros((80, 80), dtype=bool))
    assert refined(segmenter_of(scan), made, WINDOW, LEVEL) is made
