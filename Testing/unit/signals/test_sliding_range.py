from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.signals.sliding_range import SlidingRange


@given(st.lists(st.tuples(st.floats(-50.0, 50.0), st.integers(0, 3)), min_size=1, max_size=80))
def test_it_equals_the_range_of_a_list(steps: list[tuple[float, int]]):
    """Each step takes in one value and drops up to three old ones, but never the newest."""
    sliding = SlidingRange()
    window: list[tuple[int, float]] = []
    for t_ns, (value, dropped) in enumerate(steps):
        sliding.push(t_ns, value)
        window.append((t_ns, value))
        window = window[min(dropped, len(window) - 1) :]
        sliding.expire(window[0][0])
        values = [value for _, value in window]
        assert (sliding.least, sliding.largest) == (min(values), max(values))
        assert len(sliding) <= 2 * len(window)


def test_nothing_is_left_after_clearing():
    sliding = SlidingRange()
    sliding.push(0, 99.0)
    sliding.clear()
    assert len(sliding) == 0
    sliding.push(1, 1.0)
    assert (sliding.least, sliding.largest) == (1.0, 1.0)
