import dataclasses

import pytest

from GazeSAMLib import frames
from GazeSAMLib.frames import DisplayPoint, IjkPoint, ImagePoint, LocalRasPoint, RasPoint

POINT_TYPES = [
    frames.DisplayPoint,
    frames.ScreenPoint,
    frames.ViewPoint,
    frames.RasPoint,
    frames.LocalRasPoint,
    frames.IjkPoint,
    frames.ImagePoint,
]


@pytest.mark.parametrize("point_type", POINT_TYPES)
def test_a_point_unpacks_into_its_coordinates_in_order(point_type):
    coordinates = [1.5, -2.5, 3.5][: len(dataclasses.fields(point_type))]

    assert list(point_type(*coordinates)) == coordinates


@pytest.mark.parametrize("point_type", POINT_TYPES)
def test_a_point_cannot_be_changed(point_type):
    fields = dataclasses.fields(point_type)
    point = point_type(*range(len(fields)))

    for field in fields:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(point, field.name, 7.0)


def test_points_of_different_frames_are_never_equal():
    assert RasPoint(1.0, 2.0, 3.0) == RasPoint(1.0, 2.0, 3.0)
    assert RasPoint(1.0, 2.0, 3.0) != LocalRasPoint(1.0, 2.0, 3.0)
    assert LocalRasPoint(1.0, 2.0, 3.0) != IjkPoint(1.0, 2.0, 3.0)
    assert DisplayPoint(0.5, 0.5) != ImagePoint(0.5, 0.5)


@pytest.mark.parametrize(
    ("x", "y", "on_display"),
    [
        (0.0, 0.0, True),
        (1.0, 1.0, True),
        (0.3, 0.9, True),
        (-1e-9, 0.5, False),
        (0.5, 1.0 + 1e-9, False),
        (float("nan"), 0.5, False),
        (0.5, float("inf"), False),
    ],
)
def test_a_look_beside_the_display_is_not_on_it(x, y, on_display):
    assert DisplayPoint(x, y).on_display is on_display
