"""Which files make one volume, and how one of several is chosen."""

import shutil

import numpy as np
import pytest

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.dicom import list_series, read_dicom


def stack_of(folder, count=3, z0=0.0, **elements):
    for k in range(count):
        folder.add((0, 0, z0 + 2 * k), **elements)


def test_a_series_is_found_in_nested_folders_among_other_files(
    pydicom_files, shared_data, tmp_path
):
    nested = tmp_path / "patient" / "study"
    shutil.copytree(shared_data / "ct_liver_seg" / "dicom", nested / "ct" / "a")
    shutil.copy(shared_data / "ct_liver_seg" / "liver.dcm", nested)  # a segmentation
    shutil.copy(pydicom_files / "test-SR.dcm", nested)
    shutil.copy(pydicom_files / "rtplan.dcm", nested)
    shutil.copy(pydicom_files / "dicomdirtests" / "DICOMDIR", tmp_path)
    (nested / "notes.txt").write_text("not a slice")
    (nested / ".DS_Store").write_bytes(b"\0" * 200)
    scan = read_dicom(tmp_path)
    assert scan.voxels_kji.shape == (3, 512, 512)
    assert len(list_series(tmp_path)) == 1


def test_the_only_series_with_several_slices_is_taken_and_said_so(pydicom_files):
    folder = pydicom_files / "dicomdirtests" / "98892001"  # also holds two scouts
    scan = read_dicom(folder)
    assert scan.voxels_kji.shape == (5, 16, 16)
    assert [info.slice_count for info in list_series(folder)] == [5]


def test_one_volume_among_single_images_is_taken_with_a_note(dicom_folder, more_folders):
    stack_of(dicom_folder)
    capture = more_folders("dicom/captures")
    capture.add((0, 0, 0), np.zeros((7, 7), np.int16), SeriesNumber=99)
    scan = read_dicom(dicom_folder.path)
    assert len(scan.voxels_kji) == 3
    assert any("was chosen: the only one of 2" in note for note in scan.notes)


def test_several_series_are_listed_and_must_be_chosen(dicom_folder, more_folders):
    stack_of(dicom_folder, SeriesNumber=2, SeriesDescription="arterial")
    other = more_folders("dicom/later")
    stack_of(other, count=4, SeriesNumber=1, SeriesDescription="venous")
    with pytest.raises(ScanError) as error:
        read_dicom(dicom_folder.path)
    assert str(error.value).splitlines() == [
        f"{dicom_folder.path} holds 2 series: choose one with --series",
        "  1: CT venous, 5 x 4 x 4",
        "  2: CT arterial, 5 x 4 x 3",
    ]
    assert len(read_dicom(dicom_folder.path, "1").voxels_kji) == 4
    assert len(read_dicom(dicom_folder.path, "2").voxels_kji) == 3
    assert len(read_dicom(dicom_folder.path, other.series_uid).voxels_kji) == 4
    with pytest.raises(ScanError, match="has no series '3'"):
        read_dicom(dicom_folder.path, "3")


def test_series_without_uids_are_told_apart_by_what_is_there(dicom_folder):
    stack_of(dicom_folder, SeriesInstanceUID=None, SeriesDescription="a")
    stack_of(dicom_folder, 4, SeriesInstanceUID="", SeriesDescription="b")
    stack_of(dicom_folder, 5, SeriesInstanceUID="", SeriesDescription="b", PixelSpacing=[1.0, 1.0])
    assert [info.slice_count for info in list_series(dicom_folder.path)] == [3, 4, 5]


def test_orientations_within_one_series_are_volumes_of_their_own(dicom_folder):
    stack_of(dicom_folder)
    for k in range(4):
        dicom_folder.add((0, 2 * k, 0), orientation=(1, 0, 0, 0, 0, -1))
    assert [info.slice_count for info in list_series(dicom_folder.path)] == [3, 4]


