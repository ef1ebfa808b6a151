"""What an accuracy check in Slicer says, and the correction that it gives."""

import math

import numpy as np
import pytest

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.accuracy import CheckResult, checked, target_gaze, targets
from GazeSAMLib.signals.accuracy import TargetGaze
from GazeSAMLib.signals.types import GazePoint

DISPLAY = DisplayGeometry(0, 0, 1920, 1080, 531, 299, 650)


def looks(
    offset_deg=(0.0, 0.0), noise_deg=0.0, count=5, samples=200, affine=((1.0, 0.0), (0.0, 1.0))
) -> list[TargetGaze]:
    """Looks at all targets by a tracker that turns, stretches and shifts the gaze."""
    rng = np.random.default_rng(0)
    made = []
    for target in targets(count):
        true_deg = np.array(DISPLAY.degrees_from_display(target))
        middle_deg = np.array(affine) @ true_deg + offset_deg
        gaze = rng.normal(middle_deg, noise_deg, (samples, 2))
        points = [DISPLAY.display_from_degrees(*point) for point in gaze]
        made.append(target_gaze(target, points, DISPLAY))
    return made


@pytest.mark.parametrize("count", [5, 9])
def test_targets_are_apart_and_on_the_display(count):
    places = {tuple(target) for target in targets(count)}
    assert len(places) == count
    assert all(target.on_display for target in targets(count))


@pytest.mark.parametrize("count", [5, 9])
def test_a_shifted_gaze_gives_its_shift(count):
    check = checked(looks((0.6, -0.8), count=count), DISPLAY)
    result, drift = check.result, check.drift
    assert result.error_deg == pytest.approx(1.0)
    assert result.offset_deg == pytest.approx((0.6, -0.8))
    assert result.precision_rms_deg == pytest.approx(0.0, abs=1e-9)
    assert drift.offset_deg == result.offset_deg
    assert np.array(drift.affine_deg) == pytest.approx(np.eye(2, 3), abs=1e-9)


def test_a_stretched_gaze_is_put_right_everywhere():
    affine = ((1.06, 0.02), (-0.03, 0.95))
    check = checked(looks((0.6, -0.8), 0.1, 9, affine=affine), DISPLAY)
    result, drift = check.result, check.drift
    for true_deg in ((0.0, 0.0), (15.0, 8.0), (-12.0, 5.0)):
        seen_deg = np.array(affine) @ true_deg + (0.6, -0.8)
        corrected = drift.correct(GazePoint(0, *seen_deg.tolist()))
        assert math.dist((corrected.x_deg, corrected.y_deg), true_deg) < 0.05
    assert result.corrected_deg == 0.1  # nobody looks more exactly
    assert result.error_deg > 1.0


def test_what_is_left_is_not_told_from_the_marks_that_were_fitted():
    """Independent errors of the marks: a map of six numbers would hide a part of them."""
    rng, found = np.random.default_rng(5), []
    for _ in range(40):
        gazes = [
            target_gaze(
                target,
                [
                    DISPLAY.display_from_degrees(
                        *np.add(DISPLAY.degrees_from_display(target), error_deg)
                    )
                ]
                * 20,
                DISPLAY,
            )
            for target, error_deg in zip(targets(9), rng.normal(0.0, 0.5, (9, 2)), strict=True)
        ]
        found.append(checked(gazes, DISPLAY).result.corrected_deg)
    assert np.median(found) > 0.5 * math.sqrt(math.pi / 2.0)  # the mean of such distances


def test_scatter_is_told_apart_from_the_error():
    result = checked(looks(noise_deg=0.3), DISPLAY).result
    # Steps between independent points: sqrt(2) an axis, two axes.
    assert result.precision_rms_deg == pytest.approx(0.3 * math.sqrt(4.0), rel=0.05)
    assert result.error_deg < 0.06


def test_targets_without_a_valid_gaze_do_not_count():
    seen = looks((0.5, 0.0))
    seen[2] = target_gaze(seen[2].target_display, [DisplayPoint(0.9, 0.9)] * 3, DISPLAY)
    assert checked(seen, DISPLAY).result.error_deg == pytest.approx(0.5)


def test_pixels_scatter_and_lost_samples_are_told():
    gazes = looks((0.5, 0.0), 0.2)
    gazes[0] = target_gaze(
        gazes[0].target_display, [None] * 200 + [DisplayPoint(0.51, 0.5)] * 200, DISPLAY
    )
    result = checked(gazes, DISPLAY).result
    assert result.error_px == pytest.approx(0.5 * DISPLAY.screen_px_per_deg, rel=0.15)
    assert result.precision_sd_deg == pytest.approx(0.2 * math.sqrt(2.0) * 4 / 5, rel=0.05)
    assert result.data_loss == pytest.approx(200 / 1200)


def test_a_result_survives_being_kept_and_what_is_none_is_none():
    result = checked(looks((0.5, 0.1), 0.2), DISPLAY).result
    assert CheckResult.from_text(result.to_text()) == result
    for text in ("", "0.5 0.1", "0.5 0.1 0.2 0.3", "a b c d e f g h", "1 2 3 4 5 6 7 8 9"):
        assert CheckResult.from_text(text) is None


def test_a_single_target_gives_an_offset():
    check = checked(looks((0.5, 0.0))[:1], DISPLAY)
    result, drift = check.result, check.drift
    assert drift.offset_deg == pytest.approx((0.5, 0.0))
    assert result.corrected_deg == pytest.approx(0.5)


def test_no_valid_gaze_at_all_is_told():
    gazes = [target_gaze(target, [None] * 50, DISPLAY) for target in targets(5)]
    with pytest.raises(RecordingError, match="saw no eyes"):
        checked(gazes, DISPLAY)
