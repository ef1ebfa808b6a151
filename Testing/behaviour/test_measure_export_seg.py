"""`gazesam measure`, `gazesam export-seg`, and DICOM as output and input of other commands."""

import csv
import json

import numpy as np
import pydicom
import pytest
import SimpleITK

from GazeSAMLib.scans.read_dicom_seg import read_dicom_seg
from GazeSAMLib.scans.read_segments import read_segments
from Testing.dicom_checks import complaints, write_series
from Testing.full_disk import limited_file_size
from Testing.recorded_scan import look_at, record


@pytest.fixture
def liver(shared_data):
    """The folder of a scan with its liver as label map and as DICOM segmentation."""
    return shared_data / "ct_liver_seg"


def test_measure_tells_and_writes_what_simpleitk_finds(gazesam, liver, tmp_path):
    table, values = tmp_path / "liver.csv", tmp_path / "liver.json"
    said = gazesam(
        *("measure", liver / "liver.dcm", "--scan", liver / "dicom"),
        *("--csv", table, "--json", values),
    )
    assert said.code == 0, said.err
    label = SimpleITK.ReadImage(liver / "liver_seg.nrrd")
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(liver / "dicom")))
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.Execute(label)
    intensity = SimpleITK.LabelStatisticsImageFilter()
    scan = reader.Execute()
    scan.CopyInformation(label)  # they differ in the seventh digit
    intensity.Execute(scan, label)
    (found,) = json.loads(values.read_text())["segments"]
    assert found["segment"] == "Liver"
    assert found["volume_ml"] == pytest.approx(shape.GetPhysicalSize(1) / 1000.0, rel=1e-4)
    assert found["longest_3d_mm"] == pytest.approx(239.6686, rel=1e-6)  # its Feret diameter
    assert found["mean"] == pytest.approx(intensity.GetMean(1), rel=1e-6)
    assert found["sd"] == pytest.approx(intensity.GetSigma(1), rel=1e-6)
    assert f"{found['volume_ml']:.2f}" in said.out
    with table.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert {name: row[name] for name in found} == {
        name: str(value) for name, value in found.items()
    }


def test_measure_takes_labels_on_another_grid_than_the_scan(gazesam, shared_data, tmp_path):
    folder = shared_data / "mr_brain_oblique"
    values = tmp_path / "brain.json"
    labels = folder / "labels_gif.nii.gz"
    said = gazesam("measure", labels, "--scan", folder / "t2.nii.gz", "--json", values)
    assert said.code == 0, said.err
    found = {one["segment"]: one for one in json.loads(values.read_text())["segments"]}
    image = SimpleITK.ReadImage(labels)
    scan = SimpleITK.Resample(
        SimpleITK.ReadImage(folder / "t2.nii.gz", SimpleITK.sitkFloat32),
        *(image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0.0),
    )
    intensity = SimpleITK.LabelStatisticsImageFilter()
    intensity.Execute(scan, SimpleITK.Cast(image, SimpleITK.sitkUInt16))
    for number in (52, 53):  # ventricles: well inside the scan
        assert found[f"label {number}"]["mean"] == pytest.approx(
            intensity.GetMean(number), rel=0.01
        )


def test_measure_without_a_scan_leaves_intensities_out(gazesam, liver, tmp_path):
    said = gazesam("measure", liver / "liver_seg.nrrd", "--json", tmp_path / "x.json")
    assert said.code == 0, said.err
    (found,) = json.loads((tmp_path / "x.json").read_text())["segments"]
    assert found["mean"] is None
    assert found["voxels"] == 107098


def test_measure_refuses_a_scan_of_another_patient(gazesam, liver, shared_data):
    scan = shared_data / "mr_brain_oblique" / "t2.nii.gz"
    said = gazesam("measure", liver / "liver.dcm", "--scan", scan)
    assert said.code == 1
    assert "another patient" in said.err


def test_export_seg_writes_what_the_label_map_says(gazesam, liver, tmp_path):
    output = tmp_path / "spine.dcm"
    said = gazesam(
        *("export-seg", liver / "spine_seg.nrrd", "--scan", liver / "dicom", "-o", output)
    )
    assert said.code == 0, said.err
    assert complaints(output) == []
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(liver / "spine_seg.nrrd"))
    found = read_dicom_seg(output)
    assert [one.segment.name for one in found.segments] == ["spine_seg"] or len(
        found.segments
    ) == len(np.unique(expected)) - 1
    assert sum(one.patch.mask.sum() for one in found.segments) == (expected > 0).sum()


def test_export_seg_refuses_a_scan_without_uids(gazesam, shared_data, tmp_path):
    folder = shared_data / "ct_abdomen"
    output = tmp_path / "x.dcm"
    said = gazesam("export-seg", folder / "labels.nii.gz", "--scan", folder / "dicom", "-o", output)
    assert said.code == 1
    assert "has no SOP Instance UID" in said.err
    assert "write .seg.nrrd instead" in said.err
    assert not output.exists()


@pytest.mark.parametrize("name", ["x.nrrd", "none/x.dcm"])
def test_export_seg_refuses_an_output_that_cannot_be(gazesam, liver, tmp_path, name):
    said = gazesam(
        *("export-seg", liver / "liver.dcm", "--scan", liver / "dicom", "-o", tmp_path / name)
    )
    assert said.code == 1
    assert str((tmp_path / name).parent) in said.err


