"""How long a sample takes from Tobii's SDK through the bridge to the session, and whether all come.

The real bridge runs in a process of its own, with a stand-in for the SDK that calls back at the
tracker's rate; what it costs the stand-in to keep time counts as latency too.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path
from unittest import SkipTest

import numpy as np

from GazeSAMLib.gaze.lsl_library import LOOPBACK_CONFIGURATION
from GazeSAMLib.gaze.lsl_source import LslSource
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from Testing.simulated_gaze import DISPLAY, simulate

ROOT = Path(__file__).resolve().parents[2]
BRIDGE = ROOT / "GazeSAMLib/hosts/cli/bridge/tobii_bridge.py"
POLL_S = 0.0005
SERIES_S = 10.0
PATIENCE_S = 5.0  # a busy computer stands still for a second now and then
LEAD_S = 2.0  # for the session to find the stream before the first sample


def lsl_latency(*, long: bool = False) -> dict[str, float]:
    """Return latencies in ms at 60, 250 and 1200 Hz, and how many samples were lost in all.

    Samples that the SDK's buffer of 64 could not hold, because this computer stood still for so
    long, are counted by themselves: they never reached the bridge.

    From the SDK's time stamp to the return of `LslSource.read`, asked every half millisecond;
    10 s at each rate, with `long` 10 minutes.
    """
    try:
        import pylsl  # noqa: F401
    except (ImportError, RuntimeError) as error:
        raise SkipTest(f"Lab Streaming Layer is not installed: {error}") from error
    numbers: dict[str, float] = {}
    lost = overflowed = 0
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "lsl_api.cfg")
        configuration.write_text(f"[lab]\nSessionID={uuid.uuid4().hex}\n{LOOPBACK_CONFIGURATION}")
        os.environ["LSLAPICFG"] = str(configuration)
        for rate_hz in (60, 250, 1200):
            latencies_ms, sent, dropped = measured(
                Path(folder, str(rate_hz)), rate_hz, 60 if long else 1
            )
            lost += sent - dropped - len(latencies_ms)
            overflowed += dropped
            numbers[f"lsl_latency_ms_p50_{rate_hz}hz"] = float(np.percentile(latencies_ms, 50))
            numbers[f"lsl_latency_ms_p99_{rate_hz}hz"] = float(np.percentile(latencies_ms, 99))
    counts = {"lsl_lost_samples": float(lost), "lsl_sdk_overflow_samples": float(overflowed)}
    return numbers | counts


def measured(folder: Path, rate_hz: int, series: int) -> tuple[list[float], int, int]:
    """Return the latency of each sample that arrived, ms, how many were sent, and overflowed."""
    count = write_recording(folder, rate_hz)
    script, overflow = folder / "standin.json", folder / "overflow"
    said = {"recording": str(folder), "trackers": ["B-1"], "lead_s": LEAD_S, "repeat": series}
    script.write_text(json.dumps(said | {"overflow_log": str(overflow)}))
    variables = {"PYTHONPATH": f"{ROOT / 'Testing/devices'}{os.pathsep}{ROOT}"}
    source, latencies_ms, sent = LslSource(), [], count * series
    source.start()
    with subprocess.Popen(
        [sys.executable, str(BRIDGE)],
        env=os.environ | variables | {"TOBII_STANDIN": str(script)},
        stderr=subprocess.DEVNULL,
    ) as bridge:
        heard_s = time.monotonic() + 30.0
        while len(latencies_ms) < sent and time.monotonic() < heard_s + PATIENCE_S:
            samples = source.read()
            now_ns = time.monotonic_ns()
            if samples:
                latencies_ms += [(now_ns - sample.t_ns) / 1e6 for sample in samples]
                heard_s = now_ns / 1e9
            time.sleep(POLL_S)
        bridge.terminate()
    source.stop()
    if not latencies_ms:
        raise RuntimeError("no sample arrived: nothing was measured")
    return latencies_ms, sent, overflow.stat().st_size if overflow.is_file() else 0


def write_recording(folder: Path, rate_hz: int) -> int:
    """Write a recording of ten seconds; return its number of samples."""
    header = RecordingHeader(
        0.0, 0.0, DISPLAY.width_px, DISPLAY.height_px, DISPLAY.width_mm, DISPLAY.height_mm,
        DISPLAY.distance_mm, Tracker("bench", rate_hz=float(rate_hz)),
    )  # fmt: skip
    period_ns = round(1e9 / rate_hz)
    taken = simulate(60.0, 0.2, fixations=4).samples()
    samples = [
        replace(taken[i % len(taken)], t_ns=i * period_ns) for i in range(round(SERIES_S * rate_hz))
    ]
    with RecordingWriter(folder, header) as file:
        file.add_samples(samples)
    return len(samples)
