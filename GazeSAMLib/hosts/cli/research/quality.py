"""How good a recording is, and what the eye did, as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.cli.research.gaze_table import GazeTable
from GazeSAMLib.signals.types import Fixation

GAP_MS = 75.0
"""Shorter losses are single samples; blinks take 100 ms and more."""

_FEWEST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Quality:
    """A recording's signal.

    Attributes
    ----------
    sample_count : int
        Samples in all.
    duration_s : float
        From the first to the last.
    nominal_rate_hz : float or None
        What the tracker promises.
    rate_hz : float
        From the median interval.
    missing_share : float
        Samples that never came, of those that the median interval lets expect, 0 to 1.
    valid_share, left_valid_share, right_valid_share : float
        Samples with gaze, of either eye and of each, 0 to 1.
    on_display_share : float
        Valid samples that fall on the display, 0 to 1.
    precision_rms_deg : float or None
        Root mean square of the step from sample to sample; saccades do not count.
    gap_count : int
        Times without gaze of 75 ms and more.
    gap_s, longest_gap_s : float
        Their length together, and the longest.
    """

    sample_count: int
    duration_s: float
    nominal_rate_hz: float | None
    rate_hz: float
    missing_share: float
    valid_share: float
    left_valid_share: float
    right_valid_share: float
    on_display_share: float
    precision_rms_deg: float | None
    gap_count: int
    gap_s: float
    longest_gap_s: float


@dataclass(frozen=True, slots=True)
class FixationFigures:
    """What the fixations of a recording are like; medians are 0 where there are none."""

    count: int
    per_minute: float
    median_duration_ms: float
    longest_duration_ms: float
    total_s: float
    median_saccade_deg: float


def quality_of(table: GazeTable, header: RecordingHeader) -> Quality:
    """Return the figures of a recording's signal."""
    columns, t_ns = table.columns, table.columns["t_ns"]
    points = np.column_stack((columns["x_display"], columns["y_display"]))
    valid = np.isfinite(points).all(axis=1)
    steps_ns = np.diff(t_ns)
    interval_ns = float(np.median(steps_ns)) if len(steps_ns) else 0.0
    duration_ns = float(t_ns[-1] - t_ns[0]) if len(t_ns) else 0.0
    expected = 1.0 + duration_ns / interval_ns if interval_ns else float(len(t_ns))
    on_display = valid & (points >= 0.0).all(axis=1) & (points <= 1.0).all(axis=1)
    gaps_s = _gaps_s(t_ns, valid)
    return Quality(
        sample_count=len(t_ns),
        duration_s=1e-9 * duration_ns,
        nominal_rate_hz=header.tracker.rate_hz,
        rate_hz=1e9 / interval_ns if interval_ns else 0.0,
        missing_share=max(0.0, 1.0 - len(t_ns) / max(1.0, expected)),
        valid_share=_share(valid),
        left_valid_share=_share(columns["left_valid"] == 1.0),
        right_valid_share=_share(columns["right_valid"] == 1.0),
        on_display_share=float(on_display.sum() / max(1, valid.sum())),
        precision_rms_deg=_precision_rms_deg(points, table.display),
        gap_count=len(gaps_s),
        gap_s=float(gaps_s.sum()),
        longest_gap_s=float(gaps_s.max(initial=0.0)),
    )


def fixation_figures(
    fixations: Sequence[Fixation], duration_s: float, display: DisplayGeometry
) -> FixationFigures:
    """Return the figures of a recording's fixations."""
    durations_ms = np.array([fixation.duration_ms for fixation in fixations])
    centres = np.array(
        [display.degrees_from_display(fixation.centre_display) for fixation in fixations]
    ).reshape(-1, 2)
    jumps_deg = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    return FixationFigures(
        count=len(fixations),
        per_minute=60.0 * len(fixations) / duration_s if duration_s > 0.0 else 0.0,
        median_duration_ms=_median(durations_ms),
        longest_duration_ms=float(durations_ms.max(initial=0.0)),
        total_s=float(durations_ms.sum()) / 1e3,
        median_saccade_deg=_median(jumps_deg),
    )


def _gaps_s(t_ns: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the times from one valid sample to the next that are longer than a few samples."""
    seen_ns = t_ns[valid]
    steps_s = np.diff(seen_ns) * 1e-9
    gaps: npt.NDArray[np.float64] = steps_s[steps_s >= GAP_MS * 1e-3]
    return gaps


def _precision_rms_deg(points: npt.NDArray[np.float64], display: DisplayGeometry) -> float | None:
    """Return the precision as :class:`GazeSAMLib.signals.noise.NoiseEstimator` defines it."""
    size_mm = np.array((display.width_mm, display.height_mm))
    degrees = np.degrees(np.arctan2((points - 0.5) * size_mm, display.distance_mm))
    squares = (np.diff(degrees, axis=0) ** 2).sum(axis=1)
    squares = squares[np.isfinite(squares)]
    if len(squares) < _FEWEST_STEPS:
        return None
    return float(np.sqrt(np.median(squares) / np.log(2.0)))


def _share(which: npt.NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else 0.0


def _median(values: npt.NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else 0.0
