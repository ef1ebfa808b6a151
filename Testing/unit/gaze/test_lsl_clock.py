"""A stream's time stamps on our clock."""

from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.gaze.lsl_clock import ClockDifference, StampClock

S, MS = 1_000_000_000, 1_000_000


def test_stamps_that_can_be_true_are_kept() -> None:
    clock = StampClock()
    assert [clock.host_ns(t, t + 3 * MS) for t in (10 * S, 10 * S + 1, 11 * S)] == [
        10 * S, 10 * S + 1, 11 * S,
    ]  # fmt: skip
    assert clock.trusted


def test_repeated_and_late_samples_are_left_out() -> None:
    clock = StampClock()
    assert clock.host_ns(10 * S, 10 * S) == 10 * S
    assert clock.host_ns(10 * S, 10 * S) is None
    assert clock.host_ns(10 * S - MS, 10 * S) is None
    assert clock.trusted


def test_stamps_of_another_clock_become_times_of_arrival() -> None:
    clock = StampClock()
    times = [clock.host_ns(i * 4 * MS, 500 * S + i * 4 * MS) for i in range(10)]
    assert times == [500 * S + i * 4 * MS for i in range(10)]
    assert not clock.trusted


def test_a_clock_that_jumps_ahead_and_back_costs_no_sample() -> None:
    clock = StampClock()
    stamps = [100 * S + i * 4 * MS + (3600 * S if 50 <= i < 100 else 0) for i in range(150)]
    times = [clock.host_ns(stamp, 100 * S + i * 4 * MS) for i, stamp in enumerate(stamps)]
    assert all(t is not None for t in times)
    assert max(abs(t - (100 * S + i * 4 * MS)) for i, t in enumerate(times)) <= MS


@given(st.lists(st.tuples(st.integers(-(10**18), 10**18), st.integers(0, 10**9)), max_size=60))
def test_times_rise_strictly_whatever_is_stamped(steps) -> None:
    clock, arrival_ns, latest_ns = StampClock(), 10**15, -1
    for stamp_ns, wait_ns in steps:
        arrival_ns += wait_ns
        t_ns = clock.host_ns(stamp_ns, arrival_ns)
        assert t_ns is None or t_ns > latest_ns
        latest_ns = latest_ns if t_ns is None else t_ns


def test_the_difference_follows_without_steps() -> None:
    difference = ClockDifference()
    difference.update(7 * S)
    difference.update(7 * S + MS)
    assert difference.ns == 7 * S + MS // 10


def test_a_clock_that_was_set_is_followed_at_once() -> None:
    difference = ClockDifference()
    difference.update(7 * S)
    difference.update(9 * S)
    assert difference.ns == 9 * S