def test_echoes_at_the_same_places_are_split_and_named(dicom_folder):
    for k in range(3):
        for echo in (10.0, 80.0):
            dicom_folder.add(
                (0, 0, 2 * k), np.full((4, 5), echo, np.int16), EchoTime=echo, Modality="MR"
            )
    first, second = list_series(dicom_folder.path)
    assert (first.part, second.part) == ("EchoTime 10.0", "EchoTime 80.0")
    assert (read_dicom(dicom_folder.path, "2").voxels_kji == 80).all()
    with pytest.raises(ScanError, match="holds 2 volumes: choose one by its number"):
        read_dicom(dicom_folder.path, dicom_folder.series_uid)


def test_two_traits_together_split_what_neither_splits_alone(dicom_folder):
    for k in range(3):
        for echo in (10.5, 80.5):
            for phase in (1, 2):
                dicom_folder.add((0, 0, 2 * k), EchoTime=echo, TemporalPositionIdentifier=phase)
    parts = [info.part for info in list_series(dicom_folder.path)]
    assert len(parts) == 4
    assert "EchoTime 80.5, TemporalPositionIdentifier 2" in parts


def test_repetitions_that_nothing_but_the_number_tells_apart_are_split(dicom_folder):
    for repetition in range(3):
        for k in range(4):
            dicom_folder.add((0, 0, 2 * k), np.full((4, 5), repetition, np.int16))
    infos = list_series(dicom_folder.path)
    assert [info.part for info in infos] == [f"repetition {n} of 3" for n in (1, 2, 3)]
    assert (read_dicom(dicom_folder.path, "3").voxels_kji == 2).all()


def test_an_acquisition_time_for_each_slice_does_not_split_a_volume(dicom_folder):
    for number, k in enumerate((0, 1, 2, 3, 3)):
        dicom_folder.add((0, 0, 2 * k), AcquisitionTime=f"12000{number}")
    assert [info.slice_count for info in list_series(dicom_folder.path)] == [5]
    assert len(read_dicom(dicom_folder.path).voxels_kji) == 4


def test_scouts_alone_can_still_be_read(pydicom_files):
    infos = list_series(pydicom_files / "dicomdirtests" / "98892001" / "CT2N")
    assert len(infos) == 2


def test_one_file_of_a_series_is_read_alone_and_said_so(shared_data):
    scan = read_dicom(shared_data / "ct_liver_seg" / "dicom" / "02.dcm")
    assert scan.voxels_kji.shape == (1, 512, 512)
    assert any("its folder may hold the rest" in note for note in scan.notes)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ScanError, match=f"{tmp_path} is an empty folder"):
        read_dicom(tmp_path)


def test_a_folder_without_images_is_named_with_what_it_holds(tmp_path, pydicom_files):
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.bin").write_bytes(bytes(range(256)))
    with pytest.raises(ScanError, match=r"holds no DICOM image \(2 other files\)"):
        read_dicom(tmp_path)
    shutil.copy(pydicom_files / "test-SR.dcm", tmp_path)
    shutil.copy(pydicom_files / "rtdose.dcm", tmp_path)
    with pytest.raises(ScanError, match=r"no image of a scan \(RTDOSE, SR\)"):
        read_dicom(tmp_path)


def test_headers_without_pixels_are_no_scan(pydicom_files):
    with pytest.raises(ScanError, match=r"no image of a scan \(CT\)"):
        read_dicom(pydicom_files / "dicomdirtests" / "TINY_ALPHA")


def test_a_siemens_mosaic_is_refused_with_what_to_do(nibabel_dicoms, tmp_path):
    shutil.copy(nibabel_dicoms / "0.dcm", tmp_path)
    with pytest.raises(ScanError, match=r"mosaic.*dcm2niix"):
        read_dicom(tmp_path)


def test_a_damaged_header_is_left_out_and_named(dicom_folder):
    stack_of(dicom_folder, 4)
    broken = dicom_folder.path / "broken.dcm"
    broken.write_bytes(dicom_folder.add((0, 0, 8)).read_bytes()[:150])
    scan = read_dicom(dicom_folder.path)
    assert len(scan.voxels_kji) == 5
    assert any("broken.dcm" in note for note in scan.notes)


def test_progress_counts_headers_and_slices(dicom_folder):
    stack_of(dicom_folder)
    calls = []
    read_dicom(dicom_folder.path, progress=lambda *call: calls.append(call))
    assert calls == [
        (what, n, 3) for what in ("reading headers", "reading slices") for n in (1, 2, 3)
    ]
