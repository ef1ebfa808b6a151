import numpy as np
import pytest

from GazeSAMLib.signals.noise import WINDOW_STEPS, NoiseEstimator
from GazeSAMLib.signals.types import GazePoint
from Testing.simulated_gaze import simulate


def fed(times_s, points_deg) -> NoiseEstimator:
    estimator = NoiseEstimator(expected_rms_deg=0.3)
    for t_s, (x_deg, y_deg) in zip(times_s.tolist(), points_deg.tolist(), strict=True):
        estimator.add(GazePoint(round(t_s * 1e9), x_deg, y_deg))
    return estimator


@pytest.mark.parametrize("sd_deg", [0.05, 0.3, 1.0])
def test_white_noise_at_rest_gives_its_rms_from_sample_to_sample(sd_deg: float):
    points_deg = np.random.default_rng(1).normal(0.0, sd_deg, (WINDOW_STEPS + 1, 2))
    estimator = fed(np.arange(len(points_deg)) / 250.0, points_deg)
    true_rms_deg = np.sqrt(np.mean(np.sum(np.diff(points_deg, axis=0) ** 2, axis=1)))
    assert estimator.rms_deg == pytest.approx(true_rms_deg, rel=0.15)
    assert estimator.sd_deg == pytest.approx(sd_deg, rel=0.15)


@pytest.mark.parametrize("rate_hz", [60.0, 250.0, 1200.0])
def test_a_gaze_that_moves_is_hardly_noisier_than_one_at_rest(rate_hz: float):
    gaze = simulate(rate_hz, noise_sd_deg=0.2, seed=3)
    assert fed(gaze.times_s, gaze.points_deg).rms_deg == pytest.approx(0.4, rel=0.25)


def test_it_is_deaf_to_jumps_that_rule_the_plain_rms():
    random = np.random.default_rng(7)
    places_deg = np.repeat(random.uniform(-15.0, 15.0, (20, 2)), 15, axis=0)
    points_deg = places_deg + random.normal(0.0, 0.2, places_deg.shape)
    plain_rms_deg = np.sqrt(np.mean(np.sum(np.diff(points_deg, axis=0) ** 2, axis=1)))
    assert plain_rms_deg > 2.0
    assert fed(np.arange(300) / 60.0, points_deg).rms_deg == pytest.approx(0.4, rel=0.25)


def test_it_follows_a_tracker_that_gets_worse():
    random = np.random.default_rng(2)
    quiet, loud = random.normal(0.0, 0.1, (500, 2)), random.normal(0.0, 0.8, (500, 2))
    points_deg = np.concatenate([quiet, loud])
    assert fed(np.arange(1000) / 250.0, points_deg).rms_deg == pytest.approx(1.6, rel=0.15)


def test_a_still_signal_has_no_noise():
    estimator = fed(np.arange(100) / 60.0, np.full((100, 2), 3.0))
    assert estimator.rms_deg == 0.0


def test_the_expected_noise_holds_until_there_are_enough_samples():
    points_deg = np.random.default_rng(1).normal(0.0, 2.0, (10, 2))
    assert fed(np.arange(10) / 60.0, points_deg).rms_deg == 0.3


def test_the_step_over_a_gap_does_not_count():
    estimator = NoiseEstimator(expected_rms_deg=0.3)
    for i in range(40):
        estimator.add(GazePoint(2 * i * 10**7, float(10 * i), 0.0))
        estimator.add(GazePoint((2 * i + 1) * 10**7, float(10 * i), 0.0))
        estimator.skip()
    assert estimator.rms_deg == 0.0
    assert estimator.interval_s == pytest.approx(0.01)


def test_the_interval_is_the_mean_time_between_samples():
    assert NoiseEstimator(0.3).interval_s is None
    gaze = simulate(120.0, 0.1, fixations=8, jitter=0.3)
    assert fed(gaze.times_s, gaze.points_deg).interval_s == pytest.approx(1 / 120.0, rel=0.01)
