"""What a gaze sample costs in the signal chain."""

import statistics
import time

from GazeSAMLib.signals.chain import SignalChain
from Testing.simulated_gaze import DISPLAY, simulate


def signals_us_median() -> float:
    """Return the median cost of a sample in `SignalChain`, microseconds.

    600 Hz, 0.2 degree of noise, fixations and saccades of 15 seconds.
    """
    samples = simulate(600.0, 0.2, fixations=40).samples()
    chain = SignalChain(DISPLAY)
    costs_ns = []
    for sample in samples:
        start_ns = time.perf_counter_ns()
        chain.add(sample)
        costs_ns.append(time.perf_counter_ns() - start_ns)
    return statistics.median(costs_ns) / 1e3
