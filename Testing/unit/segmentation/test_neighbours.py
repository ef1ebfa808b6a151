"""The next slice, and where the pixels of one slice lie on the next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.neighbours import carried, neighbour, step_mm, steps_between

AXIAL = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
SAGITTAL = ((0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
TILTED = ((-1.0, 0.1, 0.2), (0.1, -1.0, 0.3))


def volume_of(shape_kji=(12, 40, 30), spacing=(0.7, 0.9, 3.0), shear=0.0, flip=1.0):
    matrix = np.diag((*spacing, 1.0))
    matrix[1, 2] = shear * spacing[2]
    matrix[2, 2] *= flip
    matrix[:3, 3] = -matrix[:3, :3] @ (np.array(shape_kji[::-1]) - 1) / 2.0
    return VolumeGeometry(shape_kji, matrix)


@pytest.mark.parametrize("flip", [1.0, -1.0])
@pytest.mark.parametrize("direction", [1, -1])
def test_the_next_slice_of_a_stack_is_the_next_layer_along_the_normal(direction, flip):
    volume = volume_of(flip=flip)
    plane = SlicePlane((0.0, 0.0, 1.5), *AXIAL)
    found = neighbour(volume, plane, direction)
    here, there = (slice_grid(volume, each).layer.index for each in (plane, found))
    assert abs(there - here) == 1
    way = plane.normal @ (found.origin_local_ras - plane.origin_local_ras)
    assert way == pytest.approx(3.0 * direction, abs=1e-6)


def test_each_axis_has_its_own_step():
    volume = volume_of()
    assert step_mm(volume, SlicePlane((0, 0, 1.5), *AXIAL)) == pytest.approx(3.0)
    assert step_mm(volume, SlicePlane((0.35, 0, 0), *SAGITTAL)) == pytest.approx(0.7)
    assert step_mm(volume, SlicePlane((0, 0, 0), *TILTED)) == pytest.approx(0.7)


def test_layers_of_a_sheared_scan_are_as_far_apart_as_their_planes():
    volume = volume_of(shear=0.5)
    assert step_mm(volume, SlicePlane((0, 0, 1.5), *AXIAL)) == pytest.approx(3.0)


def test_beyond_the_last_slice_there_is_none():
    volume = volume_of()
    last = SlicePlane((0.0, 0.0, 16.5), *AXIAL)
    up = 1 if last.normal[2] > 0 else -1
    assert neighbour(volume, last, up) is None
    assert neighbour(volume, last, -up) is not None
    assert neighbour(volume_of((1, 40, 30)), SlicePlane((0, 0, 0), *AXIAL), 1) is None


@given(st.integers(-5, 5), st.floats(-1.4, 1.4), st.floats(-1.4, 1.4))
@settings(max_examples=40)
def test_steps_between_layers_are_whole_wherever_in_them_the_planes_lie(count, beside, other):
    volume = volume_of((40, 40, 30))
    plane = SlicePlane((0.0, 0.0, 1.5 + beside), *AXIAL)
    target = SlicePlane(plane.normal * 3.0 * count + (0.0, 0.0, 1.5 + other), *AXIAL)
    assert steps_between(volume, plane, target) == count
    assert steps_between(volume, target, plane) == -count


def test_steps_to_a_neighbour_are_those_that_were_taken():
    volume = volume_of()
    plane = SlicePlane((0.0, 0.0, 0.3), *TILTED)
    for count in (1, 4):
        assert steps_between(volume, plane, neighbour(volume, plane, -1, count)) == pytest.approx(
            -count
        )


@pytest.mark.parametrize(
    "directions", [SAGITTAL, TILTED, ((1, 0, 0), (0, -1, 0)), ((0, -1, 0), (-1, 0, 0))]
)
def test_slices_of_another_orientation_or_turned_have_no_steps_between(directions):
    volume = volume_of()
    plane = SlicePlane((0.0, 0.0, 1.5), *AXIAL)
    assert steps_between(volume, plane, SlicePlane((0.0, 0.0, 4.5), *directions)) is None


@pytest.mark.parametrize("directions", [AXIAL, SAGITTAL, TILTED])
@pytest.mark.parametrize("shear", [0.0, 0.4, -0.7])
def test_a_carried_mask_lies_straight_across_in_space(directions, shear):
    volume = volume_of((20, 60, 50), shear=shear)
    plane = SlicePlane((0.2, 0.1, 0.4), *directions)
    there = neighbour(volume, plane, 1, 2)
    source, target = slice_grid(volume, plane), slice_grid(volume, there)
    rows, columns = np.indices(source.shape)
    middle = (np.array(source.shape) - 1) / 2.0
    mask = np.hypot(rows - middle[0], columns - middle[1]) < 0.3 * min(source.shape)
    centres = []
    for each, grid in ((mask, source), (carried(mask, source, target), target)):
        at = np.argwhere(each).mean(axis=0)
        centres.append(apply(grid.local_ras_from_image_uv, (at[1], at[0], 0.0)))
    across = centres[1] - centres[0]
    across -= plane.normal * (plane.normal @ across)
    assert np.abs(across).max() < 0.51 * source.pixel_mm
    assert carried(mask, source, target).sum() == pytest.approx(mask.sum(), rel=0.05)


def test_a_shift_moves_the_mask_and_nothing_comes_in_from_outside():
    volume = volume_of((12, 40, 40), (1.0, 1.0, 3.0))
    grid = slice_grid(volume, SlicePlane((0.0, 0.0, 1.5), *AXIAL))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[30:, 5:9] = True
    moved = carried(mask, grid, grid, (3, -4))
    expected = np.zeros_like(mask)
    expected[26:36, 8:12] = True
    assert np.array_equal(moved, expected)


def test_pixels_go_on_beyond_the_edge():
    volume = volume_of((12, 40, 40), (1.0, 1.0, 3.0))
    grid = slice_grid(volume, SlicePlane((0.0, 0.0, 1.5), *AXIAL))
    pixels = np.arange(1600, dtype=np.uint16).reshape(grid.shape)
    moved = carried(pixels, grid, grid, (2, 0))
    assert np.array_equal(moved[:, 2:], pixels[:, :-2])
    assert np.array_equal(moved[:, 0], pixels[:, 0])
