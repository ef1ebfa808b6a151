"""Which slices are embedded ahead, in which order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.engines.look_ahead import ViewAhead, count_ahead, planes_ahead, view_ahead
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from Testing.phantom import AXIAL, OBLIQUE, VOLUME

SAGITTAL = SlicePlane((60.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))


def steps(view):
    """How far each plane lies from that of the view, in steps."""
    return [
        round(float((p.origin_local_ras - view.plane.origin_local_ras) @ view.plane.normal)
              / view.step_mm)
        for p in planes_ahead([view])
    ]  # fmt: skip


def test_neighbours_come_outward_and_in_the_direction_of_scrolling_first():
    assert steps(ViewAhead(AXIAL, 3.0, 2, 4)) == [0, 1, -1, 2, -2, 3, 4]
    assert steps(ViewAhead(AXIAL, 3.0, 2, 5, 1)) == [0, 1, 2, 3, -1, 4, 5, -2]
    assert steps(ViewAhead(AXIAL, 3.0, 5, 2, -1)) == [0, -1, -2, -3, 1, -4, -5, 2]
    assert steps(ViewAhead(AXIAL, 3.0, 0, 0)) == [0]


def test_views_take_turns_beginning_with_what_is_on_screen():
    views = [ViewAhead(AXIAL, 3.0, 1, 1), ViewAhead(SAGITTAL, 2.0, 0, 3)]
    normals = [tuple(p.normal) for p in planes_ahead(views)]
    axial, sagittal = tuple(AXIAL.normal), tuple(SAGITTAL.normal)
    assert normals == [axial, sagittal, axial, sagittal, axial, sagittal, sagittal]


@given(st.integers(0, 20), st.integers(0, 20), st.integers(-1, 1))
def test_each_neighbour_comes_once(before, after, direction):
    view = ViewAhead(OBLIQUE, 1.5, before, after, direction)
    assert sorted(steps(view)) == list(range(-before, after + 1))
    assert count_ahead([view, view]) == 2 * (1 + before + after)


@pytest.mark.parametrize("plane", [AXIAL, SAGITTAL], ids=["axial", "sagittal"])
def test_a_views_neighbours_are_all_slices_of_the_scan_once(plane):
    layers = [slice_grid(VOLUME, each) for each in planes_ahead([view_ahead(VOLUME, plane)])]
    indices = [grid.layer.index for grid in layers if grid is not None]
    axis = layers[0].layer.w_axis
    assert sorted(indices) == list(range(VOLUME.shape_ijk[axis]))


def test_an_oblique_view_steps_as_slicer_does():
    view = view_ahead(VOLUME, OBLIQUE)
    spacing = np.abs(OBLIQUE.normal @ VOLUME.axes_mm.sum(axis=1))
    assert view.step_mm == pytest.approx(spacing)
    shown = [slice_grid(VOLUME, plane) for plane in planes_ahead([view])]
    assert sum(grid is not None for grid in shown) >= len(shown) - 2
    beyond = [ViewAhead(OBLIQUE, view.step_mm, view.before + 1, view.after + 1)]
    ends = list(planes_ahead(beyond))[-2:]
    assert [slice_grid(VOLUME, plane) for plane in ends].count(None) >= 1


def test_a_view_that_cancels_the_axes_still_steps():
    cube = VolumeGeometry((9, 9, 9), np.eye(4))
    plane = SlicePlane((4.0, 4.0, 4.0), (0.0, 0.0, 1.0), (1.0, 1.0, 0.0))
    assert view_ahead(cube, plane).step_mm == 1.0


def test_beside_the_scan_there_may_be_neighbours_on_one_side():
    view = view_ahead(VOLUME, SlicePlane((0.0, 0.0, 90.0), (-1, 0, 0), (0, -1, 0)))
    assert {view.before, view.after} == {0, 30}
