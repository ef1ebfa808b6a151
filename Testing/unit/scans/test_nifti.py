"""NIfTI: against nibabel's own affine and values; what is damaged ends in one sentence."""

import gzip
import shutil

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.read import read_scan

SHEARED = np.array([[-0.9, 0.1, 0.2, 10], [0, 0.8, 0.3, 20], [0.05, 0, 2, 30], [0, 0, 0, 1]])


def save(path, data, affine=SHEARED, *, kind=nibabel.Nifti1Image, **header):
    image = kind(data, affine)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "mr_brain_oblique/t2.nii.gz",
        "geometry/ct_sheared.nii.gz",
        "geometry/mr_flair_oblique.nii.gz",
        "ct_abdomen/labels.nii.gz",
    ],
)
def test_real_scans_equal_nibabels_in_place_and_values(shared_data, name):
    scan = read_scan(shared_data / name)
    image = nibabel.load(shared_data / name)
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, image.affine, atol=1e-7)
    expected = np.asarray(image.dataobj).transpose(2, 1, 0)
    np.testing.assert_allclose(scan.voxels_kji, expected, rtol=1e-6)
    assert scan.voxels_kji.flags.c_contiguous


def test_a_sheared_ct_without_modality_is_shown_as_ct(shared_data):
    scan = read_scan(shared_data / "geometry" / "ct_sheared.nii.gz")
    assert (scan.window, scan.level) == (400.0, 40.0)


@pytest.mark.parametrize("name", ["anatomical.nii", "standard.nii.gz", "reoriented_anat_moved.nii"])
def test_nibabels_own_files_equal_nibabels_reading(nibabel_files, name):
    scan = read_scan(nibabel_files / name)
    image = nibabel.load(nibabel_files / name)
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, image.affine, atol=1e-7)
    np.testing.assert_allclose(
        scan.voxels_kji, image.get_fdata().transpose(2, 1, 0), rtol=1e-6, atol=1e-6
    )


def test_a_file_of_several_volumes_asks_which(nibabel_files):
    file = nibabel_files / "example4d.nii.gz"
    with pytest.raises(ScanError, match=r"holds 2 volumes and a scan is one: .*--series 1 to 2"):
        read_scan(file)
    data = nibabel.load(file).get_fdata()
    for number in (1, 2):
        scan = read_scan(file, series=str(number))
        np.testing.assert_allclose(scan.voxels_kji, data[..., number - 1].T, rtol=1e-6)
        assert f"volume {number} of 2" in scan.notes
    with pytest.raises(ScanError, match="has no '3' among its volumes"):
        read_scan(file, series="3")


def test_five_dimensions_are_counted_in_the_files_order(tmp_path):
    data = np.arange(2 * 3 * 4 * 2 * 3, dtype=np.int16).reshape(2, 3, 4, 2, 3)
    file = save(tmp_path / "a.nii", data)
    np.testing.assert_array_equal(
        read_scan(file, series="4").voxels_kji, data[:, :, :, 1, 1].transpose(2, 1, 0)
    )


def test_a_fourth_dimension_of_one_is_no_choice(tmp_path):
    data = np.arange(24, dtype=np.int16).reshape(2, 3, 4, 1)
    scan = read_scan(save(tmp_path / "a.nii.gz", data))
    np.testing.assert_array_equal(scan.voxels_kji, data[..., 0].T)


@pytest.mark.parametrize("shape", [(5, 4, 1), (5, 4)])
def test_one_slice_is_a_volume(tmp_path, shape):
    data = np.arange(20, dtype=np.int16).reshape(shape)
    scan = read_scan(save(tmp_path / "a.nii", data))
    assert scan.volume.shape_kji == (1, 4, 5)
    np.testing.assert_array_equal(scan.voxels_kji[0], data.reshape(5, 4).T)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8", "i8", "u4", "i1"])
def test_every_type_byte_order_and_version_gives_the_same_values(tmp_path, dtype, order, kind):
    data = np.arange(24).reshape(2, 3, 4).astype(order + dtype)
    image = kind(data, SHEARED, kind.header_class(endianness=order), dtype=data.dtype)
    nibabel.save(image, tmp_path / "a.nii.gz")
    scan = read_scan(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(scan.voxels_kji, np.arange(24).reshape(2, 3, 4).T)
    assert scan.voxels_kji.dtype.isnative
    assert scan.voxels_kji.dtype.name in ("uint8", "int16", "uint16", "int32", "float32")
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, SHEARED, atol=1e-6)


@pytest.mark.parametrize(
    ("slope", "inter", "dtype"),
    [(1.0, -1024.0, np.int16), (2.0, 0.0, np.uint16), (0.5, 1.0, np.float32)],
)
def test_scaled_values_equal_nibabels_and_whole_ones_stay_whole(tmp_path, slope, inter, dtype):
    image = nibabel.Nifti1Image(np.array([[[0, 4095, 30000]]], np.int16), np.eye(4))
    image.header.set_slope_inter(slope, inter)
    nibabel.save(image, tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[112:120] = np.array([slope, inter], "<f4").tobytes()
    (tmp_path / "a.nii").write_bytes(content)
    scan = read_scan(tmp_path / "a.nii")
    assert scan.voxels_kji.dtype == dtype
    np.testing.assert_allclose(
        scan.voxels_kji, nibabel.load(tmp_path / "a.nii").get_fdata().T, rtol=1e-6
    )


def test_a_file_without_sform_uses_its_qform(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), None)
    turned = np.array([[0, -2, 0, 5], [3, 0, 0, 6], [0, 0, 4, 7], [0, 0, 0, 1]], dtype=float)
    image.set_qform(turned, code=1)
    nibabel.save(image, tmp_path / "a.nii")
    np.testing.assert_allclose(
        read_scan(tmp_path / "a.nii").volume.local_ras_from_ijk, turned, atol=1e-5
    )


