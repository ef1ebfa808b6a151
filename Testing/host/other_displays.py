"""The same tests on other displays: Qt takes scaling and monitors for the life of a process."""

import os
import subprocess
import sys
from pathlib import Path

MONITORS = "GAZESAM_HOST_MONITORS"
_PYTHON = sys.executable  # the fixture hides it


def passes_on_display(tests: Path | str, *factors: float) -> None:
    """Run `tests` in a process whose window opens on monitors scaled by `factors`.

    Parameters
    ----------
    tests : Path or str
        A file of tests, or ``file::test``.
    *factors : float
        The device pixels for each logical one, monitor by monitor from left to right.

    Raises
    ------
    AssertionError
        If a test fails there.
    """
    variables = {
        **os.environ,
        MONITORS: str(len(factors)),
        "QT_SCREEN_SCALE_FACTORS": ";".join(map(str, factors)),
    }
    command = [_PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    run = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
