"""A device's times on the recording machine's clock."""

from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.gaze.device_clock import DeviceClock

MS = 1_000_000


def test_a_late_chunk_does_not_move_its_samples() -> None:
    clock = DeviceClock()
    on_time = [clock.host_ns(i * 10 * MS, 500 * MS + i * 10 * MS) for i in range(10)]
    late = [clock.host_ns((10 + i) * 10 * MS, 900 * MS) for i in range(10)]
    assert on_time + late == [500 * MS + i * 10 * MS for i in range(20)]


def test_repeated_and_late_samples_are_left_out() -> None:
    clock = DeviceClock()
    assert clock.host_ns(100 * MS, 100 * MS) is not None
    assert clock.host_ns(100 * MS, 101 * MS) is None
    assert clock.host_ns(90 * MS, 102 * MS) is None
    assert clock.host_ns(110 * MS, 110 * MS) is not None


def test_a_clock_that_was_set_anew_goes_on() -> None:
    for jump_ns in (-3_600_000 * MS, 3_600_000 * MS):
        clock = DeviceClock()
        assert clock.host_ns(5000_000 * MS, 1000 * MS) == 1000 * MS
        assert clock.host_ns(5000_010 * MS + jump_ns, 1010 * MS) == 1010 * MS
        assert clock.host_ns(5000_020 * MS + jump_ns, 1020 * MS) == 1020 * MS


def test_clocks_that_run_apart_are_followed() -> None:
    """A device whose second is 100 millionths short, for an hour at 100 Hz."""
    clock, worst_ns = DeviceClock(), 0
    for i in range(0, 3_600_000, 10):
        host_ns = i * MS
        t_ns = clock.host_ns(i * (MS - 100), host_ns)
        worst_ns = max(worst_ns, abs(t_ns - host_ns))
    assert worst_ns < 2.5 * MS  # it would be 360 ms


@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 10**9))))
def test_times_rise_whatever_the_device_says(steps: list[tuple[int, int]]) -> None:
    clock, arrival_ns, times = DeviceClock(), 0, []
    for device_ns, later_ns in steps:
        arrival_ns += later_ns
        t_ns = clock.host_ns(device_ns, arrival_ns)
        if t_ns is not None:
            times.append(t_ns)
    assert times == sorted(set(times))


def test_a_first_chunk_that_was_held_up_keeps_its_distances() -> None:
    times = DeviceClock().host_times_ns([i * 10 * MS for i in range(5)], 900 * MS)
    assert times == [(860 + 10 * i) * MS for i in range(5)]


def test_a_clock_set_back_within_a_chunk_goes_on() -> None:
    clock = DeviceClock()
    before = [5_000_000 * MS + i * 10 * MS for i in range(3)]
    after = [i * 10 * MS for i in range(3)]
    times = clock.host_times_ns([*before, *after], 1000 * MS)
    assert times[:3] == [980 * MS, 990 * MS, 1000 * MS]
    assert None not in times
    assert times == sorted(set(times))
    assert clock.host_ns(30 * MS, 1010 * MS) == 1010 * MS


@given(
    st.lists(st.tuples(st.lists(st.integers(-(10**10), 10**10), max_size=5), st.integers(0, 10**9)))
)
def test_chunks_give_a_rising_time_for_each_sample_that_rises(chunks: list) -> None:
    clock, arrival_ns, times = DeviceClock(), 0, []
    for device_times, later_ns in chunks:
        arrival_ns += later_ns
        found = clock.host_times_ns(device_times, arrival_ns)
        assert len(found) == len(device_times)
        times += [t_ns for t_ns in found if t_ns is not None]
    assert times == sorted(set(times))
