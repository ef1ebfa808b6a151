import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.signals.fixation import HOLD_RATIO, DispersionDetector
from GazeSAMLib.signals.types import FixationPhase, FixationUpdate, GazePoint
from Testing.simulated_gaze import DISPLAY

THRESHOLD_DEG = 1.0
MS = 10**6


def updates(detector: DispersionDetector, points: list[GazePoint]) -> list[FixationUpdate | None]:
    return [detector.add(point, point, THRESHOLD_DEG) for point in points]


def resting(start_ms: int, end_ms: int, x_deg: float, step_ms: int = 10) -> list[GazePoint]:
    return [GazePoint(t * MS, x_deg, 1.0) for t in range(start_ms, end_ms + 1, step_ms)]


def dispersion(points: list[GazePoint]) -> float:
    xs, ys = [p.x_deg for p in points], [p.y_deg for p in points]
    return (max(xs) - min(xs)) + (max(ys) - min(ys))


def is_far(window: list[GazePoint], point: GazePoint) -> bool:
    places = np.array([(p.x_deg, p.y_deg) for p in window])
    spread = math.sqrt(places.var(axis=0).sum())
    distance = math.dist(places.mean(axis=0), (point.x_deg, point.y_deg))
    return distance > max(0.5 * HOLD_RATIO * THRESHOLD_DEG, 2.5 * spread)


def fixations_by_definition(points: list[GazePoint]) -> list[list[GazePoint]]:
    """I-DT as its definition says it, every window looked at from scratch."""
    found: list[list[GazePoint]] = []
    window: list[GazePoint] = []
    leaving: list[GazePoint] = []
    running = False
    for point in points:
        searched = [point]
        if running:
            within = dispersion([*window, point]) <= HOLD_RATIO * THRESHOLD_DEG
            if within and not is_far(window, point):
                window, leaving = [*window, point], []
                continue
            leaving = [*leaving, point]
            if within and point.t_ns - leaving[0].t_ns < 50 * MS:
                continue
            found.append(window)
            searched = [p for p in leaving if point.t_ns - p.t_ns < 100 * MS]
            window, leaving = [], []
        for each in searched:
            window = [*window, each]
            while dispersion(window) > THRESHOLD_DEG:
                window = window[1:]
        running = point.t_ns - window[0].t_ns >= 100 * MS and len(window) >= 3
    return [*found, window] if running else found


def test_a_fixation_starts_when_it_has_lasted_long_enough():
    phases = [
        update.phase if update else None
        for update in updates(DispersionDetector(DISPLAY), resting(0, 120, 2.0))
    ]
    assert phases == [None] * 10 + [FixationPhase.STARTED] + [FixationPhase.CONTINUED] * 2


def test_a_sample_that_the_smoothing_holds_back_does_not_move_the_centre():
    detector = DispersionDetector(DISPLAY)
    updates(detector, resting(0, 200, 2.0))
    late = detector.add(GazePoint(216 * MS, 2.4, 1.0), GazePoint(216 * MS, 5.0, 1.0), THRESHOLD_DEG)
    assert late.phase is FixationPhase.CONTINUED
    assert late.fixation.sample_count == 21
    back = detector.add(*[GazePoint(232 * MS, 2.0, 1.0)] * 2, THRESHOLD_DEG)
    assert back.fixation.sample_count == 22
    assert DISPLAY.degrees_from_display(back.fixation.centre_display)[0] == pytest.approx(2.0)


def test_a_small_move_that_stays_is_another_fixation():
    points = [*resting(0, 300, 2.0), *resting(310, 600, 3.2)]
    found = [u for u in updates(DispersionDetector(DISPLAY), points) if u]
    phases = [u.phase for u in found if u.phase is not FixationPhase.CONTINUED]
    assert phases == [FixationPhase.STARTED, FixationPhase.ENDED, FixationPhase.STARTED]
    ended = next(u.fixation for u in found if u.phase is FixationPhase.ENDED)
    assert ended.end_ns == 300 * MS
    assert found[-1].fixation.start_ns == 310 * MS


