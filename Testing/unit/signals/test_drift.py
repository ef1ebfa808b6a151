import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import GazePoint

DEGREES = st.floats(-40.0, 40.0)
COEFFICIENT = st.floats(-2.0, 2.0)


def test_without_numbers_nothing_changes():
    point = GazePoint(5, 1.25, -3.5)
    assert DriftCorrection().is_identity
    assert DriftCorrection().correct(point) == point


def test_an_offset_is_the_measured_minus_the_true_gaze():
    corrected = DriftCorrection(offset_deg=(0.5, -1.0)).correct(GazePoint(5, 2.5, 2.0))
    assert corrected == GazePoint(5, 2.0, 3.0)


@given(DEGREES, DEGREES, DEGREES, DEGREES, *[COEFFICIENT] * 4, DEGREES, DEGREES)
def test_the_map_equals_its_matrix_form(x, y, offset_x, offset_y, xx, xy, yx, yy, x0, y0):
    if xx * yy == xy * yx:
        return
    correction = DriftCorrection((offset_x, offset_y), ((xx, xy, x0), (yx, yy, y0)))
    expected = np.array([[xx, xy, x0], [yx, yy, y0]]) @ [x - offset_x, y - offset_y, 1.0]
    corrected = correction.correct(GazePoint(7, x, y))
    assert corrected.t_ns == 7
    assert (corrected.x_deg, corrected.y_deg) == pytest.approx(tuple(expected), abs=1e-9)


@pytest.mark.parametrize(
    ("offset", "affine"),
    [
        ((math.nan, 0.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))),
        ((0.0, 0.0), ((1.0, 0.0, math.inf), (0.0, 1.0, 0.0))),
        ((0.0, 0.0), ((1.0, 2.0, 0.0), (2.0, 4.0, 0.0))),
        ((0.0, 0.0), ((1.0, 0.0), (0.0, 1.0))),
        ((0.0, 0.0, 0.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))),
        ((0.0, 0.0), ((1.0, 0.0, 0.0),)),
    ],
    ids=["nan", "infinite", "singular", "2x2", "3-offset", "1x3"],
)
def test_numbers_that_describe_no_correction_are_refused(offset, affine):
    with pytest.raises(GeometryError):
        DriftCorrection(offset, affine)


def test_a_correction_survives_its_details() -> None:
    drift = DriftCorrection((0.3, -0.1), ((1.05, 0.02, 0.1), (-0.03, 0.96, -0.2)))
    assert DriftCorrection.from_details(json.loads(json.dumps(drift.to_details()))) == drift
    assert DriftCorrection.from_details({"offset_deg": [1, 2]}) == DriftCorrection((1.0, 2.0))


@pytest.mark.parametrize(
    "details",
    [
        {}, {"offset_deg": 1}, {"offset_deg": [1]}, {"offset_deg": [1, "a"]},
        {"offset_deg": [float("nan"), 0]}, {"offset_deg": [0, 0], "affine_deg": [[1, 0, 0]]},
        {"offset_deg": [0, 0], "affine_deg": [[1, 0, 0], [1, 0, 0]]}, {"offset_deg": [10**400, 0]},
    ],
)  # fmt: skip
def test_details_that_tell_of_no_correction_are_refused(details) -> None:
    with pytest.raises(GeometryError):
        DriftCorrection.from_details(details)


def test_a_correction_told_about_another_offset_is_the_same() -> None:
    drift = DriftCorrection((0.3, -0.1), ((1.05, 0.02, 0.1), (-0.03, 0.96, -0.2)))
    told = drift.told_about((2.0, 1.0))
    assert told.offset_deg == (2.0, 1.0)
    for at_deg in ((0.0, 0.0), (5.0, -7.0)):
        one, other = (each.correct(GazePoint(0, *at_deg)) for each in (drift, told))
        assert (one.x_deg, one.y_deg) == pytest.approx((other.x_deg, other.y_deg))
