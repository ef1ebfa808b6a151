import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.slice_image import to_8bit


def test_the_window_s_ends_are_black_and_white():
    values = np.float32([-2000.0, -160.0, -159.0, 40.0, 239.0, 240.0, 3000.0])

    # Slicer's abdomen window; 0 and 255 at its ends, truncated between.
    assert to_8bit(values, 400.0, 40.0).tolist() == [0, 0, 0, 127, 254, 255, 255]


def test_what_lies_outside_the_scan_is_black():
    values = np.float32([np.nan, np.inf, -np.inf, 500.0])

    assert to_8bit(values, 100.0, 500.0).tolist() == [0, 255, 0, 127]


def test_the_image_keeps_its_shape():
    pixels = to_8bit(np.zeros((3, 5), dtype=np.float32), 10.0, 0.0)

    assert pixels.shape == (3, 5)
    assert pixels.dtype == np.uint8


@given(
    st.lists(st.floats(-4000.0, 4000.0, width=32), min_size=2, max_size=20),
    st.floats(1.0, 5000.0),
    st.floats(-1000.0, 1000.0),
)
def test_brighter_voxels_are_never_darker(values, window, level):
    pixels = to_8bit(np.sort(np.float32(values)), window, level)

    assert (np.diff(pixels.astype(int)) >= 0).all()


@given(st.floats(1.0, 5000.0), st.floats(-1000.0, 1000.0), st.floats(-4000.0, 4000.0, width=32))
def test_a_value_is_at_most_one_step_from_the_exact_line(window, level, value):
    exact = min(max((value - (level - window / 2.0)) / window * 255.0, 0.0), 255.0)

    pixel = int(to_8bit(np.float32([value]), window, level)[0])

    assert exact - 1.01 <= pixel <= exact + 0.01


@pytest.mark.parametrize(
    ("window", "level"), [(0.0, 0.0), (-100.0, 40.0), (np.nan, 40.0), (400.0, np.inf)]
)
def test_a_window_that_shows_nothing_is_refused(window, level):
    with pytest.raises(GeometryError, match="window must be positive and level finite"):
        to_8bit(np.zeros((2, 2), dtype=np.float32), window, level)
