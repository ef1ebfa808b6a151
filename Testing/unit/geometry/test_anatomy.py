"""Names of planes, positions and directions, against nibabel's."""

import nibabel
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from GazeSAMLib.geometry.anatomy import (
    axes_letters,
    direction_letters,
    plane_name,
    reading_order,
    slice_position,
)
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry

RIGHT_TO_LEFT, FRONT_TO_BACK, HEAD_TO_FEET = (-1, 0, 0), (0, -1, 0), (0, 0, -1)
VOLUME = VolumeGeometry((40, 60, 50), np.diag((1.0, 1.0, 2.0, 1.0)))


@pytest.mark.parametrize(
    ("row", "column", "name"),
    [
        (RIGHT_TO_LEFT, FRONT_TO_BACK, "axial"),
        (RIGHT_TO_LEFT, HEAD_TO_FEET, "coronal"),
        ((0, -1, 0), HEAD_TO_FEET, "sagittal"),
    ],
)
def test_the_three_planes_have_their_names(row, column, name) -> None:
    assert plane_name(SlicePlane((0, 0, 0), row, column)) == name


@pytest.mark.parametrize("tilt_deg", [5.0, 19.0, 44.0])
def test_a_tilted_plane_says_by_how_much(tilt_deg) -> None:
    turn = Rotation.from_euler("x", tilt_deg, degrees=True)
    plane = SlicePlane((0, 0, 0), turn.apply(RIGHT_TO_LEFT), turn.apply(FRONT_TO_BACK))
    assert plane_name(plane) == f"axial, tilted {tilt_deg:.0f}°"


@pytest.mark.parametrize(("s_mm", "told"), [(28.0, "S 28.0 mm"), (-6.0, "I 6.0 mm")])
def test_a_position_is_told_from_the_patient(s_mm, told) -> None:
    volume = VolumeGeometry(
        (40, 60, 50), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, -40], [0, 0, 0, 1]]
    )
    plane = SlicePlane((0, 0, s_mm), RIGHT_TO_LEFT, FRONT_TO_BACK)
    grid = slice_grid(volume, plane)
    assert slice_position(grid, plane) == told


def test_a_leaning_direction_has_two_letters() -> None:
    assert direction_letters(np.array((0.8, -0.6, 0.0))) == "RP"
    assert direction_letters(np.array((0.99, -0.14, 0.0))) == "R"


@given(angles=st.tuples(*[st.floats(-30.0, 30.0)] * 3), order=st.permutations(range(3)))
def test_axes_are_named_as_nibabel_names_them(angles, order) -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()[:, order]
    nearest = np.abs(matrix[:3, :3]).argmax(axis=0)
    assume(len(set(nearest)) == 3)  # else two axes lean to one side and there is no one answer
    assert axes_letters(matrix) == "".join(nibabel.aff2axcodes(matrix))


def test_slices_are_read_from_the_head_down_and_axial_ones_first() -> None:
    volume = VolumeGeometry((40, 60, 50), np.diag((1.0, 1.0, 2.0, 1.0)))
    planes = [
        SlicePlane((0, 30, 0), RIGHT_TO_LEFT, HEAD_TO_FEET),
        SlicePlane((0, 0, 10), RIGHT_TO_LEFT, FRONT_TO_BACK),
        SlicePlane((0, 0, 60), RIGHT_TO_LEFT, FRONT_TO_BACK),
        SlicePlane((0, 50, 0), RIGHT_TO_LEFT, HEAD_TO_FEET),
    ]
    planes.sort(key=lambda plane: reading_order(slice_grid(volume, plane), plane))
    assert [slice_position(slice_grid(volume, plane), plane) for plane in planes] == [
        "S 60.0 mm",
        "S 10.0 mm",
        "A 50.0 mm",
        "A 30.0 mm",
    ]
