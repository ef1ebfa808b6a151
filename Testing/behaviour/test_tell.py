"""The commands that only tell something."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
import SimpleITK

from GazeSAMLib import __version__

# What the demo segments, and about how large it is, ml.
DEMO = {
    "abdomen-mr": {
        "Liver": (8.0, 18.0),
        "Lesion": (1.0, 5.0),
        "Right kidney": (2.5, 8.0),
        "Vertebra": (1.0, 11.0),
        "Aorta": (0.7, 1.5),
        "Left kidney": (2.0, 7.0),
        "Spleen": (2.5, 9.0),
    },
    "brain-mr": {
        "Lateral ventricles": (9.0, 25.0),
        "Right pallidum": (0.3, 3.2),
        "Left pallidum": (0.3, 3.2),
    },
}
COMMANDS = (
    "segment", "info", "engines", "models", "prepare", "auto", "export-onnx", "demo", "restore",
    "simulate", "evaluate", "measure", "export-seg", "import-gaze", "export-gaze", "accuracy",
)  # fmt: skip


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
    assert told["compact"]["available"] is told["region"]["available"] is True
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
    for case, sizes_ml in DEMO.items():
        for name in (
            "segmentation.seg.nrrd",
            "segmentation.nii.gz",
            "recording/recording.json",
            "pictures/contact-sheet.png",
            "report.html",
        ):
            path: Path = tmp_path / case / name
            assert path.stat().st_size > 0
            assert str(path if name.count("/") == 0 else path.parent) in said.out
        image = SimpleITK.ReadImage(str(tmp_path / case / "segmentation.nii.gz"))
        voxel_ml = float(np.prod(image.GetSpacing())) / 1000.0
        counts = np.bincount(SimpleITK.GetArrayFromImage(image).ravel())[1:]
        # Wide bounds: a structure that was missed, or a mask that ran out of it, is beyond them.
        for (name, (least, most)), count in zip(sizes_ml.items(), counts, strict=True):
            assert name in said.out
            assert least < count * voxel_ml < most, name


def test_the_demo_takes_a_scan_and_a_recording(gazesam, scan, recording, tmp_path) -> None:
    said = gazesam("demo", "--scan", scan, "--gaze", recording, "-o", tmp_path / "demo")
    assert said.code == 0, said.err
    assert (tmp_path / "demo" / "balls" / "report.html").is_file()
