"""The simulated eye moves like an eye."""

import numpy as np
import pytest

from GazeSAMLib.simulation import eye as eye_model
from GazeSAMLib.simulation.eye import Eye, Lids, minimum_jerk, saccade_duration_ms

STEP_S = 0.001


def gaze_of(eye: Eye, duration_s: float) -> np.ndarray:
    return np.array([eye.advance(STEP_S) for _ in range(round(duration_s / STEP_S))])


def saccades_in(gaze: np.ndarray, least_deg_per_s: float) -> list[np.ndarray]:
    """The runs of samples that move faster than drift does, by velocity alone."""
    fast = np.abs(np.diff(gaze)) / STEP_S > least_deg_per_s
    edges = np.flatnonzero(np.diff(np.concatenate(([False], fast, [False])).astype(int)))
    return [gaze[a : b + 1] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_saccades_follow_the_main_sequence() -> None:
    eye = Eye(np.random.default_rng(0))
    aims = np.random.default_rng(1).uniform(-15.0, 15.0, (60, 2)) @ (1.0, 1j)
    amplitudes, durations_ms, peaks = [], [], []
    for aim in aims:
        eye.look_at(complex(aim))
        gaze = gaze_of(eye, 0.1)
        first = np.abs(np.diff(gaze)) / STEP_S
        resting = np.flatnonzero(first[10:] < 20.0)[0] + 10  # degrees a second
        amplitudes.append(abs(gaze[resting] - gaze[0]))
        durations_ms.append(resting)
        peaks.append(first.max())
    slope, intercept = np.polyfit(amplitudes, durations_ms, 1)
    assert slope == pytest.approx(2.2, abs=0.25)
    assert intercept == pytest.approx(21.0, abs=3.0)
    # Bahill 1975: some 300 degrees a second at 5 degrees, 450 at 10, 600 at 20.
    order = np.argsort(amplitudes)
    at = np.interp((5.0, 10.0, 20.0), np.array(amplitudes)[order], np.array(peaks)[order])
    np.testing.assert_allclose(at, (300.0, 440.0, 590.0), rtol=0.12)


def test_a_saccade_starts_and_ends_at_rest_and_is_fastest_in_the_middle() -> None:
    share = np.array([minimum_jerk(t) for t in np.linspace(-0.1, 1.1, 1201)])
    speed = np.gradient(share)
    assert share[0] == 0.0
    assert share[-1] == 1.0
    assert (speed >= 0.0).all()
    assert speed.argmax() == 600
    assert speed.max() == pytest.approx(1.875e-3, rel=1e-3)  # 15/8 of the mean speed


def test_the_eye_lands_near_its_target_and_corrects() -> None:
    landed, settled = [], []
    eye = Eye(np.random.default_rng(2))
    for aim in np.random.default_rng(3).uniform(-12.0, 12.0, (200, 2)) @ (1.0, 1j):
        wait_ms = eye.look_at(complex(aim))
        gaze = gaze_of(eye, 0.6)
        landed.append(abs(gaze[round(min(wait_ms, 110.0))] - aim))
        settled.append(abs(gaze[round(wait_ms)] - aim))
    assert 0.2 < np.median(landed) < 0.7  # before any correction
    assert np.median(settled) < 0.2
    assert np.percentile(settled, 95) < 0.5


def test_drift_is_a_random_walk_of_the_stated_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eye_model, "MICROSACCADES_PER_S", 1e-6)
    ends = []
    for seed in range(300):
        eye = Eye(np.random.default_rng(seed))
        ends.append([eye.advance(0.05) for _ in range(8)])
    mean_square = (np.abs(np.array(ends)) ** 2).mean(axis=0)
    # Mean square displacement of a plane random walk: 4 D t, D = 40 square minutes of arc a second.
    expected = 4.0 * 40.0 / 3600.0 * 0.05 * np.arange(1, 9)
    np.testing.assert_allclose(mean_square, expected, rtol=0.25)


def test_microsaccades_come_once_or_twice_a_second_and_are_small() -> None:
    eye = Eye(np.random.default_rng(4))
    gaze = gaze_of(eye, 60.0)
    smooth = np.convolve(gaze, np.full(5, 0.2), "valid")  # drift is slow, microsaccades are not
    found = saccades_in(smooth, 9.0)
    sizes = np.array([abs(part[-1] - part[0]) for part in found])
    sizes = sizes[sizes > 0.08]
    assert 0.5 < len(sizes) / 60.0 < 2.0
    assert np.median(sizes) < 0.6
    assert sizes.max() <= 1.05


def test_the_eye_stays_with_its_target_however_long_it_looks() -> None:
    eye = Eye(np.random.default_rng(5))
    eye.look_at(3.0 + 2.0j)
    gaze = gaze_of(eye, 120.0)
    assert np.abs(gaze[1000:] - (3.0 + 2.0j)).mean() < 0.4


def test_lids_blink_as_often_as_told() -> None:
    lids = Lids(np.random.default_rng(6), blinks_per_min=12.0)
    closed = np.array([lids.advance(STEP_S) for _ in range(600_000)]) > 0.5
    starts = np.flatnonzero(np.diff(closed.astype(int)) == 1)
    ends = np.flatnonzero(np.diff(closed.astype(int)) == -1)
    assert len(starts) == pytest.approx(120, abs=30)
    durations_ms = (ends - starts[: len(ends)]).astype(float)
    assert 100.0 < np.median(durations_ms) < 250.0


def test_lids_that_never_blink_stay_open() -> None:
    lids = Lids(np.random.default_rng(7), blinks_per_min=0.0)
    assert all(lids.advance(0.01) == 0.0 for _ in range(10_000))


def test_duration_of_a_saccade_is_that_of_the_literature() -> None:
    assert saccade_duration_ms(10.0) == pytest.approx(43.0)
