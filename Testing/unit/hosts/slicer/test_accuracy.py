"""How far the gaze is off, from looks at known targets."""

import math

import numpy as np
import pytest

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.accuracy import measured_accuracy, targets

DISPLAY = DisplayGeometry(0, 0, 1920, 1080, 531, 299, 650)


def looks(offset_deg=(0.0, 0.0), noise_deg=0.0, count=5, samples=200):
    """Looks at all targets, off by `offset_deg` and noisy."""
    rng = np.random.default_rng(0)
    made = []
    for target in targets(count):
        x_deg, y_deg = DISPLAY.degrees_from_display(target)
        gaze = rng.normal((x_deg + offset_deg[0], y_deg + offset_deg[1]), noise_deg, (samples, 2))
        made.append((target, [DISPLAY.display_from_degrees(*point) for point in gaze]))
    return made


@pytest.mark.parametrize("count", [5, 9])
def test_targets_are_apart_and_on_the_display(count):
    places = {tuple(target) for target in targets(count)}
    assert len(places) == count
    assert all(target.on_display for target in targets(count))


def test_a_shifted_gaze_gives_its_shift():
    accuracy = measured_accuracy(looks((0.6, -0.8)), DISPLAY)
    assert accuracy.error_deg == pytest.approx(1.0)
    assert accuracy.offset_deg == pytest.approx((0.6, -0.8))
    assert accuracy.precision_rms_deg == pytest.approx(0.0, abs=1e-9)


def test_scatter_is_told_apart_from_the_error():
    accuracy = measured_accuracy(looks(noise_deg=0.3), DISPLAY)
    # Steps between independent points: sqrt(2) an axis, two axes.
    assert accuracy.precision_rms_deg == pytest.approx(0.3 * math.sqrt(4.0), rel=0.05)
    assert accuracy.error_deg < 0.05


def test_targets_without_a_valid_gaze_do_not_count():
    seen = looks((0.5, 0.0))
    seen[2] = (seen[2][0], [DisplayPoint(0.9, 0.9)] * 3)
    assert measured_accuracy(seen, DISPLAY).error_deg == pytest.approx(0.5)


def test_no_valid_gaze_at_all_is_told():
    with pytest.raises(RecordingError, match="saw no eyes"):
        measured_accuracy([(target, []) for target in targets(5)], DISPLAY)
