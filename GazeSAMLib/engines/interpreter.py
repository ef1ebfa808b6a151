"""How to start the worker: which Python, with which environment.

Inside 3D Slicer ``sys.executable`` can be empty or Slicer itself, so the interpreter has to
be looked for.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import GazeSAMLib
from GazeSAMLib.errors import WorkerError


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where an interpreter may be found.

    Attributes
    ----------
    executable : str
        ``sys.executable``; empty or another program where Python is embedded.
    base_prefix : str
        ``sys.base_prefix``; in Slicer ``<Slicer>/lib/Python``.
    slicer_home : str
        The environment's ``SLICER_HOME``, empty where it is not set.
    """

    executable: str
    base_prefix: str
    slicer_home: str

    @classmethod
    def current(cls) -> "Surroundings":
        """Return those of this process."""
        return cls(sys.executable or "", sys.base_prefix, os.environ.get("SLICER_HOME", ""))

    def candidates(self) -> list[Path]:
        """Return the paths at which an interpreter may lie, likeliest first."""
        executable, prefix = Path(self.executable), Path(self.base_prefix)
        # The name tells Python from a program that embeds it.
        found = [executable] if executable.name.lower().startswith(("python", "pypy")) else []
        slicer_folders = [prefix.parent.parent / "bin"]
        if self.executable:
            slicer_folders.insert(0, executable.parent)
        if self.slicer_home:
            slicer_folders.append(Path(self.slicer_home, "bin"))
        found += [folder / "PythonSlicer" for folder in slicer_folders]
        version = "{}.{}".format(*sys.version_info)
        names = (f"python{version}", "python3", "python")
        return found + [folder / name for folder in (prefix / "bin", prefix) for name in names]


def find_python(named: str | None = None, surroundings: Surroundings | None = None) -> str:
    """Return the path of a Python interpreter that can run the worker.

    Parameters
    ----------
    named : str or None
        The one that the user chose; nothing else is tried then.
    surroundings : Surroundings or None
        None takes those of this process.

    Raises
    ------
    WorkerError
        If there is none.
    """
    if named is not None:
        found = _program(Path(named))
        if found is None:
            raise WorkerError(f"{named} is no program; name a Python interpreter instead")
        return found
    candidates = (surroundings or Surroundings.current()).candidates()
    for candidate in candidates:
        found = _program(candidate)
        if found is not None:
            return found
    raise WorkerError(
        "no Python interpreter for the engine process was found (the last place was "
        f"{candidates[-1]}); name one in the settings"
    )


def worker_command(python: str) -> list[str]:
    """Return the command that starts the worker."""
    # -P keeps what lies in the current folder from being imported in a package's place.
    return [python, "-P", "-m", "GazeSAMLib.hosts.worker"]


def worker_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the worker's environment variables: `inherited`, this package, and threads.

    Numerical libraries take as many threads as there are processors; on the second thread of
    a core they only get in each other's way. What the user set stays.
    """
    package = str(Path(GazeSAMLib.__file__).resolve().parents[1])
    paths = [package, inherited.get("PYTHONPATH", "")]
    return {
        "OMP_NUM_THREADS": str(_core_count()),
        **inherited,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }


def _program(path: Path) -> str | None:
    suffixes = ("", ".exe") if os.name == "nt" else ("",)
    for suffix in suffixes:
        program = path.with_name(path.name + suffix)
        if program.is_file() and os.access(program, os.X_OK):
            return str(program)
    return None


def _core_count() -> int:
    """Return the number of physical cores that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    processors = os.sched_getaffinity(0)
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        return len({Path(topology.format(number)).read_text("ascii") for number in processors})
    except OSError:
        return len(processors)
