"""Accuracy, precision and data loss, from errors that are known."""

import math

import numpy as np
import pytest

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.signals.accuracy import NINE_TARGETS, gaze_at_targets, measure
from Testing.simulated_gaze import DISPLAY, binocular, blind

MS = 10**6
EACH_MS = 1500


def check(
    offset_deg: tuple[float, float] = (0.0, 0.0),
    noise_sd_deg: float = 0.0,
    lost: float = 0.0,
    rate_hz: float = 250.0,
) -> tuple[list[GazeSample], list[Event]]:
    """Nine marks of 1.5 s; the eye arrives after 300 ms."""
    random = np.random.default_rng(5)
    samples, events, t_ms, eye_deg = [], [], 0.0, (0.0, 0.0)
    for number, target in enumerate(NINE_TARGETS):
        start_ns = number * EACH_MS * MS
        details = {"x_display": target.x, "y_display": target.y}
        events.append(Event(start_ns, EventKind.TARGET, details))
        target_deg = DISPLAY.degrees_from_display(target)
        while t_ms < (number + 1) * EACH_MS:
            if t_ms - number * EACH_MS > 300.0:
                eye_deg = target_deg
            if random.random() < lost:
                samples.append(blind(round(t_ms * MS)))
            else:
                x_deg, y_deg = np.array(eye_deg) + offset_deg + random.normal(0, noise_sd_deg, 2)
                samples.append(binocular(round(t_ms * MS), x_deg, y_deg))
            t_ms += 1e3 / rate_hz
    events.append(Event(9 * EACH_MS * MS, EventKind.TARGET, {"visible": False}))
    return samples, events


def measured(samples, events):
    return measure(gaze_at_targets(samples, events, DISPLAY), DISPLAY)


def test_a_perfect_tracker_has_no_error() -> None:
    found = measured(*check())
    assert len(found.targets) == 9
    assert found.accuracy_deg == pytest.approx(0.0, abs=1e-9)
    assert found.precision_rms_deg == pytest.approx(0.0, abs=1e-9)
    assert found.data_loss == 0.0


def test_an_offset_is_the_accuracy_in_degrees_and_pixels() -> None:
    found = measured(*check(offset_deg=(0.6, -0.8)))
    assert found.offset_deg == pytest.approx((0.6, -0.8))
    assert found.accuracy_deg == pytest.approx(1.0)
    assert found.worst_deg == pytest.approx(1.0)
    middle = found.targets[4]
    # 650 mm away, 3.616 px a mm: one degree at the centre is 41 px.
    assert middle.accuracy_px == pytest.approx(41.0, abs=0.5)
    assert middle.offset_px[1] < 0.0 < middle.offset_px[0]


@pytest.mark.parametrize("noise_sd_deg", [0.05, 0.3])
def test_precision_is_that_of_the_noise(noise_sd_deg: float) -> None:
    found = measured(*check(noise_sd_deg=noise_sd_deg))
    # White noise of one standard deviation an axis: SD over both, and the step of two samples.
    assert found.precision_sd_deg == pytest.approx(noise_sd_deg * math.sqrt(2.0), rel=0.05)
    assert found.precision_rms_deg == pytest.approx(noise_sd_deg * 2.0, rel=0.05)


def test_data_loss_is_the_share_of_lost_samples() -> None:
    assert measured(*check(lost=0.2)).data_loss == pytest.approx(0.2, abs=0.02)


def test_what_comes_before_the_eye_settles_does_not_count() -> None:
    samples, events = check()
    gazes = gaze_at_targets(samples, events, DISPLAY)
    assert all(np.ptp(gaze.points_deg, axis=0).max() < 1e-9 for gaze in gazes)
    assert {gaze.sample_count for gaze in gazes} == {175}  # 700 ms at 250 Hz


def test_a_mark_without_gaze_is_told_and_left_out() -> None:
    samples, events = check()
    blinded = [
        blind(sample.t_ns) if 2 * EACH_MS * MS <= sample.t_ns < 3 * EACH_MS * MS else sample
        for sample in samples
    ]
    found = measured(blinded, events)
    assert (len(found.targets), found.unusable) == (8, 1)
    assert found.data_loss == pytest.approx(1.0 / 9.0)
    assert math.isfinite(found.accuracy_deg)


def test_without_gaze_or_marks_there_is_no_result() -> None:
    samples, events = check()
    for some, told in (([], events), (samples, [])):
        with pytest.raises(RecordingError, match="no gaze at any target"):
            measured(some, told)


@pytest.mark.parametrize("details", [{}, {"x_display": 0.5}, {"x_display": "a", "y_display": 0.5}])
def test_a_target_without_a_place_is_refused(details: dict) -> None:
    with pytest.raises(RecordingError, match="where"):
        gaze_at_targets([], [Event(0, EventKind.TARGET, details)], DISPLAY)


def test_the_nine_marks_are_spread_over_the_display() -> None:
    assert len(set(NINE_TARGETS)) == 9
    assert NINE_TARGETS[0] == DisplayPoint(0.1, 0.1)
    assert NINE_TARGETS[-1] == DisplayPoint(0.9, 0.9)
