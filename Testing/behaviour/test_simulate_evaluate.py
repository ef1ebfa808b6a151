"""A virtual reader and an evaluation, as a person types them."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from Testing.painted_scan import NAMES, RAS_FROM_IJK, painted_labels, write_painted

KEYS = {
    "dice_1", "dice_3", "dice_5", "dice_1_at_0.5deg", "dice_1_at_0.5deg_fourup", "best_minus_top",
}  # fmt: skip


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> tuple[Path, Path]:
    return write_painted(tmp_path_factory.mktemp("painted"))


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2.0 * float((one & other).sum()) / float(one.sum() + other.sum())


@pytest.mark.parametrize("layout", ["one-up", "four-up"])
def test_a_simulated_recording_segments_what_the_labels_say(
    gazesam, painted, tmp_path, layout: str
) -> None:
    scan, labels = painted
    told = gazesam(
        "simulate", scan, "--labels", labels, "--output", tmp_path / "gaze", "--layout", layout,
        "--gaze-error-deg", 0.3, "--slices-per-structure", 0, "--seed", 4, "--json",
    )  # fmt: skip
    assert told.code == 0, told.err
    summary = json.loads(told.out)
    assert summary["unseen"] == []
    assert [s["slices"] for s in summary["structures"]] == [5, 5, 5]
    assert summary["mean_dice"] > 0.8
    out = tmp_path / "out.nii.gz"
    said = gazesam("segment", scan, "--gaze", tmp_path / "gaze", "--output", out)
    assert said.code == 0, said.err
    found = np.asarray(nibabel.load(out).dataobj).transpose(2, 1, 0)
    for value in NAMES:
        structure = painted_labels() == value
        best = max(dice(found == label, structure) for label in np.unique(found[found > 0]))
        assert best > 0.7  # the worst of three; the mean is above


def test_simulate_tells_people_what_came_of_each_structure(gazesam, painted, tmp_path) -> None:
    scan, labels = painted
    told = gazesam(
        "simulate", scan, "--labels", labels, "-o", tmp_path / "gaze", "--structure", "label 3"
    )
    assert told.code == 0, told.err
    assert "label 3" in told.out
    assert "label 1" not in told.out
    assert "s of gaze" in told.out


def test_an_unknown_structure_is_answered_with_those_that_there_are(
    gazesam, painted, tmp_path
) -> None:
    scan, labels = painted
    told = gazesam(
        "simulate", scan, "--labels", labels, "-o", tmp_path / "gaze", "--structure", "lung"
    )
    assert told.code == 2
    assert "label 1, label 2, label 3" in " ".join(told.err.split())
    assert not (tmp_path / "gaze").exists()


@pytest.mark.parametrize("command", ["simulate", "evaluate"])
def test_labels_of_another_patient_are_refused_in_one_sentence(
    gazesam, painted, tmp_path, command: str
) -> None:
    elsewhere = RAS_FROM_IJK.copy()
    elsewhere[2, 3] += 800.0
    image = nibabel.Nifti1Image(painted_labels().transpose(2, 1, 0), elsewhere)
    nibabel.save(image, tmp_path / "other.nii.gz")
    told = gazesam(
        command, painted[0], "--labels", tmp_path / "other.nii.gz", "--output", tmp_path / "out"
    )
    assert told.code == 1
    assert told.out == ""
    assert told.err.count("error:") == 1
    assert "other.nii.gz does not fit" in " ".join(told.err.split())
    assert not list((tmp_path / "out").glob("*"))


def test_evaluate_gives_the_agreed_keys_and_pictures(gazesam, painted, tmp_path) -> None:
    scan, labels = painted
    told = gazesam(
        "evaluate", scan, "--labels", labels, "--slices-per-structure", 1,
        "--output", tmp_path / "accuracy", "--json",
    )  # fmt: skip
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert set(found) >= KEYS
    assert 0.0 < found["dice_1"] <= 1.0
    assert json.loads((tmp_path / "accuracy" / "accuracy.json").read_text()) == found
    pictures = sorted((tmp_path / "accuracy").glob("*.png"))
    assert [path.name for path in pictures] == [
        "dice-by-gaze-error.png",
        "failures-compact-0.0deg.png",
        "failures-compact-0.5deg.png",
    ]
    for path in pictures:
        with Image.open(path) as picture:
            assert len(np.unique(np.asarray(picture))) > 20


def test_evaluate_tells_people_tables(gazesam, painted) -> None:
    scan, labels = painted
    told = gazesam("evaluate", scan, "--labels", labels, "--slices-per-structure", 1)
    assert told.code == 0, told.err
    for wanted in ("one-up", "four-up", "0.5°", "after 5", "label 3", "best candidate"):
        assert wanted in told.out


def test_plain_points_are_evaluated_for_comparison_and_said_to_be_plain(gazesam, painted) -> None:
    scan, labels = painted
    command = ("evaluate", scan, "--labels", labels, "--slices-per-structure", 1, "--plain")
    found = json.loads(gazesam(*command, "--json").out)
    assert set(found) >= KEYS
    assert found["plain"] is True
    assert "plain points" in gazesam(*command).out


def test_a_display_that_is_no_size_is_a_usage_error(gazesam, painted) -> None:
    told = gazesam("evaluate", painted[0], "--labels", painted[1], "--display", "large")
    assert told.code == 2
    assert "1920x1080" in told.err
