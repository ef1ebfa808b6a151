"""How good a tracker is, from the recording of a check."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from PIL import Image

from GazeSAMLib.simulation.options import ReaderOptions
from Testing.recorded_scan import inside_ball, look_at, record
from Testing.target_check import record_check

OPTIONS = ReaderOptions(
    offset_deg=(0.6, -0.3), precision_rms_deg=0.1, data_loss=0.05, one_eye_losses_per_min=0.0,
    eye_disagreement_deg=0.0, blinks_per_min=0.0, looks_away_per_min=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    return record_check(tmp_path_factory.mktemp("check") / "gaze", OPTIONS)


def test_the_trackers_error_is_found_and_corrected(gazesam, check, tmp_path) -> None:
    told = gazesam("accuracy", check, "--json", "--picture", tmp_path / "check.png")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert found["offset_deg"] == pytest.approx([0.6, -0.3], abs=0.1)
    assert found["accuracy_deg"] == pytest.approx(0.67, abs=0.1)
    assert found["precision_rms_deg"] == pytest.approx(0.1, abs=0.05)
    assert found["data_loss"] == pytest.approx(0.05, abs=0.03)
    assert len(found["targets"]) == 9
    assert found["corrected_deg"] < 0.2
    with Image.open(tmp_path / "check.png") as picture:
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 50


def test_marks_that_were_not_looked_at_do_not_spoil_the_correction(gazesam, tmp_path) -> None:
    check = record_check(tmp_path / "gaze", OPTIONS, elsewhere=(1, 6))
    found = json.loads(gazesam("accuracy", check, "--json").out)
    assert found["worst_deg"] > 3.0
    assert found["corrected_deg"] < 0.3


def test_the_correction_is_kept_for_the_tracker(gazesam, check, tmp_path) -> None:
    told = gazesam("accuracy", check, "--keep", "--settings", tmp_path)
    assert told.code == 0, told.err
    kept = json.loads((tmp_path / "drift-corrections.json").read_text())["corrections"]
    ((name, values),) = kept.items()
    assert "virtual reader" in name
    assert "1920x1080" in name
    assert np.array(values["affine_deg"]).shape == (2, 3)


def test_people_get_a_table(gazesam, check) -> None:
    told = gazesam("accuracy", check)
    assert told.code == 0, told.err
    for wanted in ("0.10, 0.90", "RMS-S2S", "the correction leaves"):
        assert wanted in told.out


def test_a_recording_without_marks_is_told(gazesam, recording) -> None:
    told = gazesam("accuracy", recording)
    assert told.code == 1
    assert "'target' events" in " ".join(told.err.split())
    assert told.err.count("error:") == 1


def test_a_kept_correction_lets_a_drifted_tracker_segment(gazesam, scan, tmp_path) -> None:
    """The tracker is off by so much that it looks beside the ball."""
    drifted = replace(OPTIONS, offset_deg=(5.0, -3.0), data_loss=0.0)
    check = record_check(tmp_path / "check", drifted)
    gaze = record(tmp_path / "gaze", scan, [look_at(scan, "bright ball")], options=drifted)
    settings = ("--settings", tmp_path / "settings")
    segment = ("segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nii.gz", "--in-process")
    told = gazesam(*segment, "--kept-correction", *settings)
    assert told.code == 1
    assert "accuracy --keep" in " ".join(told.err.split())
    assert gazesam("accuracy", check, "--keep", *settings).code == 0
    told = gazesam(*segment, "--kept-correction", *settings)
    assert told.code == 0, told.err
    found = np.asarray(nibabel.load(tmp_path / "out.nii.gz").dataobj).transpose(2, 1, 0) == 1
    layers = np.flatnonzero(found.any(axis=(1, 2)))
    ball = inside_ball("bright ball")[layers]
    assert 2.0 * (found[layers] & ball).sum() / (found[layers].sum() + ball.sum()) > 0.9


def test_a_drift_event_corrects_a_recording_from_then_on(gazesam, scan, tmp_path) -> None:
    """As a live session writes it: the correction stands in the events, not in the header."""
    drifted = replace(OPTIONS, offset_deg=(5.0, -3.0), data_loss=0.0)
    gaze = record(tmp_path / "gaze", scan, [look_at(scan, "bright ball")], options=drifted)
    segment = ("segment", scan, "--gaze", gaze, "--in-process", "-o")
    gazesam(*segment, tmp_path / "before.nii.gz")
    before = accepted_dice(tmp_path / "before.nii.gz")
    first, *lines = (gaze / "events.tsv").read_text().splitlines(keepends=True)
    t_ns = lines[0].partition("\t")[0]
    drift = json.dumps({"offset_deg": [5.0, -3.0]})
    (gaze / "events.tsv").write_text(f"{first}{t_ns}\tdrift\t{drift}\n{''.join(lines)}")
    told = gazesam(*segment, tmp_path / "out.nii.gz")
    assert told.code == 0, told.err
    assert before < 0.3 < 0.9 < accepted_dice(tmp_path / "out.nii.gz")
    report = gazesam("report", gaze, "--scan", scan, "--json")
    assert report.code == 0, report.err


def accepted_dice(path) -> float:
    if not path.is_file():
        return 0.0
    found = np.asarray(nibabel.load(path).dataobj).transpose(2, 1, 0) == 1
    layers = np.flatnonzero(found.any(axis=(1, 2)))
    ball = inside_ball("bright ball")[layers]
    return 2.0 * (found[layers] & ball).sum() / max(1, found[layers].sum() + ball.sum())
