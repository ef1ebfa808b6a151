"""From a scan and a recording of gaze to files, as a person does it."""

import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from PIL import Image
from pycocotools import mask as coco_mask

from GazeSAMLib.gaze.event import EventKind
from Testing.recorded_scan import OBLIQUE, inside_ball, look_at, record, write_scan


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2.0 * float((one & other).sum()) / float(one.sum() + other.sum())


def labels_of(path: Path) -> np.ndarray:
    """Labels (k, j, i) as SimpleITK reads them."""
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))


def layers_of(mask: np.ndarray) -> np.ndarray:
    return np.flatnonzero(mask.any(axis=(1, 2)))


def test_what_was_looked_at_is_in_every_output(gazesam, scan, recording, tmp_path) -> None:
    outputs = [tmp_path / f"out{end}" for end in (".seg.nrrd", ".nrrd", ".nii.gz", ".nii")]
    told = [part for output in outputs for part in ("--output", output)]
    said = gazesam("segment", scan, "--gaze", recording, *told)
    assert said.code == 0, said.err
    labels = [labels_of(output) for output in outputs]
    for other in labels[1:]:
        np.testing.assert_array_equal(other, labels[0])
    for number, name in enumerate(("bright ball", "grey ball"), start=1):
        found, ball = labels[0] == number, inside_ball(name)
        layers = layers_of(found)
        assert len(layers) == (2 if name == "bright ball" else 1)
        assert dice(found[layers], ball[layers]) > 0.9


def test_the_segmentation_lies_where_the_scan_does(gazesam, scan, recording, tmp_path) -> None:
    for end in (".seg.nrrd", ".nii.gz"):
        gazesam("segment", scan, "--gaze", recording, "--output", tmp_path / f"out{end}")
        image = SimpleITK.ReadImage(str(tmp_path / f"out{end}"))
        source = SimpleITK.ReadImage(str(scan))
        assert image.GetSize() == source.GetSize()
        np.testing.assert_allclose(image.GetOrigin(), source.GetOrigin(), atol=1e-4)
        np.testing.assert_allclose(image.GetSpacing(), source.GetSpacing(), atol=1e-5)
        np.testing.assert_allclose(image.GetDirection(), source.GetDirection(), atol=1e-6)


@pytest.mark.parametrize("rotated", [True, False], ids=["along the scan", "across the scan"])
def test_an_oblique_sheared_scan_is_segmented_in_place(gazesam, tmp_path, rotated) -> None:
    scan = write_scan(tmp_path / "oblique.nii.gz", OBLIQUE)
    looks = [look_at(scan, "bright ball", ras_from_ijk=OBLIQUE, rotated=rotated)]
    gaze = record(tmp_path / "gaze", scan, looks)
    said = gazesam("segment", scan, "--gaze", gaze, "--output", tmp_path / "out.nii.gz")
    assert said.code == 0, said.err
    image = nibabel.load(tmp_path / "out.nii.gz")
    np.testing.assert_allclose(image.affine, OBLIQUE, atol=1e-4)
    at_ras = nibabel.affines.apply_affine(image.affine, np.argwhere(image.get_fdata() == 1))
    view = looks[0].view.geometry
    normal = view.plane.normal
    target = np.array(tuple(looks[0].targets_local_ras[0]))
    # All voxels lie on the slice that was looked at, within half of its voxels' thickness...
    reach_mm = 0.5 * np.abs(normal @ OBLIQUE[:3, :3]).sum() + 0.05
    assert np.abs((at_ras - target) @ normal).max() <= reach_mm
    # ... and are the ball's cross-section there.
    away = at_ras - target
    in_plane = away - np.outer(away @ normal, normal)
    assert np.linalg.norm(in_plane, axis=1).max() == pytest.approx(19.0, abs=3.5)
    assert np.linalg.norm(in_plane.mean(axis=0)) < 1.0


def test_two_runs_give_the_same_voxels(gazesam, scan, recording, tmp_path) -> None:
    for name in ("one.nii.gz", "two.nii.gz"):
        gazesam("segment", scan, "--gaze", recording, "--output", tmp_path / name)
    one, two = (nibabel.load(tmp_path / name).get_fdata() for name in ("one.nii.gz", "two.nii.gz"))
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize(
    "keys",
    [
        (EventKind.ACCEPT, EventKind.UNDO, EventKind.REDO),
        (EventKind.ACCEPT, EventKind.ACCEPT_REMOVE, EventKind.UNDO),
    ],
    ids=" ".join,
)
def test_undo_and_redo_are_replayed(gazesam, scan, tmp_path, keys) -> None:
    looks = []
    for key in keys:
        # Elsewhere in between: a look that was accepted has had its effect.
        looks += [look_at(scan, "grey ball", key=None), look_at(scan, "bright ball", key=key)]
    gaze = record(tmp_path / "gaze", scan, looks)
    told = json.loads(
        gazesam("segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nii.gz", "--json").out
    )
    assert told["accepted_steps"] == 1
    assert told["undone_steps"] == 1
    (segment,) = told["segments"]
    assert (segment["name"], segment["slices"]) == ("bright ball", 1)
    assert segment["voxels"] > 200


