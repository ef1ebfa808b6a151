import numpy as np
import pytest

from GazeSAMLib.signals.smoothing import OneEuroSmoothing
from GazeSAMLib.signals.types import GazePoint


def smoothed(smoothing: OneEuroSmoothing, times_s, points_deg) -> np.ndarray:
    points = [
        smoothing.smooth(GazePoint(round(t_s * 1e9), x_deg, y_deg))
        for t_s, (x_deg, y_deg) in zip(times_s, points_deg.tolist(), strict=True)
    ]
    return np.array([(point.x_deg, point.y_deg) for point in points])


def test_the_first_point_passes_unchanged():
    assert OneEuroSmoothing().smooth(GazePoint(0, 3.0, -4.0)) == GazePoint(0, 3.0, -4.0)


def test_only_time_differences_matter():
    points_deg = np.cumsum(np.random.default_rng(0).normal(0.0, 0.3, (300, 2)), axis=0)
    times_s = np.arange(300) / 60.0
    from_zero = smoothed(OneEuroSmoothing(), times_s, points_deg)
    after_days = smoothed(OneEuroSmoothing(), times_s + 5e5, points_deg)
    assert np.allclose(from_zero, after_days, atol=1e-6)


def test_the_second_point_is_weighed_by_its_own_distance_in_time():
    smoothing = OneEuroSmoothing()
    smoothing.smooth(GazePoint(0, 0.0, 0.0))
    after_ten_seconds = smoothing.smooth(GazePoint(10 * 10**9, 1.0, 1.0))
    assert after_ten_seconds.x_deg > 0.95


def test_a_lost_sample_changes_little():
    times_s = np.arange(0.0, 2.0, 1 / 250.0)
    points_deg = np.stack([np.sin(2.0 * times_s), np.cos(times_s)], axis=1)
    kept = np.random.default_rng(4).random(len(times_s)) > 0.2
    whole = smoothed(OneEuroSmoothing(), times_s, points_deg)[kept]
    gappy = smoothed(OneEuroSmoothing(), times_s[kept], points_deg[kept])
    assert np.abs(whole - gappy).max() < 0.05


@pytest.mark.parametrize("rate_hz", [60.0, 250.0, 1200.0])
def test_a_saccade_settles_within_a_tenth_of_a_second(rate_hz: float):
    times_s = np.arange(0.0, 2.0, 1.0 / rate_hz)
    points_deg = np.where(times_s[:, None] < 1.0, [0.0, 0.0], [8.0, -5.0])
    error_deg = np.abs(smoothed(OneEuroSmoothing(), times_s, points_deg) - points_deg)
    assert error_deg[times_s > 1.1].max() < 0.5


def test_after_a_reset_the_past_is_forgotten():
    smoothing = OneEuroSmoothing()
    times_s = np.arange(0.0, 1.0, 1 / 60.0)
    points_deg = np.random.default_rng(5).normal(0.0, 0.5, (len(times_s), 2))
    smoothed(smoothing, times_s, points_deg + 15.0)
    smoothing.reset()
    again = smoothed(smoothing, times_s + 3.0, points_deg)
    assert np.allclose(again, smoothed(OneEuroSmoothing(), times_s + 3.0, points_deg), atol=1e-12)


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 250.0, 1200.0])
@pytest.mark.parametrize("sd_deg", [0.05, 0.3, 1.0])
def test_the_noise_that_passes_is_foretold(rate_hz: float, sd_deg: float):
    smoothing = OneEuroSmoothing(min_cutoff_hz=1.0, beta=0.3)
    count = int(20.0 * rate_hz)
    noise_deg = np.random.default_rng(6).normal(0.0, sd_deg, (count, 2))
    passed_deg = smoothed(smoothing, np.arange(count) / rate_hz, noise_deg)[count // 10 :]
    foretold_deg = smoothing.passed_sd_deg(sd_deg, 1.0 / rate_hz)
    assert foretold_deg == pytest.approx(passed_deg.std(), rel=0.3)
    assert foretold_deg < sd_deg
