import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.gaze.sample_table import SampleTable

NUMBERS = st.floats(allow_nan=False)
TIMES = st.integers(-(2**63) + 1, 2**63 - 1)
EYES = st.none() | st.builds(
    EyeSample, st.builds(DisplayPoint, NUMBERS, NUMBERS), st.booleans(), st.none() | NUMBERS
)


@given(st.lists(st.builds(GazeSample, TIMES, EYES, EYES, st.none() | TIMES), max_size=8))
def test_samples_come_back_as_they_were(samples: list[GazeSample]):
    table = SampleTable(samples)
    assert list(table) == samples
    assert len(table) == len(samples)


def test_it_is_indexed_like_a_list(some_samples: list[GazeSample]):
    table = SampleTable(some_samples)
    assert table[0] == some_samples[0]
    assert repr(table[-1]) == repr(some_samples[-1])
    assert repr(list(table[2:9:3])) == repr(some_samples[2:9:3])
    with pytest.raises(IndexError):
        table[len(some_samples)]


def test_a_lost_eye_and_an_eye_not_delivered_stay_different():
    lost = EyeSample(DisplayPoint(math.nan, math.nan), False)
    sample = SampleTable([GazeSample(0, lost, None)])[0]
    assert sample.right is None
    assert sample.left is not None
    assert not sample.left.valid
    assert math.isnan(sample.left.point_display.x)
