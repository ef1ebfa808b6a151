"""Scans that a DICOM segmentation can refer to, and those that are refused by name."""

import numpy as np
import pydicom
import pytest

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.read_dicom_seg import read_dicom_seg
from GazeSAMLib.scans.write_dicom_seg import write_dicom_seg
from Testing.dicom_checks import change_file, complaints, write_series
from Testing.unit.scans.test_write_dicom_seg import (
    SHAPE,
    a_scan,
    even,
    on_grid,
    random_masks,
    segments_of,
)


def test_a_scan_that_is_not_dicom_is_refused(tmp_path):
    volume = VolumeGeometry((2, 3, 4), np.eye(4))
    found = segments_of([np.ones((2, 3, 4), dtype=bool)], volume)
    with pytest.raises(OutputError, match=r"not read from DICOM files.* write \.seg\.nrrd"):
        write_dicom_seg(tmp_path / "x.dcm", found, ())


def test_a_scan_without_uids_is_refused_by_name(shared_data, tmp_path):
    scan = read_scan(shared_data / "ct_abdomen" / "dicom")
    found = segments_of([scan.voxels_kji > 200], scan.volume)
    with pytest.raises(OutputError, match=r"CT\.1\.3\S+ has no SOP Instance UID"):
        write_dicom_seg(tmp_path / "x.dcm", found, scan.source_frames)
    assert not (tmp_path / "x.dcm").exists()


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize(
    ("elements", "told"),
    [
        ({"FrameOfReferenceUID": None}, "no Frame of Reference UID"),
        ({"StudyInstanceUID": ""}, "no Study Instance UID"),
        ({"SOPInstanceUID": "1.2.3"}, "the same SOP Instance UID"),
        ({"SeriesInstanceUID": "1.02.nonsense"}, "malformed"),
    ],
)
def test_unusable_uids_are_refused(tmp_path, elements, told):
    scan = a_scan(tmp_path / "scan", even(3), **elements)
    found = segments_of(random_masks(scan.volume, 1), scan.volume)
    with pytest.raises(OutputError, match=rf"00\d\.dcm .*{told}.* write \.seg\.nrrd instead"):
        write_dicom_seg(tmp_path / "x.dcm", found, scan.source_frames)


def test_directions_that_differ_by_rounding_and_wrong_spacings_do_no_harm(tmp_path):
    files = write_series(tmp_path / "scan", even(3), SHAPE, SpacingBetweenSlices=17.0)
    change_file(files[1], ImageOrientationPatient=[1, 1e-4, 0, -1e-4, 1, 0], SliceThickness=None)
    scan = read_scan(tmp_path / "scan")
    (mask,) = random_masks(scan.volume, 1)
    path = tmp_path / "x.dcm"
    write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames)
    assert complaints(path) == []
    measures = pydicom.dcmread(path).SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SpacingBetweenSlices == 2.0
    assert np.array_equal(on_grid(read_dicom_seg(path), scan.volume)[0], mask)


def test_slices_of_two_frames_of_reference_are_refused(tmp_path):
    files = write_series(tmp_path / "scan", even(3), SHAPE)
    change_file(files[1], FrameOfReferenceUID="1.2.3")
    scan = read_scan(tmp_path / "scan")
    found = segments_of(random_masks(scan.volume, 1), scan.volume)
    with pytest.raises(OutputError, match="differ in their Frame of Reference UID"):
        write_dicom_seg(tmp_path / "x.dcm", found, scan.source_frames)


def test_a_private_kind_of_image_is_refused(tmp_path):
    scan = a_scan(tmp_path / "scan", even(3), SOPClassUID="1.3.46.670589.5.0.2.1")
    found = segments_of(random_masks(scan.volume, 1), scan.volume)
    with pytest.raises(OutputError, match=r"001\.dcm is of a kind of its maker's own"):
        write_dicom_seg(tmp_path / "x.dcm", found, scan.source_frames)


def test_bare_and_empty_patient_data_do_no_harm(tmp_path):
    bare = dict.fromkeys(
        ("PatientName", "PatientID", "PatientSex", "PatientBirthDate", "StudyID", "StudyDate")
    )
    empty = {"SpecificCharacterSet": "", "DeidentificationMethod": ""}
    scan = a_scan(tmp_path / "scan", even(3), **bare, **empty)
    (mask,) = random_masks(scan.volume, 1)
    path = tmp_path / "x.dcm"
    write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames)
    assert complaints(path) == []
    assert np.array_equal(on_grid(read_dicom_seg(path), scan.volume)[0], mask)


def test_a_source_slice_that_is_gone_is_told(tmp_path):
    scan = a_scan(tmp_path / "scan", even(3))
    scan.source_files[1].unlink()
    found = segments_of(random_masks(scan.volume, 1), scan.volume)
    with pytest.raises(OutputError, match=r"002\.dcm cannot be read any more"):
        write_dicom_seg(tmp_path / "x.dcm", found, scan.source_frames)
