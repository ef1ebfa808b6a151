"""Least and largest of a sliding window, at constant cost."""

from collections import deque


class SlidingRange:
    """Range of the values within a window whose ends only move forward.

    Two monotonic queues: each value enters and leaves each queue once, so that the cost
    per value is constant on average, whatever the window's length.
    """

    def __init__(self) -> None:
        self._falling: deque[tuple[int, float]] = deque()
        self._rising: deque[tuple[int, float]] = deque()

    def push(self, t_ns: int, value: float) -> None:
        """Take in the newest value."""
        falling, rising = self._falling, self._rising
        while falling and falling[-1][1] <= value:
            falling.pop()
        falling.append((t_ns, value))
        while rising and rising[-1][1] >= value:
            rising.pop()
        rising.append((t_ns, value))

    def expire(self, before_ns: int) -> None:
        """Drop what is older than `before_ns`."""
        while self._falling and self._falling[0][0] < before_ns:
            self._falling.popleft()
        while self._rising and self._rising[0][0] < before_ns:
            self._rising.popleft()

    def clear(self) -> None:
        """Drop everything."""
        self._falling.clear()
        self._rising.clear()

    @property
    def least(self) -> float:
        """Smallest value in the window."""
        return self._rising[0][1]

    @property
    def largest(self) -> float:
        """Largest value in the window."""
        return self._falling[0][1]

    def __len__(self) -> int:
        """Return how many entries are held, at most twice the window's length."""
        return len(self._falling) + len(self._rising)
