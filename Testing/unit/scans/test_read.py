"""Finding out what a file is, and saying what it is not."""

import gzip
import shutil

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.read import read_scan, scan_kind


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(ScanError, match=r"nothing.nii does not exist"):
        read_scan(tmp_path / "nothing.nii")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.dcm", "a.nrrd", "a.png"])
def test_an_empty_file_is_named(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(ScanError, match=f"{name} is an empty file"):
        read_scan(tmp_path / name)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.dcm", "a.nrrd", "a.png", "a"])
def test_text_is_no_scan_whatever_its_extension(tmp_path, name):
    (tmp_path / name).write_text("just text\n" * 100)
    with pytest.raises(ScanError, match=f"{name} is not a scan that GazeSAM can read: it reads"):
        read_scan(tmp_path / name)


def test_a_damaged_gzip_file_is_named(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"\x1f\x8b" + bytes(100))
    with pytest.raises(ScanError, match=r"a.nii.gz cannot be read"):
        read_scan(tmp_path / "a.nii.gz")


def test_a_packed_text_is_no_scan(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"just text" * 100))
    with pytest.raises(ScanError, match="is not a scan"):
        read_scan(tmp_path / "a.nii.gz")


def test_dicom_is_found_with_and_without_preamble(tmp_path, pydicom_files):
    content = (pydicom_files / "MR_small_implicit.dcm").read_bytes()
    bare = tmp_path / "bare"
    bare.write_bytes(content[132:])
    assert scan_kind(bare) == "dicom"
    np.testing.assert_array_equal(
        read_scan(bare).voxels_kji, read_scan(pydicom_files / "MR_small_implicit.dcm").voxels_kji
    )


def test_a_segmentation_is_named_as_such(shared_data):
    with pytest.raises(ScanError, match=r"liver.dcm holds DICOM objects but no image .*\(SEG\)"):
        read_scan(shared_data / "ct_liver_seg" / "liver.dcm")


def test_a_dicom_file_with_another_extension_is_read(tmp_path, pydicom_files):
    shutil.copy(pydicom_files / "CT_small.dcm", tmp_path / "a.nii")
    assert read_scan(tmp_path / "a.nii").modality == "CT"


@pytest.mark.parametrize("bits", [0, 24, 272, 65535])
def test_a_number_of_bits_that_no_pixel_has_gives_one_sentence(tmp_path, pydicom_files, bits):
    dataset = pydicom.dcmread(pydicom_files / "MR_small.dcm")
    dataset.BitsAllocated = bits
    dataset.save_as(tmp_path / "a.dcm")
    with pytest.raises(ScanError, match=r"a\.dcm"):
        read_scan(tmp_path / "a.dcm")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100
)
@given(data=st.data())
def test_a_corrupted_dicom_file_gives_a_scan_or_one_sentence(
    tmp_path, pydicom_files, reads_or_names, data
):
    content = bytearray((pydicom_files / "MR_small.dcm").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(132, 1500))] = data.draw(st.integers(0, 255))
    file = tmp_path / "a.dcm"
    file.write_bytes(content[: data.draw(st.integers(1400, len(content)))])
    reads_or_names(file)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100
)
@given(content=st.binary(min_size=1, max_size=600), data=st.data())
def test_random_bytes_give_one_sentence(tmp_path, reads_or_names, content, data):
    magic = data.draw(
        st.sampled_from(
            [b"", b"NRRD0004\n", b"\x5c\x01\0\0", b"\x89PNG\r\n\x1a\n", b"II*\0", b"BM"]
        )
    )
    file = tmp_path / "a"
    file.write_bytes(magic + content)
    reads_or_names(file)
