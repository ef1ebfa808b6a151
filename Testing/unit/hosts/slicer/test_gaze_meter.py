"""Rate, valid share and scatter of the gaze as it comes."""

import numpy as np
import pytest

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.gaze_meter import GazeMeter

DISPLAY = DisplayGeometry(0, 0, 1920, 1080, 531, 299, 650)


def sample(t_ns, valid=True, x=0.5, y=0.5):
    eye = EyeSample(DisplayPoint(x, y), valid)
    return GazeSample(t_ns, eye, eye)


def test_nothing_was_measured_before_the_first_sample():
    meter = GazeMeter(DISPLAY)
    assert (meter.rate_hz, meter.valid_share) == (0.0, 0.0)


@pytest.mark.parametrize("rate_hz", [60, 250, 1200])
def test_the_rate_is_that_of_the_tracker(rate_hz):
    meter = GazeMeter(DISPLAY)
    for number in range(5 * rate_hz):
        meter.add(sample(round(number * 1e9 / rate_hz)))
    assert meter.rate_hz == pytest.approx(rate_hz, rel=0.01)


def test_closed_eyes_count_in_the_share_of_the_last_two_seconds_only():
    meter = GazeMeter(DISPLAY)
    for number in range(300):
        meter.add(sample(number * 10_000_000, valid=number % 4 > 0))
    assert meter.valid_share == pytest.approx(0.75, abs=0.01)
    for number in range(300, 600):
        meter.add(sample(number * 10_000_000))
    assert meter.valid_share == 1.0


def test_a_source_that_falls_silent_has_no_rate():
    meter = GazeMeter(DISPLAY)
    for number in range(200):
        meter.add(sample(number * 10_000_000))
    meter.expire(10_000_000_000)
    assert meter.rate_hz == 0.0


def test_scatter_is_the_root_mean_square_step_in_degrees():
    meter = GazeMeter(DISPLAY)
    rng = np.random.default_rng(0)
    for number in range(400):
        x_deg, y_deg = rng.normal(0.0, 0.2, 2)
        point = DISPLAY.display_from_degrees(x_deg, y_deg)
        meter.add(sample(number * 4_000_000, x=point.x, y=point.y))
    assert meter.precision_deg == pytest.approx(0.4, rel=0.15)