def test_a_fixation_reaches_from_its_first_to_its_last_sample():
    points = [*resting(0, 200, 2.0), *resting(210, 400, 8.0)]
    ended = [u for u in updates(DispersionDetector(DISPLAY), points) if u and u.phase == "ended"]
    assert len(ended) == 1
    fixation = ended[0].fixation
    assert (fixation.start_ns, fixation.end_ns, fixation.sample_count) == (0, 200 * MS, 21)
    assert fixation.duration_ms == 200.0
    centre_deg = DISPLAY.degrees_from_display(fixation.centre_display)
    assert centre_deg == pytest.approx((2.0, 1.0))


def test_ending_by_hand_ends_once():
    detector = DispersionDetector(DISPLAY)
    updates(detector, resting(0, 200, 2.0))
    update = detector.end()
    assert update is not None
    assert update.phase is FixationPhase.ENDED
    assert detector.end() is None


def test_after_an_end_a_new_fixation_needs_its_full_time():
    detector = DispersionDetector(DISPLAY)
    updates(detector, resting(0, 200, 2.0))
    detector.end()
    started = [u for u in updates(detector, resting(210, 400, 2.0)) if u and u.phase == "started"]
    assert [u.fixation.start_ns for u in started] == [210 * MS]
    assert [u.fixation.end_ns for u in started] == [310 * MS]


def test_two_samples_far_apart_in_time_are_no_fixation():
    assert updates(DispersionDetector(DISPLAY), resting(0, 150, 2.0, step_ms=150)) == [None] * 2


def test_centre_and_spread_are_those_of_the_measured_gaze():
    random = np.random.default_rng(0)
    detector = DispersionDetector(DISPLAY)
    measured = random.normal((3.0, -2.0), 0.4, (50, 2))
    for i, (x_deg, y_deg) in enumerate(measured.tolist()):
        update = detector.add(
            GazePoint(i * 10 * MS, 9.0, 9.0), GazePoint(i * 10 * MS, x_deg, y_deg), THRESHOLD_DEG
        )
    assert update is not None
    centre_deg = DISPLAY.degrees_from_display(update.fixation.centre_display)
    assert centre_deg == pytest.approx(tuple(measured.mean(axis=0)), abs=1e-9)
    spread_deg = math.sqrt(((measured - measured.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert update.fixation.spread_deg == pytest.approx(spread_deg)


def test_the_spread_of_a_long_still_fixation_does_not_drown_in_rounding():
    update = updates(DispersionDetector(DISPLAY), resting(0, 100_000, 17.3))[-1]
    assert update is not None
    assert update.fixation.spread_deg == 0.0


def test_a_higher_threshold_finds_a_noisier_fixation():
    random = np.random.default_rng(0)
    points = [
        GazePoint(i * 4 * MS, x_deg, y_deg)
        for i, (x_deg, y_deg) in enumerate(random.normal(0.0, 0.5, (250, 2)).tolist())
    ]
    strict, lenient = DispersionDetector(DISPLAY), DispersionDetector(DISPLAY)
    assert not any(strict.add(point, point, 1.0) for point in points)
    assert sum(lenient.add(point, point, 4.0) is not None for point in points) > 150


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.floats(-1.4, 1.4), st.floats(-1.4, 1.4)), max_size=120
    ),
    st.lists(st.integers(0, 119), max_size=4),
)
def test_the_stream_finds_what_the_definition_finds(steps, jumps):
    points, t_ms, x_deg = [], 0, 0.0
    for i, (step_ms, dx_deg, y_deg) in enumerate(steps):
        t_ms += step_ms
        x_deg += 5.0 if i in jumps else 0.0
        points.append(GazePoint(t_ms * MS, x_deg + 0.5 * dx_deg, 0.5 * y_deg))
    detector = DispersionDetector(DISPLAY)
    ends = [*updates(detector, points), detector.end()]
    found = [
        (u.fixation.start_ns, u.fixation.end_ns, u.fixation.sample_count)
        for u in ends
        if u and u.phase is FixationPhase.ENDED
    ]
    expected = [(w[0].t_ns, w[-1].t_ns, len(w)) for w in fixations_by_definition(points)]
    assert found == expected