def test_json_is_all_that_standard_output_holds(run_installed, scan, recording, tmp_path) -> None:
    said = run_installed(
        "segment", scan, "--gaze", recording, "--output", tmp_path / "out.nii.gz", "--json",
        "--pictures", tmp_path / "pictures", "--report", tmp_path / "report.html",
    )  # fmt: skip
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert [segment["name"] for segment in told["segments"]] == ["bright ball", "grey ball"]
    assert told["complete"] is True
    assert told["accepted_steps"] == 3
    labels = labels_of(tmp_path / "out.nii.gz")
    for number, segment in enumerate(told["segments"], start=1):
        voxels = int((labels == number).sum())
        assert segment["voxels"] == voxels
        assert segment["volume_ml"] == pytest.approx(voxels * 12.0 / 1000.0)


def test_coco_masks_name_the_gaze(gazesam, scan, recording, tmp_path) -> None:
    nifti, coco = tmp_path / "out.nii.gz", tmp_path / "out.json"
    said = gazesam("segment", scan, "--gaze", recording, "-o", nifti, "-o", coco)
    assert said.code == 0, said.err
    content, labels = json.loads(coco.read_text()), labels_of(nifti)
    assert len(content["annotations"]) == 3
    for annotation in content["annotations"]:
        mask = coco_mask.decode(annotation["segmentation"]).astype(bool)
        layer = labels[annotation["image_id"]] == annotation["category_id"]
        np.testing.assert_array_equal(mask, layer)
        ((column, row),) = annotation["point_coords"]
        assert mask[round(row), round(column)]
        assert 0.0 < annotation["predicted_iou"] <= 1.0


def test_pictures_and_report_show_what_was_accepted(gazesam, scan, recording, tmp_path) -> None:
    pictures, report = tmp_path / "pictures", tmp_path / "report.html"
    said = gazesam(
        "segment", scan, "--gaze", recording, "-o", tmp_path / "out.nii.gz",
        "--pictures", pictures, "--report", report,
    )  # fmt: skip
    assert said.code == 0, said.err
    names = sorted(path.name for path in pictures.iterdir())
    assert names == ["contact-sheet.png", "slice-001.png", "slice-002.png"]
    for name in names:
        with Image.open(pictures / name) as picture:
            picture.load()
            assert min(picture.size) >= 400
    page = report.read_text(encoding="utf-8")
    assert "bright ball" in page
    assert "<script" not in page
    assert 'src="http' not in page


def test_a_new_mask_takes_voxels_of_others_only_where_asked(gazesam, scan, tmp_path) -> None:
    bright = look_at(scan, "bright ball")
    looks = [bright, look_at(scan, "grey ball", key=None), replace(bright, segment="other")]
    gaze = record(tmp_path / "gaze", scan, looks)
    voxels = []
    for flags in ((), ("--overwrite-segments",)):
        said = gazesam(
            "segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nii.gz", "--json", *flags
        )
        assert said.code == 0, said.err
        voxels.append([segment["voxels"] for segment in json.loads(said.out)["segments"]])
    (kept, nothing), (left_over, taken) = voxels
    assert kept > 200
    assert nothing <= 0.1 * kept
    assert left_over <= 0.1 * kept
    assert taken > 200


def test_one_look_each_and_propagate_make_whole_structures(gazesam, scan, tmp_path) -> None:
    looks = [look_at(scan, name) for name in ("bright ball", "grey ball")]
    gaze = record(tmp_path / "gaze", scan, looks)
    said = gazesam(
        "segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nrrd", "--propagate", "--json"
    )
    assert said.code == 0, said.err
    labels = labels_of(tmp_path / "out.nrrd")
    for number, name in enumerate(("bright ball", "grey ball"), start=1):
        assert dice(labels == number, inside_ball(name)) > 0.85
    segments = json.loads(said.out)["segments"]
    assert [segment["accepted_steps"] for segment in segments] == [2, 2]
    for number, segment in enumerate(segments, start=1):
        assert segment["slices"] == len(layers_of(labels == number))
        assert segment["slices_propagated"] == segment["slices"] - 1


def test_what_was_looked_at_stays_as_it_is_when_it_is_propagated(
    gazesam, scan, recording, tmp_path
) -> None:
    whole = gazesam(
        "segment", scan, "--gaze", recording, "-o", tmp_path / "whole.nrrd", "--propagate"
    )
    plain = gazesam("segment", scan, "--gaze", recording, "-o", tmp_path / "plain.nrrd")
    assert (whole.code, plain.code) == (0, 0)
    found, seeds = labels_of(tmp_path / "whole.nrrd"), labels_of(tmp_path / "plain.nrrd")
    assert (found[seeds > 0] == seeds[seeds > 0]).mean() > 0.95  # a later look may correct it
    assert (found > 0).sum() > 4 * (seeds > 0).sum()
