"""How fast the Slicer module is, in the window host and with its real engine process."""

import json
import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

ROOT = Path(__file__).resolve().parents[2]


def module_session(*, long: bool = False) -> dict[str, float]:
    """Return latency, idle cost and, with `long`, the growth of a session in a window.

    - ``fixation_to_outline_ms_p95_512`` and ``_1024``: from the sample with which a fixation is
      detected to the rendered outline; slices of 512 and 1024 pixels, default engine.
    - ``session_idle_cpu_percent``: processor time of a session in which nothing happens, over
      that of the same window without one, percent of one core.
    - ``session_1200hz_growth_mb``: resident memory after ten minutes' worth of gaze at 1200 Hz
      (45 million numbers, delivered as fast as they are taken), over that after half a minute.
    """
    command = [sys.executable, "-m", "Testing.bench.module_process", *(["--long"] if long else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not done.stdout.strip():
        raise RuntimeError(f"the window host failed:\n{done.stderr[-2000:]}")
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if "skip" in numbers:
        raise SkipTest(str(numbers["skip"]))
    return numbers
