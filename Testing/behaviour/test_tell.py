"""The commands that only tell something."""

import json
import re
import shutil
from pathlib import Path

import pydicom.data
import pytest

from GazeSAMLib import __version__

COMMANDS = ("segment", "info", "engines", "demo", "restore")


def test_info_tells_geometry_orientation_and_digest(gazesam, scan) -> None:
    said = gazesam("info", scan, "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["size_ijk"] == [56, 64, 24]
    assert told["spacing_mm"] == [2.0, 2.0, 3.0]
    assert told["axes"] == "LPS"
    assert re.fullmatch(r"[0-9a-f]{64}", told["digest"])
    text = gazesam("info", scan).out
    assert "56 x 64 x 24" in text
    assert told["digest"] in text


def test_info_lists_the_series_of_a_folder(gazesam, tmp_path) -> None:
    for name in ("CT_small.dcm", "MR_small.dcm"):
        source = pydicom.data.get_testdata_file(name, download=False)
        shutil.copy(str(source), tmp_path / name)
    said = gazesam("info", tmp_path, "--json")
    assert said.code == 0, said.err
    listed = json.loads(said.out)["series"]
    assert {one["modality"] for one in listed} == {"CT", "MR"}
    for one in listed:
        chosen = gazesam("info", tmp_path, "--series", one["number"], "--json")
        assert chosen.code == 0, chosen.err
        assert json.loads(chosen.out)["modality"] == one["modality"]


def test_engines_are_listed_with_their_state(gazesam) -> None:
    said = gazesam("engines", "--json")
    assert said.code == 0, said.err
    told = {engine["name"]: engine for engine in json.loads(said.out)["engines"]}
    assert told["region"]["available"] is True
    assert "region" in gazesam("engines").out


def test_the_version_is_the_packages(run_installed) -> None:
    said = run_installed("--version")
    assert (said.code, said.out.strip()) == (0, f"gazesam {__version__}")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(gazesam, command) -> None:
    said = gazesam(command, "--help")
    assert said.code == 0
    assert f"gazesam {command}" in said.out
    assert "Example" in said.out


def test_help_tells_the_exit_codes(gazesam) -> None:
    said = gazesam("--help")
    assert said.code == 0
    assert "Exit codes" in said.out
    assert all(command in said.out for command in COMMANDS)


def test_the_demo_segments_real_scans(run_installed, tmp_path) -> None:
    said = run_installed("demo", "--output", tmp_path)
    assert said.code == 0, said.err
    for case in ("abdomen-mr", "brain-mr"):
        for name in (
            "segmentation.seg.nrrd",
            "segmentation.nii.gz",
            "recording/recording.json",
            "pictures/contact-sheet.png",
            "report.html",
        ):
            path: Path = tmp_path / case / name
            assert path.stat().st_size > 0
            if name.count("/") == 0:
                assert str(path) in said.out


def test_the_demo_takes_a_scan_and_a_recording(gazesam, scan, recording, tmp_path) -> None:
    said = gazesam("demo", "--scan", scan, "--gaze", recording, "-o", tmp_path / "demo")
    assert said.code == 0, said.err
    assert (tmp_path / "demo" / "balls" / "report.html").is_file()