@pytest.fixture
def dicom_balls(tmp_path, scan):
    """The scan of two balls as a DICOM series, and looks at it."""
    image = SimpleITK.ReadImage(scan)
    values = SimpleITK.GetArrayFromImage(image)
    folder = tmp_path / "dicom"
    positions = [image.TransformIndexToPhysicalPoint((0, 0, k)) for k in range(len(values))]
    direction = np.reshape(image.GetDirection(), (3, 3))
    cosines = [*direction[:, 0].tolist(), *direction[:, 1].tolist()]
    column_mm, row_mm, _ = image.GetSpacing()
    files = write_series(folder, positions, values.shape[1:], ImageOrientationPatient=cosines)
    for file, pixels in zip(files, values, strict=True):
        dataset = pydicom.dcmread(file)
        dataset.PixelSpacing = [row_mm, column_mm]
        dataset.PixelData = pixels.astype(np.int16).tobytes()
        dataset.save_as(file)
    looks = [look_at(folder, name) for name in ("bright ball", "grey ball")]
    both = record(tmp_path / "both", folder, looks)
    one_each = [record(tmp_path / f"gaze{n}", folder, [look]) for n, look in enumerate(looks)]
    return folder, both, one_each


def voxels_by_name(path):
    return {one.segment.name: int(one.patch.mask.sum()) for one in read_segments(path).segments}


def test_segment_writes_dicom_and_nrrd_with_the_same_voxels(gazesam, dicom_balls, tmp_path):
    folder, both, _ = dicom_balls
    as_dicom, as_nrrd = tmp_path / "balls.dcm", tmp_path / "balls.seg.nrrd"
    said = gazesam("segment", folder, "--gaze", both, "-o", as_dicom, "-o", as_nrrd)
    assert said.code == 0, said.err
    assert complaints(as_dicom) == []
    assert voxels_by_name(as_dicom) == voxels_by_name(as_nrrd)
    assert min(voxels_by_name(as_dicom).values()) > 200


def test_a_dicom_segmentation_is_gone_on_with_codes_and_all(gazesam, dicom_balls, tmp_path):
    folder, _, (bright, grey) = dicom_balls
    alone, first = tmp_path / "alone.seg.nrrd", tmp_path / "first.dcm"
    assert gazesam("segment", folder, "--gaze", grey, "-o", alone).code == 0
    assert gazesam("segment", folder, "--gaze", bright, "-o", first).code == 0
    dataset = pydicom.dcmread(first)
    dataset.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeMeaning = "Ball"
    dataset.save_as(first)
    for name in ("second.dcm", "second.seg.nrrd"):
        second = tmp_path / name
        said = gazesam("segment", folder, "--gaze", grey, "--continue", first, "-o", second)
        assert said.code == 0, said.err
        assert voxels_by_name(second) == voxels_by_name(first) | voxels_by_name(alone)
        kinds = [one.terminology.type.meaning for one in read_segments(second).segments]
        assert kinds == ["Ball", "Tissue"]


def test_a_segmentation_of_another_patient_is_not_gone_on_with(
    gazesam, dicom_balls, liver, tmp_path
):
    folder, both, _ = dicom_balls
    output = tmp_path / "x.dcm"
    said = gazesam(
        *("segment", folder, "--gaze", both, "-o", output, "--continue", liver / "liver.dcm")
    )
    assert said.code == 1
    assert "another patient" in said.err
    assert not output.exists()


def test_a_run_that_went_on_is_restored_with_what_was_there_before(gazesam, dicom_balls, tmp_path):
    folder, _, (bright, grey) = dicom_balls
    first, second, restored = (tmp_path / f"{name}.dcm" for name in ("first", "second", "restored"))
    assert gazesam("segment", folder, "--gaze", bright, "-o", first).code == 0
    with limited_file_size(6000):
        said = gazesam("segment", folder, "--gaze", grey, "--continue", first, "-o", second)
    assert said.code == 1, said.out
    assert "could not write" in said.err
    said = gazesam("segment", folder, "--gaze", grey, "--continue", first, "-o", second)
    assert said.code == 0, said.err
    (journal,) = tmp_path.glob("second.journal*")
    said = gazesam("restore", journal, folder, "--continue", first, "-o", restored)
    assert said.code == 0, said.err
    assert voxels_by_name(restored) == voxels_by_name(second)


def test_segment_refuses_dicom_before_the_work_where_the_scan_is_none(
    gazesam, scan, recording, tmp_path
):
    output = tmp_path / "balls.dcm"
    said = gazesam("segment", scan, "--gaze", recording, "--output", output)
    assert said.code == 1
    assert "was not read from DICOM files" in said.err
    assert not list(tmp_path.iterdir())


def test_evaluate_takes_a_dicom_segmentation_for_labels(gazesam, liver):
    said = gazesam(
        *("evaluate", liver / "dicom", "--labels", liver / "liver.dcm"),
        *("--slices-per-structure", "1", "--json"),
    )
    assert said.code == 0, said.err
    assert "Liver" in said.out
