"""Ctrl-C, a kill, and what is left of the work afterwards."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest

from Testing.recorded_scan import look_at, record, write_scan

PATIENCE_S = 60.0
STARED = 120_000  # samples after the look


@pytest.fixture(scope="module")
def one_look(tmp_path_factory: pytest.TempPathFactory, scan: Path) -> Path:
    """A recording of one accepted look."""
    looks = [look_at(scan, "bright ball")]
    return record(tmp_path_factory.mktemp("short") / "gaze", scan, looks)


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory, one_look: Path) -> Path:
    """The same look, and then so much gaze that there is time to interrupt."""
    gaze = shutil.copytree(one_look, tmp_path_factory.mktemp("long") / "gaze")
    samples = gaze / "samples.tsv"
    t_ns, cells = samples.read_text(encoding="utf-8").splitlines()[-1].split("\t", 1)
    cells = cells.split("\t", 1)[1]
    times_ns = range(int(t_ns) + 8_000_000, int(t_ns) + 8_000_000 * STARED, 8_000_000)
    with samples.open("a", encoding="utf-8") as file:
        file.writelines(f"{later_ns}\t\t{cells}\n" for later_ns in times_ns)
    return gaze


def started(installed: list[str], scan: Path, gaze: Path, output: Path) -> "subprocess.Popen[str]":
    """Start a run and return when its first step is in the journal."""
    command = [*installed, "segment", str(scan), "--gaze", str(gaze), "--output", str(output)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and process.poll() is None:
        journals = output.parent.glob("out.journal/*/journal.jsonl")
        if any(b'"accept"' in journal.read_bytes() for journal in journals):
            return process
        time.sleep(0.005)
    process.kill()
    _, told = process.communicate()
    raise AssertionError(f"the run never accepted anything: {told}")


def accepted_voxels(path: Path) -> int:
    return int((nibabel.load(path).get_fdata() > 0).sum())


def test_ctrl_c_saves_what_was_accepted(installed, scan, long_recording, tmp_path) -> None:
    output = tmp_path / "out.nii.gz"
    process = started(installed, scan, long_recording, output)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert f"what was accepted until then is in {output}" in re.sub(r"\s+", " ", err)
    assert accepted_voxels(output) > 200
    assert "bright ball" in out
    assert not (tmp_path / "out.journal").exists()


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_run_is_restored_from_its_journal(
    gazesam, installed, scan, one_look, long_recording, tmp_path
) -> None:
    output = tmp_path / "out.nii.gz"
    process = started(installed, scan, long_recording, output)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert not output.exists()
    said = gazesam("restore", tmp_path / "out.journal", scan, "--output", output)
    assert said.code == 0, said.err
    whole = tmp_path / "whole.nii.gz"
    assert gazesam("segment", scan, "--gaze", one_look, "-o", whole).code == 0
    np.testing.assert_array_equal(nibabel.load(output).get_fdata(), nibabel.load(whole).get_fdata())


def test_the_next_run_keeps_the_journal_of_a_crash(
    gazesam, installed, scan, recording, long_recording, tmp_path
) -> None:
    output = tmp_path / "out.nii.gz"
    process = started(installed, scan, long_recording, output)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    said = gazesam("segment", scan, "--gaze", recording, "--output", output)
    assert said.code == 0, said.err
    kept = tmp_path / "out.journal-1"
    assert f"gazesam restore {kept}" in re.sub(r"\s+", " ", said.err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.journal-1", "out.nii.gz"]
    restored = tmp_path / "restored.nii.gz"
    assert gazesam("restore", kept, scan, "-o", restored).code == 0
    assert 200 < accepted_voxels(restored) < accepted_voxels(output)


def test_a_journal_is_not_restored_on_another_scan(
    gazesam, installed, scan, long_recording, tmp_path
) -> None:
    process = started(installed, scan, long_recording, tmp_path / "out.nii.gz")
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    other = write_scan(tmp_path / "other.nii.gz", seed=5)
    journal = tmp_path / "out.journal"
    for place in (journal, *journal.glob("*/journal.jsonl")):
        said = gazesam("restore", place, other, "-o", tmp_path / "restored.nii.gz")
        assert said.code == 1
        assert "holds no journal of" in re.sub(r"\s+", " ", said.err)
    assert not (tmp_path / "restored.nii.gz").exists()
