"""Figures of a recording's quality, from gaze of which the truth is known."""

import math

import numpy as np
import pytest

from GazeSAMLib.hosts.cli.gaze_path import GazePath
from GazeSAMLib.signals.drift import DriftCorrection
from Testing.simulated_gaze import DISPLAY, binocular, blind, simulate


def path_of(samples) -> GazePath:
    path = GazePath(DISPLAY)
    for sample in samples:
        path.add(sample)
    return path


def test_rate_duration_and_count_are_the_recordings() -> None:
    quality = path_of(binocular(20_000_000 * n, 0.0, 0.0) for n in range(101)).quality()
    assert (quality.sample_count, quality.rate_hz, quality.duration_s) == (101, 50.0, 2.0)


def test_blinks_lower_the_valid_share() -> None:
    samples = [blind(n) if n % 4 == 0 else binocular(n, 0.0, 0.0) for n in range(100)]
    assert path_of(samples).quality().valid_share == 0.75


def test_looks_beside_the_display_are_valid_but_not_on_it() -> None:
    samples = [binocular(n, 0.0 if n < 80 else 40.0, 0.0) for n in range(100)]
    quality = path_of(samples).quality()
    assert (quality.valid_share, quality.on_display_share) == (1.0, 0.8)


@pytest.mark.parametrize("noise_sd_deg", [0.05, 0.2])
def test_precision_is_that_of_the_noise_despite_saccades(noise_sd_deg) -> None:
    samples = simulate(300.0, noise_sd_deg, fixations=30).samples()
    # The step between two samples has twice the variance, on each of two axes.
    expected = noise_sd_deg * math.sqrt(4.0)
    assert path_of(samples).quality().precision_rms_deg == pytest.approx(expected, rel=0.1)


def test_an_empty_recording_has_no_quality() -> None:
    quality = path_of([]).quality()
    assert (quality.sample_count, quality.valid_share, quality.precision_rms_deg) == (0, 0.0, None)


def test_a_time_gives_its_samples_with_gaps_where_no_eye_was() -> None:
    path = path_of([binocular(0, 1.0, 0.0), blind(10), binocular(20, 2.0, 0.0)])
    t_ns, points = path.between(5, 21)
    assert t_ns.tolist() == [10, 20]
    assert np.isnan(points[0]).all()
    assert points[1] == pytest.approx(tuple(DISPLAY.display_from_degrees(2.0, 0.0)))


def test_a_known_offset_is_taken_out() -> None:
    path = GazePath(DISPLAY, DriftCorrection((0.7, -0.4)))
    path.add(binocular(0, 3.7, 1.6))
    _, points = path.between(0, 1)
    assert points[0] == pytest.approx(tuple(DISPLAY.display_from_degrees(3.0, 2.0)))
