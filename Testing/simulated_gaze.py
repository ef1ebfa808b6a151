"""Gaze of which the truth is known: fixations joined by saccades, seen by a noisy tracker."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry

DISPLAY = DisplayGeometry(0.0, 0.0, 1920.0, 1080.0, 531.0, 299.0, 650.0)
"""A 24-inch full-HD display at 65 cm."""


@dataclass(frozen=True)
class TrueFixation:
    start_s: float
    end_s: float
    x_deg: float
    y_deg: float


@dataclass(frozen=True)
class SimulatedGaze:
    """`times_s` (N,), `points_deg` (N, 2) as a tracker sees them, and the truth behind them."""

    times_s: np.ndarray
    points_deg: np.ndarray
    fixations: list[TrueFixation]

    def samples(self) -> list[GazeSample]:
        """The samples of a tracker that sees both eyes at one place."""
        return [
            binocular(round(t_s * 1e9), x_deg, y_deg)
            for t_s, (x_deg, y_deg) in zip(
                self.times_s.tolist(), self.points_deg.tolist(), strict=True
            )
        ]


def binocular(t_ns: int, x_deg: float, y_deg: float, valid: bool = True) -> GazeSample:
    point = DISPLAY.display_from_degrees(x_deg, y_deg)
    return GazeSample(t_ns, EyeSample(point, valid, 3.1), EyeSample(point, valid, 3.0))


def blind(t_ns: int) -> GazeSample:
    """A sample during a blink."""
    eye = EyeSample(DisplayPoint(float("nan"), float("nan")), False)
    return GazeSample(t_ns, eye, eye)


def simulate(
    rate_hz: float,
    noise_sd_deg: float,
    fixations: int = 20,
    saccade_deg: tuple[float, float] = (2.0, 12.0),
    jitter: float = 0.0,
    seed: int = 0,
) -> SimulatedGaze:
    """Make fixations of 200 to 600 ms and minimum-jerk saccades of the main sequence between.

    Parameters
    ----------
    noise_sd_deg : float
        Standard deviation of each axis, white.
    saccade_deg : tuple of float
        Smallest and largest amplitude.
    jitter : float
        Shift of the sampling times, at most this share of an interval to each side.
    """
    random = np.random.default_rng(seed)
    truth = list(_fixations(random, fixations, saccade_deg))
    count = int(truth[-1].end_s * rate_hz)
    times_s = np.arange(count) / rate_hz
    times_s = times_s + random.uniform(-jitter, jitter, count) / rate_hz + jitter / rate_hz
    points_deg = np.full((count, 2), np.nan)
    for fixation in truth:
        inside = (times_s >= fixation.start_s) & (times_s <= fixation.end_s)
        points_deg[inside] = fixation.x_deg, fixation.y_deg
    for before, after in itertools.pairwise(truth):
        inside = (times_s > before.end_s) & (times_s < after.start_s)
        u = (times_s[inside] - before.end_s) / (after.start_s - before.end_s)
        share = (u**3 * (10.0 - 15.0 * u + 6.0 * u**2))[:, None]
        start = np.array([before.x_deg, before.y_deg])
        points_deg[inside] = start + share * (np.array([after.x_deg, after.y_deg]) - start)
    seen = ~np.isnan(points_deg[:, 0])
    points_deg += random.normal(0.0, noise_sd_deg, points_deg.shape)
    return SimulatedGaze(times_s[seen], points_deg[seen], truth)


def _fixations(
    random: np.random.Generator, count: int, saccade_deg: tuple[float, float]
) -> Iterator[TrueFixation]:
    t_s = x_deg = y_deg = 0.0
    for _ in range(count):
        duration_s = random.uniform(0.2, 0.6)
        yield TrueFixation(t_s, t_s + duration_s, x_deg, y_deg)
        while True:
            amplitude_deg = random.uniform(*saccade_deg)
            direction = random.uniform(0.0, 2.0 * np.pi)
            next_x_deg = x_deg + amplitude_deg * np.cos(direction)
            next_y_deg = y_deg + amplitude_deg * np.sin(direction)
            if abs(next_x_deg) < 18.0 and abs(next_y_deg) < 10.0:
                break
        x_deg, y_deg = float(next_x_deg), float(next_y_deg)
        t_s += duration_s + 0.0022 * amplitude_deg + 0.021
