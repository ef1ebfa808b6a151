"""Dashes lie on their line, equally long, and leave equal gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.geometry.dashes import dashes

SQUARE = np.array(((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0), (0.0, 0.0)))


def length(line: np.ndarray) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def test_they_cover_their_share_of_a_closed_line() -> None:
    found = dashes(SQUARE, 6.0, 4.0)
    assert len(found) == 16
    assert [length(dash) for dash in found] == pytest.approx([6.0] * 16)


def test_a_dash_goes_around_a_corner() -> None:
    found = dashes(SQUARE, 35.0, 5.0)
    around = [dash for dash in dashes(np.roll(SQUARE[:-1], 1, axis=0), 60.0, 20.0) if len(dash) > 2]
    assert len(found) == 4
    assert any((dash[1:-1] == (40.0, 0.0)).all(axis=1).any() for dash in around)


def test_a_line_without_length_stays() -> None:
    (found,) = dashes(np.array(((3.0, 4.0), (3.0, 4.0))))
    np.testing.assert_array_equal(found, ((3.0, 4.0), (3.0, 4.0)))


@given(
    points=st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=2, max_size=12),
    dash=st.floats(1.0, 30.0),
    gap=st.floats(1.0, 30.0),
)
def test_they_lie_on_any_line_in_order(points, dash, gap) -> None:
    line = np.array(points)
    whole = length(line)
    if whole < 1e-3:
        return
    found = dashes(line, dash, gap)
    share = dash / (dash + gap)
    assert sum(map(length, found)) == pytest.approx(share * whole, rel=1e-6, abs=1e-6)
    assert all(each[0] == pytest.approx(at) for each, at in ((found[0], line[0]),))
    corners, steps = line[:-1], np.diff(line, axis=0)
    for tip in np.array([tip for each in found for tip in (each[0], each[-1])]):
        along = np.einsum("ij,ij->i", tip - corners, steps)
        squares = np.maximum(np.einsum("ij,ij->i", steps, steps), 1e-12)
        nearest = corners + np.clip(along / squares, 0.0, 1.0)[:, None] * steps
        assert np.hypot(*(tip - nearest).T).min() < 1e-5
