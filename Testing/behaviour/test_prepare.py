"""`gazesam prepare`, and the commands that use what it has prepared."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from Testing.full_disk import limited_file_size
from Testing.tiny_sam import tiny_sam


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_sam(tmp_path_factory.mktemp("sam") / "tiny.pth")


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory):
    """One for all tests: the engine keeps there where it runs best."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def cache(cache_folder, monkeypatch):
    """The folder of prepared slices, which is not there yet."""
    monkeypatch.setenv("GAZESAM_CACHE", str(cache_folder))
    yield cache_folder / "embeddings"
    shutil.rmtree(cache_folder / "embeddings", ignore_errors=True)


@pytest.fixture
def sam(checkpoint):
    return ("--engine", "sam", "--checkpoint", checkpoint, "--device", "cpu")


def prepared(gazesam, scan, sam, *more):
    said = gazesam("prepare", scan, *sam, *more, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_a_study_is_prepared_once_and_said_what_it_takes(gazesam, scan, sam, cache):
    said = gazesam("prepare", scan, *sam)
    assert said.code == 0, said.err
    files = list(cache.iterdir())
    assert f"{len(files)} of {len(files)} slices prepared with sam on cpu" in said.out
    assert str(cache) in said.out
    values = prepared(gazesam, scan, sam)
    assert values["embedded"] == 0
    assert values["at_hand"] == values["slices"] == len(files)
    assert values["size_bytes"] == sum(path.stat().st_size for path in files)
    assert values["planes"] == ["axial"]


def test_planes_window_and_level_are_those_that_are_asked_for(gazesam, scan, sam, cache):
    coronal = prepared(gazesam, scan, sam, "--plane", "coronal")
    both = prepared(gazesam, scan, sam, "--plane", "axial", "--plane", "coronal")
    assert both["planes"] == ["axial", "coronal"]
    assert both["at_hand"] == coronal["slices"]
    other = prepared(gazesam, scan, sam, "--plane", "coronal", "--window", 90, "--level", 30)
    assert (other["window"], other["level"]) == (90.0, 30.0)
    assert other["embedded"] == coronal["slices"]
    assert len(list(cache.iterdir())) == both["slices"] + other["slices"]


def test_segment_uses_what_is_prepared_and_gives_the_same(
    gazesam, scan, recording, sam, cache, tmp_path
):
    results = []
    for name in ("before", "after"):
        output = tmp_path / f"{name}.nii"
        said = gazesam("segment", scan, "--gaze", recording, *sam, "-o", output, "--json")
        assert said.code == 0, said.err
        results.append((output, json.loads(said.out)))
        if name == "before":
            kept = set(cache.iterdir())
            assert 1 <= len(kept) <= 3  # the slices that were looked at
            prepared(gazesam, scan, sam)
            times = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert results[0][0].read_bytes() == results[1][0].read_bytes()
    now = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert now.keys() == times.keys()
    assert {path for path in now if now[path] > times[path]} == kept  # read, not made


def test_everything_is_found_once_and_used_by_segment(
    gazesam, scan, recording, sam, cache, tmp_path
):
    thorough = ("--everything", "--points-per-side", "2")
    done = prepared(gazesam, scan, sam, *thorough)
    assert done["embedded"] == done["slices"]
    assert done["weights_digest"].endswith("+everything")
    assert prepared(gazesam, scan, sam, *thorough)["at_hand"] == done["slices"]
    # Looks find these slices: nothing else is embedded.
    output = tmp_path / "all.nii.gz"
    said = gazesam("segment", scan, "--gaze", recording, *sam, "-o", output)
    assert said.code == 0, said.err
    assert len(list(cache.iterdir())) == done["slices"]


def test_everything_takes_a_model_of_segment_anything(gazesam, scan):
    said = gazesam("prepare", scan, "--engine", "region", "--everything")
    assert said.code == 1
    assert "cannot segment everything" in said.err


def test_engines_that_need_no_preparation_say_so(gazesam, scan, cache):
    said = gazesam("prepare", scan, "--engine", "region")
    assert said.code == 0
    assert "nothing to prepare" in said.err
    assert not cache.exists()


def test_a_full_disk_ends_it_with_a_sentence_and_keeps_what_was_done(gazesam, scan, sam, cache):
    first = prepared(gazesam, scan, sam, "--plane", "axial")
    with limited_file_size(1000):
        said = gazesam("prepare", scan, *sam, "--plane", "coronal")
    assert said.code == 1
    assert "prepared slices cannot be kept in" in said.err
    assert "Traceback" not in said.err
    assert len(list(cache.iterdir())) == first["slices"]


def test_no_more_is_prepared_than_is_kept(gazesam, scan, sam, cache, monkeypatch):
    size = prepared(gazesam, scan, sam)
    per_slice = size["size_bytes"] / size["slices"]
    monkeypatch.setenv("GAZESAM_STORE_GB", str(8 * per_slice / 1e9))
    said = gazesam("prepare", scan, *sam, "--window", 77)
    assert said.code == 0, said.err
    assert "there is no room for the other" in said.err
    assert 5 <= len(list(cache.iterdir())) <= 8


def test_a_store_without_room_is_refused(gazesam, scan, sam, monkeypatch):
    monkeypatch.setenv("GAZESAM_STORE_GB", "0")
    said = gazesam("prepare", scan, *sam)
    assert said.code == 1
    assert "GAZESAM_STORE_GB is 0" in said.err


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent there")
def test_ctrl_c_keeps_what_is_done(scan, sam, cache, installed):
    arguments = [str(part) for part in ("prepare", scan, *sam, "--plane", "all", "--json")]
    process = subprocess.Popen(
        [*installed, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline_s = time.monotonic() + 120.0
        while len(list(cache.glob("*.embedding"))) < 3:
            assert time.monotonic() < deadline_s
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert "the same command goes on from there" in err
    done = json.loads(out)
    assert done["embedded"] == len(list(cache.glob("*.embedding"))) < done["slices"]
    assert not list(cache.glob("*.part"))
