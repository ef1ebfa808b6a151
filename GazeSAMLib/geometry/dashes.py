"""Dashed lines: how an outline is drawn that nobody has looked at."""

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

DASH, GAP = 7.0, 5.0
"""Lengths for a line that is one to two wide."""


def dashes(line: Points, dash: float = DASH, gap: float = GAP) -> list[Points]:
    """Return the dashes of a line, each with the line's corners in it.

    All are whole: dashes and gaps are stretched to fit, so that a closed line shows no seam.

    Parameters
    ----------
    line : ndarray, shape (N, 2)
        Its corners; those of a closed line end with the first one.
    dash, gap : float
        Lengths, in the units of `line`.
    """
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    if along[-1] <= 0.0:
        return [line]
    count = max(1, round(float(along[-1]) / (dash + gap)))
    period = along[-1] / count
    starts = period * np.arange(count)
    ends = starts + period * dash / (dash + gap)
    first = np.searchsorted(along, starts, side="right")
    last = np.searchsorted(along, ends, side="left")
    tips = [
        np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)
        for at in (starts, ends)
    ]
    return [
        np.concatenate((tips[0][n : n + 1], line[first[n] : last[n]], tips[1][n : n + 1]))
        for n in range(count)
    ]
