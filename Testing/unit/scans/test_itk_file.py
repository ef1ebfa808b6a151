"""NRRD and MetaImage: against affines written by hand and by pynrrd."""

import nrrd
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.read import read_scan

SHEARED = np.array([[-0.9, 0.1, 0.2, 10], [0, 0.8, 0.3, 20], [0.05, 0, 2, 30], [0, 0, 0, 1]])
DATA = np.arange(24, dtype=np.int16).reshape(2, 3, 4)  # i, j, k


def save_nrrd(path, data=DATA, affine=SHEARED, **header):
    """Write with pynrrd, in RAS; `header` overrides."""
    fields = {
        "space": "right-anterior-superior",
        "space directions": affine[:3, :3].T,
        "space origin": affine[:3, 3],
        "kinds": ["domain"] * 3,
    }
    nrrd.write(str(path), data, {**fields, **header})
    return path


def save_meta(path, affine=SHEARED, data="a.raw", **lines):
    """Write a MetaImage header by hand, in LPS, with detached data."""
    lps = np.diag((-1.0, -1.0, 1.0)) @ affine[:3]
    spacing = np.linalg.norm(lps[:, :3], axis=0)
    fields = {
        "ObjectType": "Image",
        "NDims": 3,
        "BinaryData": True,
        "BinaryDataByteOrderMSB": False,
        "TransformMatrix": " ".join(map(str, (lps[:, :3] / spacing).T.ravel())),
        "Offset": " ".join(map(str, lps[:, 3])),
        "ElementSpacing": " ".join(map(str, spacing)),
        "DimSize": "2 3 4",
        "ElementType": "MET_SHORT",
        **lines,
        "ElementDataFile": data,
    }
    path.write_text("".join(f"{key} = {value}\n" for key, value in fields.items()))
    DATA.ravel(order="F").tofile(path.parent / "a.raw")
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
def test_a_sheared_nrrd_keeps_its_matrix_exactly(tmp_path, name):
    scan = read_scan(save_nrrd(tmp_path / name))
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, SHEARED, atol=1e-12)
    np.testing.assert_array_equal(scan.voxels_kji, DATA.T)
    assert scan.voxels_kji.dtype == np.int16


def test_a_sheared_metaimage_keeps_its_matrix(tmp_path):
    scan = read_scan(save_meta(tmp_path / "a.mhd"))
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, SHEARED, atol=1e-6)
    np.testing.assert_array_equal(scan.voxels_kji, DATA.T)


def test_a_nrrd_in_lps_is_flipped_once(tmp_path):
    lps = np.diag((-1.0, -1.0, 1.0, 1.0)) @ SHEARED
    file = save_nrrd(tmp_path / "a.nrrd", affine=lps, space="left-posterior-superior")
    np.testing.assert_allclose(read_scan(file).volume.local_ras_from_ijk, SHEARED, atol=1e-12)


@pytest.mark.parametrize("name", ["mr_tumour/image.nrrd", "mr_breast/image.nrrd"])
def test_real_scans_equal_simpleitks(shared_data, name):
    scan = read_scan(shared_data / name)
    image = SimpleITK.ReadImage(shared_data / name)
    np.testing.assert_array_equal(scan.voxels_kji, SimpleITK.GetArrayFromImage(image))
    for index in ((0, 0, 0), (7, 11, 13)):
        expected = np.array(image.TransformIndexToPhysicalPoint(index)) * (-1, -1, 1)
        at = (scan.volume.local_ras_from_ijk @ (*index, 1.0))[:3]
        np.testing.assert_allclose(at, expected, atol=1e-4)


def test_every_itk_type_is_read_and_kept_compact(tmp_path):
    for dtype in ("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8", "i8"):
        file = tmp_path / f"{dtype}.mha"
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(DATA.T.astype(dtype)), file)
        voxels = read_scan(file).voxels_kji
        np.testing.assert_array_equal(voxels, DATA.T)
        assert voxels.dtype.name in ("uint8", "int16", "uint16", "int32", "float32")


def test_two_dimensions_are_one_slice(tmp_path):
    image = SimpleITK.GetImageFromArray(DATA[0])
    image.SetSpacing((2.0, 3.0))
    SimpleITK.WriteImage(image, tmp_path / "a.mha")
    scan = read_scan(tmp_path / "a.mha")
    assert scan.volume.shape_kji == (1, 3, 4)
    assert scan.volume.spacing_mm == (2.0, 3.0, 1.0)


