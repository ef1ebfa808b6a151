"""The Python environment in which Tobii's SDK lives: made once, found again."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.hosts.cli.bridge import tobii_bridge

PACKAGES: Final = ("tobii_research>=2.1", "pylsl>=1.18")
BRIDGE: Final = Path(tobii_bridge.__file__)
LICENCE: Final = """\
Tobii's SDK (the package tobii_research) is not part of GazeSAM and has a licence of its own:

  https://go.tobii.com/tobii-pro-sdk-license-agreement

Read it before you go on. It is made for research; medical or commercial use needs another
agreement with Tobii. Its parts may not be passed on. Whether you may use it is between you
and Tobii: GazeSAM does not accept the terms for you.
"""


def environment_folder(
    variables: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """Return where the environment lies, on this computer and for this user."""
    if platform == "win32":
        base = Path(variables.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
        return base / "GazeSAM" / "tobii"
    if platform == "darwin":
        return Path.home() / "Library/Application Support/GazeSAM/tobii"
    base = Path(variables.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    return base / "gazesam" / "tobii"


def environment_python(folder: Path, platform: str = sys.platform) -> Path:
    """Return the environment's interpreter."""
    return folder / ("Scripts/python.exe" if platform == "win32" else "bin/python")


def check_python(python: str) -> None:
    """Make sure that `python` is one that Tobii's SDK is made for.

    Raises
    ------
    TrackerError
        If it cannot be run or is another version.
    """
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        told = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TrackerError(f"{python} cannot be run: {error}") from error
    version = told.stdout.strip()
    if told.returncode != 0 or not version:
        raise TrackerError(f"{python} is no Python interpreter: {told.stderr.strip()[-200:]}")
    if version != "3.10":
        raise TrackerError(
            f"{python} is Python {version}; Tobii's SDK is made for Python 3.10: install that, "
            "and name it with --python"
        )


def make_environment(python: str, folder: Path) -> None:
    """Make the environment, or make it anew; what pip says goes to the terminal.

    Raises
    ------
    TrackerError
        If `python` does not fit or a package cannot be installed.
    """
    check_python(python)
    steps = (
        [python, "-m", "venv", "--clear", str(folder)],
        [str(environment_python(folder)), "-m", "pip", "install", *PACKAGES],
    )
    for command in steps:
        try:
            code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
        except OSError as error:
            raise TrackerError(f"{command[0]} cannot be run: {error}") from error
        if code != 0:
            raise TrackerError(
                f"the environment for Tobii's SDK could not be made in {folder}: "
                f"`{' '.join(command)}` failed; what it said stands above"
            )


def bridge_command(folder: Path, arguments: list[str]) -> list[str]:
    """Return the command that runs the bridge in the environment.

    Raises
    ------
    TrackerError
        If the environment has not been made.
    """
    python = environment_python(folder)
    if not python.is_file():
        raise TrackerError(
            "Tobii's SDK is not set up: run `gazesam bridge setup-tobii --python PATH` with the "
            "path of a Python 3.10"
        )
    return [str(python), str(BRIDGE), *arguments]
