#!/usr/bin/env python3
"""Set GazeSAM up in ``.venv`` beside this file and run it: ``python3 run.py demo``.

The standard library alone, so that a machine with nothing but Python can start here. A
stamp in the environment says what is installed; where it fits, a command starts at once.
"""

from __future__ import annotations  # a Python that is too old must get as far as its sentence

import contextlib
import errno
import hashlib
import json
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)

# torch's usual build for Linux brings gigabytes of CUDA, which no test needs.
ON_LINUX_PC = sys.platform == "linux" and platform.machine() == "x86_64"
TORCH = "torch==2.13.0+cpu" if ON_LINUX_PC else "torch==2.13.0"

# The sets of packages that commands need, each as arguments of pip, one call after the other.
# An optional set is left out, with a word, where one of its packages is not to be had.
PACKAGES = {
    "GazeSAM": [["-e", "."]],
    "test tools": [["-e", ".[test]"]],
    "Segment Anything": [
        [TORCH],
        ["--no-deps", "torchvision==0.28.0"],  # its own choice of torch would be the other one
        ["segment-anything-py==1.0.1"],
        ["--no-deps", "timm==1.0.31"],  # the rest it asks for is for downloads from its hub
    ],
    "training": [[TORCH], ["onnx>=1.17", "onnxruntime>=1.20", "onnxscript>=0.5"]],
}
OPTIONAL = ("Segment Anything", "training")
NEEDS = {
    "demo": ["GazeSAM"],
    "test": ["GazeSAM", "test tools", "Segment Anything", "training"],
    "check": ["GazeSAM", "test tools"],
    "bench": ["GazeSAM", "Segment Anything"],
    "train": ["GazeSAM", "training"],
}

HELP = """\
usage: python3 run.py COMMAND [ARGUMENTS]

commands:
  demo [ARGUMENTS]   segment a real scan from a recording of gaze and show the result;
                     the arguments are those of `gazesam demo`
  test [ARGUMENTS]   run the tests; the arguments are those of pytest
  check              style, formatting, types and architecture
  bench [ARGUMENTS]  speed and memory: --json, --long, --only NAME
  train [ARGUMENTS]  train the network of the compact engine: --minutes N, --device cpu|cuda,
                     --seed S, --out FOLDER, --resume; all of them: train --help

Each command first installs what it needs into .venv beside run.py, which then holds the
command `gazesam` too. Once that is done, a command starts at once. To start afresh, delete
the folder .venv.

option, after the command:
  --python PATH      use that interpreter, in an environment of its own (.venv-3.12)

examples:
  python3 run.py demo
  python3 run.py demo --scan ~/scans/abdomen --gaze ~/recordings/monday
  python3 run.py test Testing/unit/geometry -k oblique
  python3 run.py bench --json > bench.json
  python3 run.py train --minutes 60 --out ~/compact
"""

MOST_TEST_PROCESSES = 4  # each may hold half a gigabyte

# The first pattern found in an installer's output says why it failed; {0} is its group.
CAUSES = (
    ("No space left on device|not enough space on the disk", "the disk is full: free some GB"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the package index shows a certificate that is not trusted here: behind a proxy that"
        " inspects traffic, let PIP_CERT name your organisation's certificate",
    ),
    (
        "[Nn]ame resolution|Name or service not known|getaddrinfo failed|nodename nor servname"
        "|Failed to resolve|[Nn]etwork is unreachable|No route to host|[Cc]onnection refused"
        "|Failed to establish|ConnectTimeout|ReadTimeout|ProxyError",
        "the package index cannot be reached: check the network (behind a proxy, HTTPS_PROXY)",
    ),
    (
        r"No matching distribution found for (\S+)",
        "there is no {0} for this Python and computer; all there is works with Python 3.11 on a PC",
    ),
    (
        r"Permission denied|Read-only file system|WinError 5\b",
        "a file cannot be written: close programs that use it, or get the right to write it",
    ),
)


class SetupError(Exception):
    """The environment cannot be made or filled; the message says what to do."""


class NotToBeHadError(SetupError):
    """The package index was asked and has no such package for this Python and computer."""


