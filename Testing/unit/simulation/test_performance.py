"""Samples and events of a performance come in order and as a person would cause them."""

import numpy as np
import pytest

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.signals.validity import merged_eyes
from GazeSAMLib.simulation.layout import arrange
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.performance import Performance
from GazeSAMLib.simulation.window import Layout
from Testing.painted_scan import DISPLAY, painted_scan

CENTRE = DisplayPoint(0.6, 0.5)


@pytest.fixture
def taken() -> list[GazeSample | Event]:
    return []


def a_performance(taken: list, seed: int = 0, **options) -> Performance:
    return Performance(DISPLAY, ReaderOptions(**options), seed, taken.append)


def test_time_rises_strictly_whatever_is_done(taken: list) -> None:
    performance = a_performance(taken, rate_hz=300.0)
    views = arrange(painted_scan(), DISPLAY, Layout.FOUR_UP).views
    for delay_ms in (0.0, 1.0, 3.4, 90.0):
        performance.show(views[: 1 + int(delay_ms) % 3])
        performance.press(EventKind.LARGER, delay_ms)
        performance.press(EventKind.ACCEPT, delay_ms)
        performance.look_at(CENTRE)
        performance.hold(37.3)
    times = [item.t_ns for item in taken]
    assert (np.diff(times) > 0).all()


def test_samples_come_at_the_asked_rate(taken: list) -> None:
    a_performance(taken, rate_hz=250.0).hold(10_000.0)
    intervals_ms = np.diff([item.t_ns for item in taken]) / 1e6
    assert len(taken) == 2500
    assert intervals_ms.mean() == pytest.approx(4.0, rel=1e-3)
    assert 0.0 < intervals_ms.std() < 0.4


def test_a_view_is_told_when_it_changes_and_when_it_goes(taken: list) -> None:
    performance = a_performance(taken)
    scan = painted_scan()
    four, one = arrange(scan, DISPLAY, Layout.FOUR_UP), arrange(scan, DISPLAY)
    performance.show(four.views)
    performance.show(four.views)
    performance.show(one.views)
    told = [(event.details["name"], event.details["visible"]) for event in taken]
    assert sorted(told[:3]) == [("Green", True), ("Red", True), ("Yellow", True)]
    assert sorted(told[3:]) == [("Green", False), ("Red", True), ("Yellow", False)]


def test_a_key_that_is_pressed_later_comes_while_the_eye_does_other_things(taken: list) -> None:
    performance = a_performance(taken)
    performance.look_at(CENTRE)
    pressed_ms = performance.t_ms
    performance.press(EventKind.ACCEPT, 300.0)
    performance.look_at(DisplayPoint(0.2, 0.2))
    performance.hold(500.0)
    event = next(item for item in taken if isinstance(item, Event))
    start_ns = next(item.t_ns for item in taken if isinstance(item, GazeSample)) - 8_333_333
    assert (event.t_ns - start_ns) / 1e6 == pytest.approx(pressed_ms + 300.0, abs=12.0)
    assert isinstance(taken[-1], GazeSample)


def test_key_delays_lie_between_their_bounds_and_are_skewed(taken: list) -> None:
    performance = a_performance(taken, key_delay_ms=(250.0, 600.0))
    delays = np.array([performance.key_delay_ms() for _ in range(2000)])
    assert delays.min() >= 250.0
    assert delays.max() <= 600.0
    assert np.median(delays) < delays.mean()


def test_the_reader_looks_beside_the_display_now_and_then(taken: list) -> None:
    performance = a_performance(taken, looks_away_per_min=6.0, blinks_per_min=0.0)
    for _ in range(120):
        performance.look_away_at_times()
        performance.look_at(CENTRE)
        performance.hold(500.0)
    points = [merged_eyes(sample) for sample in taken]
    beside = np.array([p is not None and not p.on_display for p in points])
    visits = np.count_nonzero(np.diff(beside.astype(int)) == 1)
    assert 2 <= visits <= 20


def test_one_who_never_looks_away_stays_on_the_display(taken: list) -> None:
    performance = a_performance(taken, looks_away_per_min=0.0, blinks_per_min=0.0)
    for _ in range(60):
        performance.look_away_at_times()
        performance.look_at(CENTRE)
        performance.hold(500.0)
    assert all(p is None or p.on_display for p in map(merged_eyes, taken))


def test_a_worse_tracker_does_not_change_what_the_reader_does() -> None:
    events: list[list] = []
    for accuracy_deg in (0.0, 1.5):
        taken: list = []
        performance = a_performance(taken, 5, accuracy_deg=accuracy_deg, precision_rms_deg=0.3)
        for _ in range(5):
            performance.look_at(CENTRE)
            performance.press(EventKind.ACCEPT, performance.key_delay_ms())
            performance.hold(700.0)
        events.append([item for item in taken if isinstance(item, Event)])
    assert events[0] == events[1]
