"""Whether gaze at 1200 Hz takes ever more memory: accelerated time through the code of a session.

A real outlet of Lab Streaming Layer sends a second's samples at once, `LslSource` reads them, and
the signal chain and the panel's meter take them; the source's clock is the simulated time. So an
hour's samples pass in minutes; nothing waits in between, as it would in a real hour.
"""

import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import SkipTest

from GazeSAMLib.gaze.lsl_library import LOOPBACK_CONFIGURATION
from GazeSAMLib.gaze.lsl_source import LslSource
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.hosts.cli.bridge.player import values_of
from GazeSAMLib.hosts.cli.bridge.tobii_bridge import Description, open_outlet
from GazeSAMLib.hosts.slicer.gaze_meter import GazeMeter
from GazeSAMLib.signals.chain import SignalChain
from Testing.simulated_gaze import DISPLAY, simulate

RATE_HZ = 1200
WARM_UP_SHARE = 0.1
STATM = Path("/proc/self/statm")


class Clock:
    """Simulated time."""

    def __init__(self) -> None:
        self.now_ns = 10**12

    def __call__(self) -> int:
        return self.now_ns


def gaze_growth(*, long: bool = False) -> dict[str, float]:
    """Return by how many MB memory grew after the first tenth, and how many samples were lost.

    One simulated minute; with `long` one simulated hour.
    """
    if not STATM.is_file():
        raise SkipTest("this system does not tell how much memory a process has (/proc)")
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:
        raise SkipTest(f"Lab Streaming Layer is not installed: {error}") from error
    seconds, clock = 3600 if long else 60, Clock()
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as configuration:
        configuration.write(f"[lab]\nSessionID={uuid.uuid4().hex}\n{LOOPBACK_CONFIGURATION}")
        configuration.flush()
        os.environ.setdefault("LSLAPICFG", configuration.name)
        source = LslSource("bench hour", clock_ns=clock)
        source.start()
        begin_s = pylsl.local_clock()
        told = Description("bench", "hour", uuid.uuid4().hex, "", RATE_HZ, None, None)
        outlet = open_outlet(pylsl, told, network=True)
        while not outlet.wait_for_consumers(0.01):
            clock.now_ns += 100_000_000
            source.read()
        lost, memory_mb = passed(source, outlet, clock, seconds, begin_s)
        source.stop()
    warm = round(WARM_UP_SHARE * seconds)
    return {
        "gaze_growth_mb": max(memory_mb[warm:]) - memory_mb[warm],
        "gaze_growth_lost_samples": float(lost),
        "gaze_growth_simulated_minutes": seconds / 60,
    }


def passed(
    source: LslSource, outlet: object, clock: Clock, seconds: int, begin_s: float
) -> tuple[int, list[float]]:
    """Let so much simulated time pass; return lost samples and the memory after each second."""
    chain, meter = SignalChain(DISPLAY), GazeMeter(DISPLAY)
    lost, memory_mb, idle_ns = 0, [], clock.now_ns - Clock().now_ns
    for second, samples in enumerate(seconds_of_gaze(seconds)):
        stamps_s = [begin_s + (idle_ns + sample.t_ns) / 1e9 for sample in samples]
        for sample, stamp_s in zip(samples, stamps_s, strict=True):
            outlet.push_sample(values_of(sample, stamp_s), stamp_s)
        clock.now_ns = Clock().now_ns + idle_ns + (second + 1) * 10**9
        missing = len(samples)
        for _ in range(100_000):
            came = source.read()
            missing -= len(came)
            for sample in came:
                chain.add(sample)
                meter.add(sample)
            if missing <= 0:
                break
        lost += missing
        memory_mb.append(resident_mb())
    return lost, memory_mb


def seconds_of_gaze(count: int) -> Iterator[list[GazeSample]]:
    """Yield the samples of one second after the other, the same fixations again and again."""
    taken = simulate(float(RATE_HZ), 0.2, fixations=8).samples()[:RATE_HZ]
    for second in range(count):
        yield [
            replace(one, t_ns=second * 10**9 + i * 10**9 // RATE_HZ) for i, one in enumerate(taken)
        ]


def resident_mb() -> float:
    """Return how much memory this process has."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
