"""What a recording tells of signal and reader."""

import json

import nibabel
import numpy as np
import pytest

from Testing.recorded_scan import STRAIGHT, inside_ball


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    voxels = 1 * inside_ball("bright ball") + 2 * inside_ball("grey ball")
    path = tmp_path_factory.mktemp("labels") / "labels.nii.gz"
    nibabel.save(nibabel.Nifti1Image(voxels.astype(np.uint8).transpose(2, 1, 0), STRAIGHT), path)
    return path


def test_a_report_tells_quality_fixations_and_time_per_structure(
    gazesam, scan, recording, labels, tmp_path
) -> None:
    page = tmp_path / "report.html"
    told = gazesam(
        "report", recording, "--scan", scan, "--labels", labels, "--json", "--output", page
    )
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert found["quality"]["valid_share"] == 1.0
    assert found["fixations"]["count"] >= 3
    times = {one["name"]: one for one in found["structures"]}
    assert times["label 1"]["seconds"] > times["label 2"]["seconds"] > 0.4
    text = page.read_text(encoding="utf-8")
    assert "label 1" in text
    assert "<script" not in text
    assert "http" not in text


@pytest.mark.parametrize("detector", ["dispersion", "velocity"])
def test_both_detectors_find_the_looks(gazesam, recording, tmp_path, detector: str) -> None:
    output = tmp_path / "report.json"
    told = gazesam("report", recording, "--fixations", detector, "-o", output)
    assert told.code == 0, told.err
    assert "median duration" in told.out
    assert 3 <= json.loads(output.read_text())["fixations"]["count"] <= 12


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--output", "report.docx"), 1, ".html or .json"),
        (("--labels", "x.nii.gz"), 2, "--scan"),
        (("--output", "nowhere/at/all.html"), 1, "does not exist"),
    ],
)
def test_what_cannot_be_reported_is_told(gazesam, recording, arguments, code, sentence) -> None:
    told = gazesam("report", recording, *arguments)
    assert told.code == code
    assert sentence in " ".join(told.err.split())


def test_a_recording_of_another_scan_is_refused(gazesam, recording, labels) -> None:
    told = gazesam("report", recording, "--scan", labels)
    assert told.code == 1
    assert "another scan" in " ".join(told.err.split())
