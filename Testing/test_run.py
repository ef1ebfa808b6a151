"""The run script on real environments, real locks and real interpreters; without a network."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run

PROJECT = '[project]\nname = "a-project"\nversion = "1"\n'
NOTHING_TO_INSTALL: dict[str, list[list[str]]] = {"GazeSAM": [], "test tools": []}
OLD_PYTHONS = ("python3.10", "python3.9", "python3.8")


def environment(root: Path) -> run.Environment:
    return run.Environment(root, NOTHING_TO_INSTALL, None)


@pytest.fixture(scope="module")
def ready_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose environment is set up, in a folder with a space and a letter beyond ASCII."""
    root = tmp_path_factory.mktemp("a földer")
    (root / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    environment(root).ensure(["GazeSAM"])
    return root


@pytest.fixture
def project(ready_project: Path) -> Path:
    """The same, with a file in the environment that is gone once the environment is made anew."""
    (ready_project / ".venv/witness").touch()
    return ready_project


def is_untouched(root: Path) -> bool:
    return (root / ".venv/witness").exists()


def test_help_names_every_command() -> None:
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=run.ROOT, capture_output=True, text=True, check=True
    )
    assert all(
        f"\n  {name} " in done.stdout for name in ("demo", "test", "check", "bench", "train")
    )
    assert done.stderr == ""


def test_an_unknown_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["demmo"]) == 2
    assert "there is no command 'demmo'" in capsys.readouterr().err


def test_the_script_parses_on_python_3_8() -> None:
    text = (run.ROOT / "run.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 8))


@pytest.mark.parametrize("name", OLD_PYTHONS)
def test_an_old_python_says_what_is_needed(name: str) -> None:
    places = [Path(shutil.which(name) or "")]
    places += Path.home().glob(f".pyenv/versions/{name.removeprefix('python')}*/bin/{name}")
    python = next((str(place) for place in places if run.python_version(str(place))), None)
    if python is None:
        pytest.skip(f"there is no {name} on this machine")
    done = subprocess.run(
        [python, run.ROOT / "run.py", "demo"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "GazeSAM needs Python 3.11 or newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_environment_runs_and_is_not_touched_again(project: Path) -> None:
    ready = environment(project)
    ready.ensure(["GazeSAM"])
    assert is_untouched(project)
    assert run.python_version(ready.program("python"), "pip") == sys.version_info[:3]


def test_a_second_set_of_packages_joins_the_first(project: Path) -> None:
    environment(project).ensure(["GazeSAM", "test tools"])
    environment(project).ensure(["GazeSAM"])
    assert is_untouched(project)


def test_changed_dependencies_are_installed_into_the_environment_that_is_there(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says_hello = {"GazeSAM": [["--help"]]}
    run.Environment(project, says_hello, None).ensure(["GazeSAM"])
    assert "installing GazeSAM: done" in capsys.readouterr().err
    run.Environment(project, says_hello, None).ensure(["GazeSAM"])
    assert capsys.readouterr().err == ""
    assert is_untouched(project)


def test_only_optional_packages_may_be_missing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = [["--no-index", "a-package-of-no-index==1"]]
    packages = {"GazeSAM": [], "Segment Anything": missing, "test tools": missing}
    started = run.Environment(project, packages, None)
    started.ensure(["GazeSAM", "Segment Anything"])
    assert "going on without Segment Anything" in capsys.readouterr().err
    with pytest.raises(run.NotToBeHadError, match="no a-package-of-no-index==1 for this Python"):
        started.ensure(["GazeSAM", "Segment Anything", "test tools"])
    started.ensure(["GazeSAM", "Segment Anything"])
    assert is_untouched(project)


def test_an_environment_left_half_changed_is_made_anew(project: Path) -> None:
    (project / ".venv/gazesam-changing").touch()
    environment(project).ensure(["GazeSAM"])
    assert not is_untouched(project)
    assert not (project / ".venv/gazesam-changing").exists()


def test_a_copied_folder_gets_an_environment_of_its_own(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    environment(copy).ensure(["GazeSAM"])
    assert not is_untouched(copy)


@pytest.mark.skipif(os.name == "nt", reason="the interpreter is a copy there, not a link")
def test_an_environment_whose_python_is_gone_is_made_anew(project: Path) -> None:
    python = Path(environment(project).program("python"))
    python.unlink()
    python.symlink_to("/nowhere/python3")
    environment(project).ensure(["GazeSAM"])
    assert not is_untouched(project)


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    thesis = tmp_path / ".venv/thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("the only copy", encoding="utf-8")
    with pytest.raises(run.SetupError, match="is not a virtual environment: move it away"):
        environment(tmp_path).ensure(["GazeSAM"])
    assert thesis.read_text(encoding="utf-8") == "the only copy"


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError("
            "[Errno -3] Temporary failure in name resolution')'\n"
            "ERROR: No matching distribution found for setuptools>=77\n",
            "the package index cannot be reached",
        ),
        ("ERROR: No matching distribution found for slicer-core>=5.13", "no slicer-core>=5.13 for"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "the disk is full"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "PIP_CERT"),
        ("ERROR: a thing nobody foresaw", "ERROR: a thing nobody foresaw"),
    ],
)
def test_a_failed_installation_says_why(output: str, cause: str, tmp_path: Path) -> None:
    program = [sys.executable, "-c", f"print({output!r}); raise SystemExit(1)"]
    with pytest.raises(run.SetupError, match=f"^installing failed:(?s:.)*{cause}"):
        run.run_step("installing", program, dict(os.environ), tmp_path)


def test_the_mark_of_a_change_appears_when_packages_are_unpacked(tmp_path: Path) -> None:
    mark = tmp_path / "changing"
    for words, marked in (("Collecting numpy", False), ("Installing collected packages: a", True)):
        program = [sys.executable, "-c", f"print({words!r})"]
        run.run_step("installing", program, dict(os.environ), tmp_path, mark)
        assert mark.exists() == marked


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import run, pathlib, sys\n"
        "with run.lock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        cwd=run.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with path.open("a+b") as file:
            assert not run.take(file, wait=False)
            holder.communicate("\n")
            assert run.take(file, wait=True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "  Downloading scipy-1.17.1-cp311-cp311-manylinux_2_28_x86_64.whl (35.1 MB)\n",
            "downloading scipy-1.17.1 (35.1 MB)",
        ),
        ("  Downloading scipy-1.17.1-cp311-cp311-linux.whl.metadata (62 kB)\n", ""),
        ("Installing collected packages: numpy, scipy\n", "unpacking 2 packages"),
        ("Requirement already satisfied: numpy\n", ""),
    ],
)
def test_progress_is_what_people_care_about(line: str, words: str) -> None:
    assert run.headline(line) == words
