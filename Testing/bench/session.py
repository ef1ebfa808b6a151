"""How much memory a whole session takes."""

import json
import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

ROOT = Path(__file__).resolve().parents[2]


def session_peak_mb() -> float:
    """Return the peak memory of a session on a 512 x 512 x 300 scan, over that of an idle process.

    The scan itself (157 MB as int16) is in it, as are the labelmap, the engine's embeddings and
    what undo keeps; six slices of each of four orientations, one oblique, are accepted.
    Measured in a process of its own.
    """
    try:
        import resource  # noqa: F401 - asked for before a process is started
    except ImportError as error:
        raise SkipTest("this system does not tell a process's peak memory") from error
    command = [sys.executable, "-m", "Testing.bench.session_process"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["peak_mb"])