def test_a_file_that_says_nothing_of_its_position_is_read_as_nibabel_does_and_noted(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), None)
    image.header.set_zooms((1.5, 2.5, 3.5))
    nibabel.save(image, tmp_path / "a.nii")
    scan = read_scan(tmp_path / "a.nii")
    expected = nibabel.load(tmp_path / "a.nii").affine
    np.testing.assert_array_equal(scan.volume.local_ras_from_ijk, expected)
    assert any("says nothing of its position" in note for note in scan.notes)


def test_metres_and_microns_become_millimetres(tmp_path):
    for unit, name, factor in (("meter", "metres", 1e3), ("micron", "microns", 1e-3)):
        image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), SHEARED)
        image.header.set_xyzt_units(unit)
        nibabel.save(image, tmp_path / "a.nii")
        scan = read_scan(tmp_path / "a.nii")
        np.testing.assert_allclose(
            scan.volume.local_ras_from_ijk[:3], SHEARED[:3] * factor, rtol=1e-5, atol=1e-7
        )
        assert any(name in note for note in scan.notes)


def test_the_display_range_of_the_file_counts(tmp_path):
    data = np.zeros((2, 3, 4), np.int16)
    scan = read_scan(save(tmp_path / "a.nii", data, cal_min=-100, cal_max=300))
    assert (scan.window, scan.level) == (400.0, 100.0)


def test_nan_and_infinity_become_the_smallest_value_and_are_counted(tmp_path):
    data = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 5
    data[0, 0, 0], data[1, 1, 1], data[1, 2, 3] = np.nan, np.inf, -np.inf
    scan = read_scan(save(tmp_path / "a.nii", data))
    assert np.isfinite(scan.voxels_kji).all()
    assert scan.voxels_kji[0, 0, 0] == scan.voxels_kji[1, 1, 1] == scan.voxels_kji[3, 2, 1] == -4
    assert any("3 voxels were NaN or infinite" in note for note in scan.notes)


def test_values_beyond_float32_do_not_become_infinite(tmp_path):
    data = np.array([[[1e300, 1.0, 2.0]]])
    scan = read_scan(save(tmp_path / "a.nii", data))
    assert np.isfinite(scan.voxels_kji).all()
    assert scan.notes


def test_a_scan_of_nothing_but_nan_is_refused(tmp_path):
    file = save(tmp_path / "a.nii", np.full((2, 3, 4), np.nan, np.float32))
    with pytest.raises(ScanError, match=r"a.nii is no scan: none of its voxels is a finite number"):
        read_scan(file)


def test_colour_becomes_brightness(tmp_path):
    rgb = np.zeros((2, 3, 4), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    rgb["R"], rgb["G"][1] = 200, 101
    scan = read_scan(save(tmp_path / "a.nii", rgb))
    np.testing.assert_array_equal(scan.voxels_kji[:, :, 0], 60)
    np.testing.assert_array_equal(scan.voxels_kji[:, :, 1], 119)
    assert any("brightness" in note for note in scan.notes)


def test_complex_voxels_are_refused(tmp_path):
    file = save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.complex64))
    with pytest.raises(ScanError, match="not grey values but complex64"):
        read_scan(file)


def test_the_extension_does_not_matter(tmp_path, nibabel_files):
    packed = nibabel_files / "standard.nii.gz"
    plain = tmp_path / "plain.nrrd"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    shutil.copy(packed, tmp_path / "packed.nii")
    shutil.copy(packed, tmp_path / "packed")
    expected = nibabel.load(packed).get_fdata().T
    for name in ("plain.nrrd", "packed.nii", "packed"):
        np.testing.assert_allclose(read_scan(tmp_path / name).voxels_kji, expected, rtol=1e-6)


def test_a_pair_of_header_and_image_is_read(tmp_path):
    data = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nibabel.save(nibabel.Nifti1Pair(data, SHEARED), tmp_path / "a.hdr")
    scan = read_scan(tmp_path / "a.hdr")
    np.testing.assert_array_equal(scan.voxels_kji, data.T)
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, SHEARED, atol=1e-6)
    (tmp_path / "a.img").unlink()
    with pytest.raises(ScanError, match=r"a.hdr is damaged or not NIfTI"):
        read_scan(tmp_path / "a.hdr")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_named(tmp_path, name, kept):
    data = np.random.default_rng(0).integers(0, 1000, (20, 20, 20), dtype=np.int16)
    file = save(tmp_path / name, data)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ScanError, match=name):
        read_scan(file)


@pytest.mark.parametrize(
    "affine",
    [
        np.diag((1.0, 1.0, 0.0, 1.0)),
        np.array([[1.0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 2, 0], [0, 0, 0, 1]]),
        np.diag((1.0, np.nan, 1.0, 1.0)),
    ],
)
def test_zero_spacing_and_singular_matrices_are_refused(tmp_path, affine):
    image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.eye(4))
    nibabel.save(image, tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[280:328] = affine[:3].astype("<f4").tobytes()  # srow_x, srow_y, srow_z
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(ScanError, match=r"a.nii has no usable geometry"):
        read_scan(tmp_path / "a.nii")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100
)
@given(data=st.data())
def test_a_corrupted_header_gives_a_scan_or_one_sentence(tmp_path, reads_or_names, data):
    content = bytearray(352 + 24 * 2)
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), SHEARED)
    content[:] = image.to_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, 351))] = data.draw(st.integers(0, 255))
    file = tmp_path / "a.nii"
    file.write_bytes(content)
    reads_or_names(file)