class Environment:
    """A virtual environment in `root`, filled by pip, with a stamp of what is in it."""

    def __init__(self, root: Path, packages: dict[str, list[list[str]]], base: str | None) -> None:
        self._root, self._packages = root, packages
        self._base, version = sys.executable, ""
        if base is not None:
            self._base = str(Path(shutil.which(base) or base).absolute())
            version = "-{}.{}".format(*required_version(self._base))
        self._folder = root / (".venv" + version)
        self._scripts = self._folder / ("Scripts" if os.name == "nt" else "bin")
        self._stamp = self._folder / "gazesam-installed.json"
        # Lies there while pip changes the environment. It outlives only a pip that was killed,
        # which may have left half a package that the next one would take for a whole one.
        self._changing = self._folder / "gazesam-changing"

    def ensure(self, wanted: list[str]) -> None:
        """Make the environment hold the sets of packages `wanted`; quick where it does."""
        if set(wanted) <= set(self._installed()):
            return
        with lock(self._root / ".venv.lock"):
            if set(wanted) <= set(self._installed()):  # another run.py just did it
                return
            if not self._is_sound():
                self._create()
            sets = self._installed()
            for name in [name for name in wanted if name not in sets]:
                try:
                    for arguments in self._packages[name]:
                        self._install(name, arguments)
                except NotToBeHadError as error:
                    if name not in OPTIONAL:
                        raise
                    say(f"going on without {name}, whose tests are skipped: {error}")
                sets.append(name)
                self._write_stamp(sets)

    def program(self, name: str) -> str:
        """Return the path of a program of the environment."""
        return str(self._scripts / (name + ".exe" if os.name == "nt" else name))

    def variables(self) -> dict[str, str]:
        """Return the environment variables under which the environment's programs run."""
        foreign = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
        kept = {name: value for name, value in os.environ.items() if name not in foreign}
        path = os.pathsep.join((str(self._scripts), kept.get("PATH", os.defpath)))
        return {**kept, "PATH": path, "VIRTUAL_ENV": str(self._folder), "PYTHONNOUSERSITE": "1"}

    def _installed(self) -> list[str]:
        """Return the sets of packages that are there and up to date."""
        stamp = self._read_stamp()
        fits = stamp and stamp["identity"] == self._identity() and not self._changing.exists()
        return list(stamp["sets"]) if fits else []

    def _read_stamp(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._stamp.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return {}

    def _write_stamp(self, sets: list[str]) -> None:
        stamp = {"root": str(self._root), "identity": self._identity(), "sets": sets}
        beside = self._stamp.with_suffix(".new")
        beside.write_text(json.dumps(stamp), encoding="utf-8")
        beside.replace(self._stamp)

    def _identity(self) -> str:
        """Return a digest of all that decides what has to be installed."""
        import tomllib

        project = tomllib.loads((self._root / "pyproject.toml").read_text(encoding="utf-8"))
        parts = [project.get("build-system"), project["project"], self._packages]
        parts += [str(self._root), python_version(self.program("python"))]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _is_sound(self) -> bool:
        """Whether an installer can go on in the folder that is there."""
        if not self._folder.exists():
            return False
        if not (self._folder / "pyvenv.cfg").is_file() and any(self._folder.iterdir()):
            raise SetupError(f"{self._folder} is not a virtual environment: move it away")
        # A copied folder's scripts and editable installation lead to where it was copied from.
        moved = self._read_stamp().get("root", str(self._root)) != str(self._root)
        version = python_version(self.program("python"), "pip") or (0, 0, 0)
        if moved or self._changing.exists() or version < OLDEST_PYTHON:
            say(f"{self._folder.name} is damaged, half installed or moved: making it anew")
            return False
        return True

    def _create(self) -> None:
        command = [self._base, "-m", "venv", "--clear", str(self._folder)]
        try:
            run_step(f"making {self._folder.name}", command, dict(os.environ), self._root)
        except SetupError as error:
            if python_version(self._base, "venv, ensurepip"):
                raise
            package = "python{}.{}-venv".format(*required_version(self._base))
            raise SetupError(
                "this Python comes without its modules venv and ensurepip: on Debian and Ubuntu"
                f" run `sudo apt install {package}`, elsewhere install a complete Python"
            ) from error

    def _install(self, name: str, arguments: list[str]) -> None:
        # UTF-8: a folder with other letters in its name must not stop pip on Windows.
        settings = {"PYTHONUTF8": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        pip = [self.program("python"), "-m", "pip", "install", "--progress-bar", "off"]
        variables = {**self.variables(), **settings}
        run_step(f"installing {name}", [*pip, *arguments], variables, self._root, self._changing)
        self._changing.unlink(missing_ok=True)


def python_version(python: str, modules: str = "sys") -> tuple[int, ...] | None:
    """Return the version of `python`, or None where it does not run or lacks one of `modules`."""
    code = f"import sys, {modules}; print(*sys.version_info[:3])"
    try:
        answer = subprocess.run([python, "-I", "-c", code], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(map(int, answer.stdout.split()))


def required_version(python: str) -> tuple[int, ...]:
    """Return the version of `python`; raise where it does not run or is too old."""
    version = python_version(python)
    if version is None:
        raise SetupError(f"{python} is not a Python that runs")
    require(version, python)
    return version


def require(version: tuple[int, ...], python: str) -> None:
    """Raise where `version` is too old."""
    if version < OLDEST_PYTHON:
        raise SetupError(
            f"GazeSAM needs Python 3.11 or newer, and {python} is Python"
            f" {'.'.join(map(str, version))}: install a newer one and use that, for example"
            " `python3.12 run.py demo`"
        )


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever holds it; the system frees it at exit."""
    try:
        file = path.open("a+b")
    except OSError as error:
        raise SetupError(
            f"the folder {path.parent} cannot be written ({error.strerror}): copy it to a place"
            " of your own, or get the right to write there"
        ) from error
    with file:
        if not take(file, wait=False):
            say("another run.py is installing: waiting for it")
            while not take(file, wait=True):
                pass  # Windows gives up after ten seconds
        yield


def take(file: IO[bytes], *, wait: bool) -> bool:
    """Lock `file`; false where somebody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        return error.errno in (errno.ENOLCK, errno.ENOTSUP)  # a file system without locks
    return True


def run_step(
    title: str,
    command: list[str],
    variables: dict[str, str],
    folder: Path,
    changing: Path | None = None,
) -> None:
    """Run an installer in `folder` and show what it does and for how long; raise if it fails.

    The file `changing` is made when pip begins to change the environment.
    """
    live, started, output, doing = sys.stderr.isatty(), time.monotonic(), [], ""
    say(title, end="" if live else "\n")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    try:
        for line in lines_and_ticks(process.stdout):
            output.append(line)
            if changing is not None and line.startswith("Installing collected packages"):
                changing.touch()
            news = headline(line)
            doing = news or doing
            if live:
                overwrite(f"{title}, {time.monotonic() - started:.0f} s  {doing}")
            elif news:
                say(f"  {news}")
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    if process.wait() == 0:
        done = f"{title}: done in {time.monotonic() - started:.0f} s"
        overwrite(done + "\n") if live else say(done)
        return
    text = "".join(output)
    for pattern, cause in CAUSES:
        found = re.search(pattern, text)
        if found:
            kind = NotToBeHadError if "No matching" in pattern else SetupError
            raise kind(f"{title} failed: {cause.format(*found.groups())}")
    raise SetupError(f"{title} failed:\n{text[-2000:].strip()}")


def lines_and_ticks(stream: IO[str]) -> Iterator[str]:
    """Yield the lines of `stream`, and an empty one whenever none came for a moment."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=0.2)
        except queue.Empty:
            line = ""
        if line is None:
            return
        yield line


def headline(line: str) -> str:
    """Return what a line of pip's output means to people; empty for most lines."""
    found = re.match(r"\s*Downloading (?:\S*/)?([^-/\s]+-[^-\s]+)\S*\.(?:whl|gz) (\(.*\))", line)
    if found:
        return "downloading {} {}".format(*found.groups())
    if line.startswith("Installing collected packages:"):
        return f"unpacking {line.count(',') + 1} packages"
    return "no answer from the package index, trying again" if "Retrying (" in line else ""


def overwrite(text: str) -> None:
    """Show `text` in place of the terminal's last line."""
    width = shutil.get_terminal_size().columns - 1
    say("\r" + text.rstrip("\n")[:width].ljust(width), end=text[len(text.rstrip("\n")) :])


def say(text: str, end: str = "\n") -> None:
    """Tell the person at the terminal; standard output belongs to the commands."""
    sys.stderr.write(text + end)
    sys.stderr.flush()


def ensure_windows(environment: Environment) -> None:
    """Install what the window tests need of Debian, where that is allowed; else say what."""
    check = [environment.program("python"), "-m", "Testing.host.requirements"]
    asked = subprocess.run(
        check, cwd=ROOT, env=environment.variables(), capture_output=True, text=True, check=False
    )
    if asked.returncode == 0:
        return
    if sys.platform != "linux" or not shutil.which("apt-get") or os.geteuid() != 0:
        say(f"window tests will be skipped: {asked.stderr.strip()}")
        return
    packages = (ROOT / "Testing/host/system_packages.txt").read_text(encoding="utf-8").split()
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    try:
        run_step("Reading Debian's list of packages", ["apt-get", "update"], variables, ROOT)
        run_step("Installing Debian's packages for window tests", install, variables, ROOT)
    except SetupError as error:
        say(f"window tests will be skipped: {error}")


def become(command: list[str], variables: dict[str, str]) -> int:
    """Go on as another program, which then gets Ctrl-C and the terminal directly."""
    if os.name != "nt":
        os.execve(command[0], command, variables)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program gets Ctrl-C too, and decides
    return subprocess.run(command, env=variables, check=False).returncode


def check(environment: Environment) -> int:
    """Run every check, also after one has failed."""
    tools = (
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "pytest --quiet Testing/test_architecture.py",
    )
    failed = []
    for tool in tools:
        say(f"== {tool}")
        command = [environment.program("python"), "-m", *tool.split()]
        if subprocess.run(command, cwd=ROOT, env=environment.variables(), check=False).returncode:
            failed.append(tool)
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def train(environment: Environment, arguments: list[str]) -> int:
    """Train in the folder where the person is, because the arguments name files from there."""
    python = environment.program("python")
    if not python_version(python, "torch, onnx, onnxruntime"):
        raise SetupError("training needs torch, onnx and onnxruntime, which are not to be had here")
    variables = {**environment.variables(), "PYTHONPATH": str(ROOT)}
    return become([python, "-P", "-m", "training.train", *arguments], variables)


def all_tests() -> list[str]:
    """Return how to run everything; Testing/conftest.py says which tests stay together."""
    return ["-n", str(min(os.cpu_count() or 1, MOST_TEST_PROCESSES)), "--dist", "loadgroup"]


def run(command: str, arguments: list[str]) -> int:
    """Set up what `command` needs, and run it."""
    base = None
    if "--python" in arguments[:-1]:
        at = arguments.index("--python")
        base, arguments = arguments[at + 1], arguments[:at] + arguments[at + 2 :]
    environment = Environment(ROOT, PACKAGES, base)
    environment.ensure(NEEDS[command])
    python = environment.program("python")
    if command == "demo":
        program = [environment.program("gazesam"), "demo", *arguments]
        return become(program, environment.variables())
    if command == "train":
        return train(environment, arguments)
    os.chdir(ROOT)
    if command == "check":
        return check(environment)
    if command == "test":
        ensure_windows(environment)
        arguments = arguments or all_tests()
    module = {"test": "pytest", "bench": "Testing.bench.main"}[command]
    return become([python, "-m", module, *arguments], environment.variables())


def main(arguments: list[str]) -> int:
    """Run the command line `arguments`; return the exit status."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(HELP)
        return 0
    if arguments[0] not in NEEDS:
        say(f"error: there is no command {arguments[0]!r}\n\n{HELP}", end="")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that pip is stopped too
    try:
        require(tuple(sys.version_info[:3]), sys.executable)
        return run(arguments[0], arguments[1:])
    except SetupError as error:
        say(f"\nerror: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped; run the same command again to go on")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
