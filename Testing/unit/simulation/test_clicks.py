"""Clicks go where the literature puts them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS
from GazeSAMLib.simulation.clicks import dice, inner_points, innermost, next_click, other_side


def box(top: int, left: int, height: int, width: int, shape=(40, 50)) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def test_dice_of_boxes_by_hand() -> None:
    truth = box(10, 10, 10, 10)
    assert dice(truth, truth) == 1.0
    assert dice(box(10, 15, 10, 10), truth) == 0.5
    assert dice(box(10, 10, 10, 5), truth) == pytest.approx(2 / 3)
    assert dice(box(30, 30, 5, 5), truth) == 0.0
    assert dice(~truth & truth, truth) == 0.0
    assert dice(~truth & truth, ~truth & truth) == 1.0


def test_the_innermost_point_of_a_box_is_its_middle() -> None:
    point, radius_px = innermost(box(10, 20, 7, 9))
    assert point.v == 13.0
    assert 23.0 <= point.u <= 25.0
    assert radius_px == 4.0


def test_the_image_s_edge_is_outside() -> None:
    point, radius_px = innermost(box(0, 0, 5, 50))
    assert point.v == 2.0
    assert radius_px == 3.0


def test_nothing_has_no_inside() -> None:
    empty = np.zeros((5, 5), dtype=bool)
    assert innermost(empty)[1] == 0.0
    assert inner_points(empty, 0.5).shape == (0, 2)
    assert next_click(empty, empty) is None


@given(st.integers(0, 2**32 - 1))
def test_the_innermost_point_is_that_of_the_whole_image_s_distance_transform(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(30, 40))
    mask = ndimage.gaussian_filter(noise, 2.0) > 0.05
    distances = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    point, radius_px = innermost(mask)
    assert radius_px == pytest.approx(distances.max())
    if mask.any():
        assert distances[int(point.v), int(point.u)] == pytest.approx(distances.max())
        inner = inner_points(mask, 0.6).astype(int)
        expected = np.argwhere(distances >= 0.6 * distances.max())
        assert {tuple(p) for p in inner[:, ::-1]} == {tuple(p) for p in expected}


def test_the_next_click_adds_where_more_is_missing_than_leaks() -> None:
    truth = box(5, 5, 20, 20)
    click = next_click(box(5, 5, 20, 8) | box(30, 30, 3, 3), truth)
    assert click is not None
    assert click.label == ADD
    assert truth[int(click.point_image_uv.v), int(click.point_image_uv.u)]
    assert click.point_image_uv.u > 12


def test_the_next_click_says_not_this_where_more_leaks_than_is_missing() -> None:
    truth = box(5, 5, 20, 20)
    click = next_click(truth | box(5, 30, 20, 15), truth)
    assert click is not None
    assert click.label == NOT_THIS
    assert click.point_image_uv == ImagePoint(37.0, 14.0) or 30 <= click.point_image_uv.u < 45


def test_a_right_result_needs_no_click() -> None:
    assert next_click(box(3, 3, 9, 9), box(3, 3, 9, 9)) is None


def test_the_other_side_is_as_far_from_the_aim_as_the_outline() -> None:
    shown = box(10, 30, 10, 10)
    assert other_side(ImagePoint(25.0, 15.0), shown, 100.0) == ImagePoint(20.0, 15.0)
    assert other_side(ImagePoint(25.0, 15.0), shown, 2.0) == ImagePoint(23.0, 15.0)
    aim = ImagePoint(3.0, 4.0)
    assert other_side(aim, np.zeros((9, 9), dtype=bool), 5.0) == aim
