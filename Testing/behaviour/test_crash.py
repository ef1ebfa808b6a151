"""Ctrl-C, a kill, and what is left of the work afterwards."""

import json
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

from GazeSAMLib.gaze.event import EventKind
from Testing.full_disk import limited_file_size
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


@pytest.fixture
def left_by_a_full_disk(gazesam, scan, tmp_path) -> Path:
    """The journal of a run that looked once, propagated, and could not write its output."""
    gaze = record(tmp_path / "looked", scan, [look_at(scan, "bright ball")])
    output = tmp_path / "first.nii"
    with limited_file_size(50_000):
        said = gazesam("segment", scan, "--gaze", gaze, "-o", output, "--propagate")
    assert said.code == 1, said.out
    assert "could not write" in said.err
    assert not output.exists()
    return tmp_path / "first.journal"


def test_a_run_goes_on_from_a_journal_and_takes_a_propagation_back_as_one_step(
    gazesam, scan, left_by_a_full_disk, tmp_path
) -> None:
    whole, undone = tmp_path / "whole.nii.gz", tmp_path / "undone.nii.gz"
    assert gazesam("restore", left_by_a_full_disk, scan, "-o", whole).code == 0
    assert len(filled_layers(whole)) > 8
    looks = [
        look_at(scan, "grey ball", key=EventKind.UNDO),
        look_at(scan, "grey ball"),
    ]
    gaze = record(tmp_path / "gone-on", scan, looks)
    arguments = ("segment", scan, "--gaze", gaze, "-o", undone, "--continue", left_by_a_full_disk)
    said = gazesam(*arguments, "--json")
    assert said.code == 0, said.err
    bright, grey = json.loads(said.out)["segments"]
    assert (bright["name"], bright["slices"], bright["slices_propagated"]) == ("bright ball", 1, 0)
    assert (grey["name"], grey["slices"]) == ("grey ball", 1)
    assert filled_layers(undone) == [12]


def test_a_run_that_goes_on_from_a_journal_knows_which_slices_were_looked_at(
    gazesam, scan, left_by_a_full_disk, tmp_path
) -> None:
    whole, again = tmp_path / "whole.nii.gz", tmp_path / "again.nii.gz"
    assert gazesam("restore", left_by_a_full_disk, scan, "-o", whole).code == 0
    gaze = record(tmp_path / "gone-on", scan, [look_at(scan, "grey ball")])
    arguments = ("segment", scan, "--gaze", gaze, "-o", again, "--continue", left_by_a_full_disk)
    pictures = tmp_path / "pictures"
    said = gazesam(*arguments, "--json", "--pictures", pictures)
    assert said.code == 0, said.err
    bright, grey = json.loads(said.out)["segments"]
    assert bright["slices_propagated"] == bright["slices"] - 1 == len(filled_layers(whole)) - 1
    assert (grey["slices"], grey["slices_propagated"]) == (1, 0)
    assert len(list(pictures.glob("slice-*.png"))) == bright["slices"]


def test_a_journal_of_another_scan_is_not_gone_on_with(
    gazesam, left_by_a_full_disk, tmp_path
) -> None:
    other = write_scan(tmp_path / "other.nii.gz", seed=5)
    gaze = record(tmp_path / "gaze", other, [look_at(other, "grey ball")])
    output = tmp_path / "again.nii.gz"
    said = gazesam(
        "segment", other, "--gaze", gaze, "-o", output, "--continue", left_by_a_full_disk
    )
    assert said.code == 1
    assert "holds no journal of" in re.sub(r"\s+", " ", said.err)
    assert not output.exists()


def filled_layers(path: Path) -> list[int]:
    """Return the layers along k that hold a voxel of any segment."""
    return np.flatnonzero((nibabel.load(path).get_fdata() > 0).any(axis=(0, 1))).tolist()
