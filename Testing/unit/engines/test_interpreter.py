"""Which Python runs the worker, whatever program this code runs in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from GazeSAMLib.engines.interpreter import (
    Surroundings,
    find_python,
    worker_command,
    worker_environment,
)
from GazeSAMLib.errors import WorkerError

posix = pytest.mark.skipif(os.name == "nt", reason="makes programs by symbolic links")


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(sys.executable)
    return str(path)


def test_a_plain_python_is_taken():
    assert find_python() == sys.executable


@posix
@pytest.mark.parametrize("executable", ["", "{}/bin/SlicerApp-real", "{}/Slicer"])
def test_inside_slicer_it_is_pythonslicer(tmp_path, executable):
    program(tmp_path / "Slicer")
    program(tmp_path / "bin/SlicerApp-real")
    python = program(tmp_path / "bin/PythonSlicer")
    (tmp_path / "lib/Python").mkdir(parents=True)
    inside = Surroundings(executable.format(tmp_path), str(tmp_path / "lib/Python"), "")
    assert find_python(surroundings=inside) == python
    elsewhere = Surroundings(executable.format(tmp_path), "/nowhere/lib/Python", str(tmp_path))
    assert find_python(surroundings=elsewhere) == python


@posix
def test_in_another_program_it_is_the_python_of_its_library(tmp_path):
    python = program(tmp_path / "bin/python3")
    assert find_python(surroundings=Surroundings("/usr/bin/editor", str(tmp_path), "")) == python


@posix
def test_the_one_that_the_user_names_comes_first(tmp_path):
    named = program(tmp_path / "my-python")
    assert find_python(named) == named


def test_a_named_one_that_is_none_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    for named in ("notes.txt", "missing"):
        with pytest.raises(WorkerError, match=f"{named} is no program"):
            find_python(str(tmp_path / named))


def test_where_there_is_none_the_user_is_asked_to_name_one(tmp_path):
    for executable in ("", str(tmp_path / "Slicer"), str(tmp_path / "python3")):
        with pytest.raises(WorkerError, match="name one in the settings"):
            find_python(surroundings=Surroundings(executable, str(tmp_path), ""))


def test_the_worker_finds_this_package_from_anywhere(tmp_path):
    (tmp_path / "numpy.py").write_text("raise RuntimeError('imported from the current folder')")
    command = worker_command(sys.executable)
    environment = worker_environment({**os.environ, "PYTHONPATH": str(tmp_path / "more")})
    done = subprocess.run(
        [*command[:2], "-c", "import numpy, sys, GazeSAMLib; print(sys.path)"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(tmp_path / "more") in done.stdout


def test_numerical_libraries_get_a_thread_a_core_unless_the_user_says_otherwise():
    assert worker_environment({"OMP_NUM_THREADS": "7"})["OMP_NUM_THREADS"] == "7"
    threads = int(worker_environment({})["OMP_NUM_THREADS"])
    assert 1 <= threads <= (os.cpu_count() or 1)
