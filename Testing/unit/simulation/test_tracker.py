"""The simulated tracker has the error that was asked for."""

import math

import numpy as np
import pytest

from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.signals.validity import merged_eyes
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.tracker import Tracker
from Testing.painted_scan import DISPLAY

QUIET = ReaderOptions(
    accuracy_deg=0.0, eye_disagreement_deg=0.0, data_loss=0.0, one_eye_losses_per_min=0.0
)


def samples(options: ReaderOptions, duration_s: float, gaze_deg: complex = 0j, seed: int = 0):
    tracker = Tracker(DISPLAY, options, np.random.default_rng(seed))
    times = np.arange(0.0, duration_s, 1.0 / options.rate_hz)
    return [tracker.sample(round(1e9 * t), float(t), gaze_deg, 0.0) for t in times], tracker


def degrees(taken: list[GazeSample]) -> np.ndarray:
    points = [merged_eyes(sample) for sample in taken]
    return np.array([DISPLAY.degrees_from_display(p) for p in points if p is not None])


def options_like(**changes) -> ReaderOptions:
    values = {name: getattr(QUIET, name) for name in QUIET.__slots__}
    return ReaderOptions(**(values | changes))


@pytest.mark.parametrize("rate_hz", [30.0, 120.0, 1200.0])
@pytest.mark.parametrize("correlation_ms", [0.0, 8.0, 40.0])
def test_precision_is_as_asked(rate_hz: float, correlation_ms: float) -> None:
    options = options_like(
        rate_hz=rate_hz, precision_rms_deg=0.2, noise_correlation_ms=correlation_ms
    )
    points = degrees(samples(options, 6000.0 / rate_hz)[0])
    steps = np.diff(points, axis=0)
    assert math.sqrt((steps**2).sum(axis=1).mean()) == pytest.approx(0.2, rel=0.06)


def test_noise_is_coloured_as_asked() -> None:
    options = options_like(precision_rms_deg=0.2, noise_correlation_ms=16.0)
    points = degrees(samples(options, 100.0)[0])
    after_one = np.corrcoef(points[:-1, 0], points[1:, 0])[0, 1]
    after_three = np.corrcoef(points[:-3, 0], points[3:, 0])[0, 1]
    one = math.exp(-1e3 / 120.0 / 16.0)
    assert after_one == pytest.approx(one, abs=0.03)
    assert after_three == pytest.approx(one**3, abs=0.05)


def test_both_axes_are_equally_noisy_and_unrelated() -> None:
    points = degrees(samples(options_like(precision_rms_deg=0.2), 60.0)[0])
    x, y = points.std(axis=0)
    assert x == pytest.approx(y, rel=0.06)
    assert abs(np.corrcoef(points.T)[0, 1]) < 0.05


def test_one_eye_alone_is_noisier_by_the_root_of_two() -> None:
    taken, _ = samples(options_like(precision_rms_deg=0.2), 60.0)
    left = [GazeSample(sample.t_ns, sample.left, None) for sample in taken]
    both, alone = (np.diff(degrees(each), axis=0).std() for each in (taken, left))
    assert alone / both == pytest.approx(math.sqrt(2.0), rel=0.03)


def test_the_offset_is_as_asked() -> None:
    options = options_like(offset_deg=(0.4, -0.3), precision_rms_deg=0.1)
    points = degrees(samples(options, 30.0, gaze_deg=5.0 + 2.0j)[0])
    np.testing.assert_allclose(points.mean(axis=0), (5.4, 1.7), atol=0.01)


def test_a_drawn_offset_has_the_asked_length_and_any_direction() -> None:
    offsets = []
    for seed in range(40):
        taken, tracker = samples(
            options_like(accuracy_deg=0.7, precision_rms_deg=0.0), 0.5, seed=seed
        )
        mean = degrees(taken).mean(axis=0)
        np.testing.assert_allclose(
            mean, (tracker.offset_deg.real, tracker.offset_deg.imag), atol=1e-3
        )
        offsets.append(complex(*mean))
    np.testing.assert_allclose(np.abs(offsets), 0.7, atol=1e-3)
    assert abs(np.mean(offsets)) < 0.3


def test_eyes_disagree_about_their_own_places_alone() -> None:
    taken, _ = samples(options_like(eye_disagreement_deg=0.5, precision_rms_deg=0.0), 1.0)
    left = degrees([GazeSample(s.t_ns, s.left, None) for s in taken]).mean(axis=0)
    right = degrees([GazeSample(s.t_ns, None, s.right) for s in taken]).mean(axis=0)
    assert left[0] != pytest.approx(right[0], abs=0.01)
    np.testing.assert_allclose(0.5 * (left + right), 0.0, atol=1e-3)


def test_so_many_samples_are_lost() -> None:
    taken, _ = samples(options_like(data_loss=0.1), 100.0)
    lost = np.mean([merged_eyes(sample) is None for sample in taken])
    assert lost == pytest.approx(0.1, abs=0.01)


def test_one_eye_is_lost_at_times_while_the_other_is_seen() -> None:
    taken, _ = samples(options_like(one_eye_losses_per_min=12.0), 200.0)
    left = np.array([sample.left.valid for sample in taken])
    right = np.array([sample.right.valid for sample in taken])
    assert not (~left & ~right).any()
    losses = np.count_nonzero(np.diff((left & right).astype(int)) == -1)
    assert losses == pytest.approx(31, abs=12)  # twelve a minute
    assert (~left).any()
    assert (~right).any()


def test_covered_and_far_gaze_is_lost_and_a_lost_eye_has_no_place() -> None:
    tracker = Tracker(DISPLAY, QUIET, np.random.default_rng(0))
    for gaze_deg, lids in ((0j, 0.9), (60.0 + 0j, 0.0), (0.0 + 40.0j, 0.0)):
        sample = tracker.sample(0, 0.0, gaze_deg, lids)
        for eye in (sample.left, sample.right):
            assert isinstance(eye, EyeSample)
            assert not eye.valid
            assert math.isnan(eye.point_display.x)


def test_a_look_beside_the_display_is_measured_there() -> None:
    tracker = Tracker(DISPLAY, options_like(precision_rms_deg=0.0), np.random.default_rng(0))
    point = merged_eyes(tracker.sample(0, 0.0, 0.0 + 18.0j, 0.0))
    assert point is not None
    assert point.y > 1.1
    assert not point.on_display


def test_the_gaze_seems_to_sink_as_the_lids_fall() -> None:
    tracker = Tracker(DISPLAY, options_like(precision_rms_deg=0.0), np.random.default_rng(0))
    open_y, half_y = (merged_eyes(tracker.sample(0, 0.0, 0j, lids)).y for lids in (0.0, 0.45))
    assert half_y > open_y


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_hz": 0.0},
        {"precision_rms_deg": -0.1},
        {"data_loss": 1.0},
        {"accuracy_deg": math.nan},
        {"offset_deg": (0.0, math.inf)},
        {"key_delay_ms": (600.0, 250.0)},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReaderOptions(**wrong)
