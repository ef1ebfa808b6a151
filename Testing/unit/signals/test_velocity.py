import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.signals.chain import Detector, SignalChain, SignalOptions
from GazeSAMLib.signals.types import FixationPhase, GazePoint
from GazeSAMLib.signals.velocity import VelocityDetector
from Testing.simulated_gaze import DISPLAY, SimulatedGaze, TrueFixation, simulate

MS = 10**6
THRESHOLD_DEG_S = 30.0


def moving(speeds_deg_s: list[float], step_ms: int = 10) -> list[GazePoint]:
    """A gaze that moves to the right with the given speed before each sample."""
    x_deg = np.cumsum(np.array(speeds_deg_s) * step_ms / 1e3)
    return [GazePoint(i * step_ms * MS, x, 0.0) for i, x in enumerate(x_deg.tolist())]


def phases(points: list[GazePoint]) -> list[FixationPhase | None]:
    detector = VelocityDetector(DISPLAY)
    updates = [detector.add(point, point, THRESHOLD_DEG_S) for point in points]
    return [None if update is None else update.phase for update in updates]


def test_a_fixation_starts_when_it_has_lasted_long_enough_and_ends_with_the_saccade() -> None:
    seen = phases(moving([0.0] * 15 + [200.0] * 3))
    assert seen.index(FixationPhase.STARTED) == 10
    assert seen[15] is FixationPhase.ENDED
    assert seen[16:] == [None, None]


@pytest.mark.parametrize("step_ms", [1, 4, 10, 33])
def test_the_threshold_means_the_same_at_any_rate(step_ms: int) -> None:
    count = 300 // step_ms
    assert FixationPhase.STARTED in phases(moving([28.0] * count, step_ms))
    assert FixationPhase.STARTED not in phases(moving([0.0] + [32.0] * count, step_ms)[2:])


def test_after_an_end_nothing_is_remembered() -> None:
    detector = VelocityDetector(DISPLAY)
    still = moving([0.0] * 10)
    for point in still:
        detector.add(point, point, THRESHOLD_DEG_S)
    assert detector.end() is None
    far = GazePoint(still[-1].t_ns + MS, 20.0, 0.0)
    assert detector.add(far, far, THRESHOLD_DEG_S) is None
    assert len(detector._slow) == 1  # no saccade is seen across the gap


def by_definition(points: list[GazePoint]) -> list[tuple[int, int]]:
    """I-VT as its definition says it, over the whole signal."""
    slow = []
    for i, point in enumerate(points):
        back = [p for p in points[:i] if point.t_ns - p.t_ns >= 19.5 * MS] or points[:1]
        reference = back[-1] if i else point
        away = math.hypot(point.x_deg - reference.x_deg, point.y_deg - reference.y_deg)
        span_s = (point.t_ns - reference.t_ns) / 1e9
        slow.append(not i or away / span_s <= THRESHOLD_DEG_S)
    found, start = [], None
    for i, is_slow in enumerate([*slow, False]):
        if is_slow and start is None:
            start = i
        elif not is_slow and start is not None:
            if points[i - 1].t_ns - points[start].t_ns >= 100 * MS and i - start >= 3:
                found.append((points[start].t_ns, points[i - 1].t_ns))
            start = None
    return found


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from([0.0, 0.1, -0.1, 3.0])),
        min_size=3,
        max_size=80,
    )
)
def test_streaming_gives_what_the_definition_gives(steps: list[tuple[int, float]]) -> None:
    points, t_ns, x_deg = [], 0, 0.0
    for step_ms, dx_deg in steps:
        t_ns, x_deg = t_ns + step_ms * MS, x_deg + dx_deg
        points.append(GazePoint(t_ns, x_deg, 0.0))
    detector = VelocityDetector(DISPLAY)
    updates = [detector.add(p, p, THRESHOLD_DEG_S) for p in points] + [detector.end()]
    ended = [u.fixation for u in updates if u is not None and u.phase is FixationPhase.ENDED]
    assert [(f.start_ns, f.end_ns) for f in ended] == by_definition(points)


def found(gaze: SimulatedGaze, options: SignalOptions) -> list[tuple[float, float]]:
    chain = SignalChain(DISPLAY, options)
    updates = [*map(chain.add, gaze.samples()), chain.flush()]
    return [
        (u.fixation.start_ns / 1e9, u.fixation.end_ns / 1e9)
        for u in updates
        if u is not None and u.phase is FixationPhase.ENDED
    ]


def hit(truth: TrueFixation, intervals: list[tuple[float, float]]) -> bool:
    """Whether some interval covers half of the true one."""
    overlaps = [min(end, truth.end_s) - max(start, truth.start_s) for start, end in intervals]
    return max(overlaps, default=0.0) > 0.5 * (truth.end_s - truth.start_s)


@pytest.mark.parametrize(
    ("rate_hz", "noise_sd_deg"), [(60.0, 0.1), (120.0, 0.3), (250.0, 0.1), (600.0, 0.3)]
)
def test_the_threshold_follows_the_noise(rate_hz: float, noise_sd_deg: float) -> None:
    gaze = simulate(rate_hz, noise_sd_deg, fixations=40, saccade_deg=(4.0, 12.0), seed=3)
    intervals = found(gaze, SignalOptions(detector=Detector.VELOCITY))
    assert sum(hit(truth, intervals) for truth in gaze.fixations) >= 37
    assert len(intervals) <= 44
