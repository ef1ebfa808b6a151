"""Figures of a recording, from a signal whose errors are known."""

import numpy as np
import pytest

from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.hosts.cli.research.gaze_report import gaze_report
from GazeSAMLib.hosts.cli.research.gaze_table import gaze_table
from GazeSAMLib.hosts.cli.research.quality import Quality, fixation_figures, quality_of
from GazeSAMLib.hosts.cli.research.structure_time import (
    BESIDE_NAME,
    REST_NAME,
    structure_times,
)
from GazeSAMLib.simulation.truth import Structure
from Testing.recorded_scan import OBLIQUE, inside_ball
from Testing.simulated_gaze import DISPLAY, binocular, blind, simulate

HEADER = RecordingHeader(
    0.0, 0.0, 1920.0, 1080.0, 531.0, 299.0, 650.0, Tracker("simulated", rate_hz=100.0)
)
MS = 10**6


def quality(samples: list[GazeSample]) -> Quality:
    return quality_of(gaze_table(Recording(HEADER, samples, ())), HEADER)


def test_lost_samples_and_gaps_are_counted() -> None:
    # 10 s at 100 Hz; a blink of 200 ms, a single loss, and 50 samples that never came.
    samples = [
        blind(i * 10 * MS) if 100 <= i < 120 or i == 300 else binocular(i * 10 * MS, 0.0, 0.0)
        for i in range(1001)
        if not 500 <= i < 550
    ]
    found = quality(samples)
    assert found.sample_count == 951
    assert found.duration_s == pytest.approx(10.0)
    assert found.rate_hz == pytest.approx(100.0)
    assert found.missing_share == pytest.approx(50 / 1001)
    assert found.valid_share == pytest.approx(1.0 - 21 / 951)
    assert found.left_valid_share == found.valid_share
    assert (found.gap_count, found.longest_gap_s) == (2, pytest.approx(0.51))
    assert found.gap_s == pytest.approx(0.21 + 0.51)


def test_one_eye_is_told_apart() -> None:
    both = [binocular(i * 10 * MS, 0.0, 0.0) for i in range(100)]
    right = [GazeSample(one.t_ns, None, one.right) for one in both]
    found = quality(right)
    assert (found.left_valid_share, found.right_valid_share, found.valid_share) == (0.0, 1.0, 1.0)


def test_precision_and_fixations_are_those_of_the_signal() -> None:
    gaze = simulate(250.0, 0.1, fixations=30)
    table = gaze_table(Recording(HEADER, gaze.samples(), ()))
    found = quality_of(table, HEADER)
    assert found.precision_rms_deg == pytest.approx(0.2, rel=0.1)
    figures = fixation_figures(table.fixations, found.duration_s, DISPLAY)
    true_ms = [1e3 * (one.end_s - one.start_s) for one in gaze.fixations]
    assert abs(figures.count - 30) <= 2
    assert figures.median_duration_ms == pytest.approx(np.median(true_ms), rel=0.2)
    jumps = np.diff([(one.x_deg, one.y_deg) for one in gaze.fixations], axis=0)
    expected_deg = float(np.median(np.linalg.norm(jumps, axis=1)))
    assert figures.median_saccade_deg == pytest.approx(expected_deg, rel=0.2)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_almost_nothing_has_figures_too(count: int) -> None:
    samples = [binocular(i * 10 * MS, 0.0, 0.0) for i in range(count)]
    report = gaze_report(gaze_table(Recording(HEADER, samples, ())), HEADER)
    assert report.quality.sample_count == count
    assert report.quality.precision_rms_deg is None
    assert report.fixations.count == 0


@pytest.fixture(scope="module")
def times(table):
    labels = np.zeros(inside_ball("bright ball", OBLIQUE).shape, dtype=np.uint8)
    labels[inside_ball("bright ball", OBLIQUE)] = 1
    labels[inside_ball("grey ball", OBLIQUE)] = 2
    structures = [Structure("bright", labels, 1), Structure("grey", labels, 2)]
    return {one.name: one for one in structure_times(table, structures)}


def test_time_goes_to_what_was_looked_at(times) -> None:
    assert list(times) == ["bright", "grey", REST_NAME, BESIDE_NAME]
    # Two looks of half a second at the one, one at the other and what remains of it at the end.
    assert 0.8 < times["bright"].seconds < 2.0
    assert 0.4 < times["grey"].seconds < 1.6
    assert sum(one.share for one in times.values()) == pytest.approx(1.0)
    assert times["bright"].first_s < times["grey"].first_s
    assert times["bright"].fixations >= 2
    assert times["bright"].visits >= 1


def test_overlapping_structures_both_count(table, times) -> None:
    labels = inside_ball("grey ball", OBLIQUE).astype(np.uint8)
    everything = np.ones_like(labels)
    found = {
        one.name: one.seconds
        for one in structure_times(
            table, [Structure("grey", labels, 1), Structure("all", everything, 1)]
        )
    }
    assert found["grey"] == times["grey"].seconds
    assert found["all"] > found["grey"]
    assert found[REST_NAME] == 0.0
