import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.signals.validity import merged_eyes


def eye(x: float, y: float, valid: bool = True) -> EyeSample:
    return EyeSample(DisplayPoint(x, y), valid)


def test_two_good_eyes_give_their_mean():
    sample = GazeSample(0, eye(0.2, 0.4), eye(0.4, 0.8))
    assert tuple(merged_eyes(sample)) == pytest.approx((0.3, 0.6))


@pytest.mark.parametrize(
    "lost",
    [None, eye(0.9, 0.9, valid=False), eye(math.nan, 0.9), eye(0.9, math.inf)],
    ids=["absent", "invalid", "nan", "infinite"],
)
def test_one_good_eye_counts_alone(lost: EyeSample | None):
    assert merged_eyes(GazeSample(0, eye(0.2, 0.4), lost)) == DisplayPoint(0.2, 0.4)
    assert merged_eyes(GazeSample(0, lost, eye(0.2, 0.4))) == DisplayPoint(0.2, 0.4)
    assert merged_eyes(GazeSample(0, lost, lost)) is None


def test_a_combined_point_delivered_as_both_eyes_stays_exact():
    combined = eye(0.1, 0.7)
    assert merged_eyes(GazeSample(0, combined, combined)) == DisplayPoint(0.1, 0.7)


@given(*[st.floats()] * 4, st.booleans(), st.booleans())
def test_the_result_is_finite_or_nothing(left_x, left_y, right_x, right_y, left_ok, right_ok):
    sample = GazeSample(0, eye(left_x, left_y, left_ok), eye(right_x, right_y, right_ok))
    point = merged_eyes(sample)
    assert point is None or all(map(math.isfinite, point))
