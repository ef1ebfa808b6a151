"""The display of a scan whose file does not say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from GazeSAMLib.scans.window import default_window


def test_ct_is_shown_as_soft_tissue():
    assert default_window(np.array([-1000, 0, 50, 1000], np.int16), "CT") == (400.0, 40.0)


def test_values_like_hounsfield_units_are_taken_for_ct():
    assert default_window(np.array([-1024, 0, 50, 1000], np.int16)) == (400.0, 40.0)
    assert default_window(np.array([-1024, 0, 50, 1000], np.int16), "MR") != (400.0, 40.0)


def test_ct_of_one_sign_is_shown_by_its_own_range():
    window, level = default_window(np.arange(1000, 2001, dtype=np.int16), "CT")
    assert (window, level) == (pytest.approx(980.0), pytest.approx(1500.0))


def test_outliers_do_not_widen_the_window():
    values = np.concatenate((np.linspace(0.0, 100.0, 1000), [1e6]))
    window, level = default_window(values)
    assert window == pytest.approx(98.0, abs=1.0)
    assert level == pytest.approx(50.0, abs=1.0)


def test_a_large_scan_is_sampled_evenly():
    """Every column counts, also where the sampling step divides the row length."""
    values = np.zeros((20, 500, 500), np.int16)  # five times what is sampled
    values[:, :, 1::5] = 100
    window, _ = default_window(values)
    assert window == 100.0


@given(
    arrays(
        np.float32,
        st.tuples(*[st.integers(1, 4)] * 3),
        elements=st.floats(-(2.0**100), 2.0**100, width=32),
    )
)
def test_the_window_is_positive_and_finite(values):
    window, level = default_window(values)
    assert 0.0 < window < np.inf
    assert np.isfinite(level)
