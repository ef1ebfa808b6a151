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
