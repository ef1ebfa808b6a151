"""A duration's histogram as numbers for an inline SVG."""

from array import array
from dataclasses import dataclass

import numpy as np

from GazeSAMLib.hosts.cli.timing import Figures, figures

BARS = 32


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations of one kind.

    Attributes
    ----------
    title, unit : str
        What was measured.
    figures : Figures
        Median, 95th percentile, count.
    bars : tuple of float
        Height of each bar, 0 to 1; the last one holds all longer durations too.
    longest : float
        The right end of the axis.
    median_at, p95_at : float
        Where on the axis they lie, 0 to 1.
    """

    title: str
    unit: str
    figures: Figures
    bars: tuple[float, ...]
    longest: float
    median_at: float
    p95_at: float


def histogram(title: str, unit: str, values: "array[float]") -> Histogram | None:
    """Return the histogram of durations; None where nothing was measured."""
    if not values:
        return None
    durations = np.asarray(values)
    told = figures(values)
    # A few long ones must not press the others into one bar.
    longest = max(float(np.percentile(durations, 99.0)) * 1.1, told.p95 * 1.1, 1e-9)
    counts, _ = np.histogram(np.minimum(durations, longest), bins=BARS, range=(0.0, longest))
    heights = tuple((counts / counts.max()).tolist())
    return Histogram(title, unit, told, heights, longest, told.median / longest, told.p95 / longest)