@pytest.mark.parametrize("is_vector", [True, False])
def test_several_volumes_ask_which(tmp_path, is_vector):
    data = np.arange(2 * 4 * 3 * 5, dtype=np.int16).reshape(2, 4, 3, 5)
    image = SimpleITK.GetImageFromArray(
        np.moveaxis(data, 0, -1) if is_vector else data, isVector=is_vector
    )
    SimpleITK.WriteImage(image, tmp_path / "a.nrrd")
    with pytest.raises(ScanError, match="holds 2 volumes"):
        read_scan(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(read_scan(tmp_path / "a.nrrd", series="2").voxels_kji, data[1])


def test_colour_becomes_brightness(tmp_path):
    rgb = np.zeros((4, 3, 5, 3), np.uint8)
    rgb[..., 0] = 200
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(rgb, isVector=True), tmp_path / "a.nrrd")
    scan = read_scan(tmp_path / "a.nrrd")
    assert (scan.voxels_kji == 60).all()
    assert any("brightness" in note for note in scan.notes)


def test_nan_is_replaced(tmp_path):
    data = DATA.astype(np.float32)
    data[0, 0, 0] = np.nan
    scan = read_scan(save_nrrd(tmp_path / "a.nrrd", data))
    assert scan.voxels_kji[0, 0, 0] == 1.0
    assert any("1 voxel was NaN" in note for note in scan.notes)


@pytest.mark.parametrize("encoding", ["gzip", "raw", "ascii", "bzip2"])
def test_a_truncated_nrrd_is_named(tmp_path, encoding):
    data = np.random.default_rng(0).integers(0, 1000, (10, 10, 10), dtype=np.int16)
    file = save_nrrd(tmp_path / "a.nrrd", data, encoding=encoding)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(ScanError, match=r"a.nrrd is damaged: "):
        read_scan(file)


@pytest.mark.parametrize("is_compressed", [True, False])
def test_a_truncated_metaimage_is_named(tmp_path, is_compressed):
    image = SimpleITK.GetImageFromArray(np.random.default_rng(0).random((10, 10, 10)))
    SimpleITK.WriteImage(image, tmp_path / "a.mha", is_compressed)
    content = (tmp_path / "a.mha").read_bytes()
    (tmp_path / "a.mha").write_bytes(content[: len(content) // 2])
    with pytest.raises(ScanError, match=r"a.mha is damaged: "):
        read_scan(tmp_path / "a.mha")


def test_missing_detached_data_is_named(tmp_path):
    save_meta(tmp_path / "a.mhd")
    save_nrrd(tmp_path / "b.nhdr")
    (tmp_path / "a.raw").unlink()
    for data in tmp_path.glob("b.raw*"):
        data.unlink()
    for name in ("a.mhd", "b.nhdr"):
        with pytest.raises(ScanError, match=f"{name} is damaged: "):
            read_scan(tmp_path / name)


@pytest.mark.parametrize(
    "directions",
    [
        np.diag((1.0, 0.0, 1.0)),
        np.array([[1.0, 0, 0], [2.0, 0, 0], [0, 0, 1.0]]),
        np.zeros((3, 3)),
    ],
)
def test_zero_spacing_and_singular_matrices_are_refused(tmp_path, directions):
    affine = np.eye(4)
    affine[:3, :3] = directions
    with pytest.raises(ScanError, match=r"a.nrrd (is damaged|has no usable geometry): "):
        read_scan(save_nrrd(tmp_path / "a.nrrd", affine=affine))


def test_a_metaimage_with_zero_spacing_is_refused(tmp_path):
    with pytest.raises(ScanError, match=r"a.mhd (is damaged|has no usable geometry): "):
        read_scan(save_meta(tmp_path / "a.mhd", ElementSpacing="1 0 1"))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100
)
@given(data=st.data())
def test_a_corrupted_nrrd_header_gives_a_scan_or_one_sentence(tmp_path, reads_or_names, data):
    content = bytearray(save_nrrd(tmp_path / "a.nrrd", encoding="raw").read_bytes())
    end = content.index(b"\n\n")
    sizes = content.index(b"sizes:")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(8, end).filter(lambda n: not sizes <= n < sizes + 12))
        content[at] = data.draw(st.sampled_from(b"0123456789-.(),:= \nabcnx"))
    file = tmp_path / "b.nrrd"
    file.write_bytes(content)
    reads_or_names(file)
