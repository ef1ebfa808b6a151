"""The command line as a person types it."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from GazeSAMLib.hosts.cli.main import app
from Testing.recorded_scan import look_at, record, write_scan


@dataclass(frozen=True)
class Said:
    """What a command line answered."""

    code: int
    out: str
    err: str


Gazesam = Callable[..., Said]


@pytest.fixture(scope="session")
def gazesam() -> Gazesam:
    """Run `gazesam` with the given arguments in this process, the engine too: it is quicker.

    The tests that use `run_installed` and `installed` have the engine in its own process.
    """

    def run(*arguments: object) -> Said:
        if arguments[0] == "segment":
            arguments = (*arguments, "--in-process")
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def installed() -> list[str]:
    """The installed command, for a process of its own."""
    beside = Path(sys.executable).parent
    for name in ("gazesam", "gazesam.exe"):
        if (beside / name).is_file():
            return [str(beside / name)]
    return [sys.executable, "-c", "from GazeSAMLib.hosts.cli.main import app; app()"]


@pytest.fixture(scope="session")
def run_installed(installed: list[str]) -> Gazesam:
    """Run the installed command in a process of its own."""

    def run(*arguments: object) -> Said:
        command = [*installed, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan of two balls."""
    return write_scan(tmp_path_factory.mktemp("scan") / "balls.nii.gz")


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory, scan: Path) -> Path:
    """Looks at both balls, on two slices of the first."""
    looks = (
        look_at(scan, "bright ball"),
        look_at(scan, "bright ball", along_mm=6.0),
        look_at(scan, "grey ball"),
    )
    return record(tmp_path_factory.mktemp("gaze") / "recording", scan, looks)
