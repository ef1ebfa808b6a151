"""Pictures as scans of one slice."""

import numpy as np
import pytest
from PIL import Image

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid
from GazeSAMLib.scans.read import read_scan

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


@pytest.mark.parametrize("extension", ["png", "tif", "bmp"])
def test_a_grey_picture_keeps_its_values(tmp_path, extension):
    Image.fromarray(GREY).save(tmp_path / f"a.{extension}")
    scan = read_scan(tmp_path / f"a.{extension}")
    np.testing.assert_array_equal(scan.voxels_kji, GREY[None])
    assert scan.volume.spacing_mm == (1.0, 1.0, 1.0)
    assert (scan.window, scan.level) == (255.0, 127.5)
    assert any("1 mm" in note for note in scan.notes)


def test_in_the_usual_axial_view_the_slice_looks_like_the_picture(tmp_path):
    """Radiological orientation: the view's right is the patient's left, its bottom the back."""
    Image.fromarray(GREY).save(tmp_path / "a.png")
    scan = read_scan(tmp_path / "a.png")
    axial = SlicePlane((0, 0, 0), (-1, 0, 0), (0, -1, 0))
    grid = slice_grid(scan.volume, axial)
    np.testing.assert_array_equal(sample_slice(scan.voxels_kji, scan.volume, grid), GREY)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "P"])
def test_colour_becomes_brightness_as_pillow_has_it(tmp_path, mode):
    rgb = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    image = Image.fromarray(rgb).convert(mode)
    name = "a.tif" if mode == "CMYK" else "a.png"
    image.save(tmp_path / name)
    scan = read_scan(tmp_path / name)
    expected = np.asarray(image.convert("RGB").convert("L"), dtype=int)
    assert np.abs(scan.voxels_kji[0] - expected).max() <= 1
    assert any("brightness" in note for note in scan.notes)


def test_grey_stored_as_colour_is_grey_without_a_note(tmp_path):
    Image.fromarray(GREY).convert("RGB").save(tmp_path / "a.png")
    scan = read_scan(tmp_path / "a.png")
    np.testing.assert_array_equal(scan.voxels_kji[0], GREY)
    assert not any("brightness" in note for note in scan.notes)


def test_sixteen_bits_are_kept(tmp_path):
    Image.fromarray(GREY.astype(np.uint16) * 250).save(tmp_path / "a.png")
    scan = read_scan(tmp_path / "a.png")
    np.testing.assert_array_equal(scan.voxels_kji[0], GREY.astype(int) * 250)
    assert scan.voxels_kji.dtype in (np.uint16, np.int32)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [(1, GREY), (3, GREY[::-1, ::-1]), (6, np.rot90(GREY, -1)), (8, np.rot90(GREY))],
)
def test_the_orientation_of_a_photograph_is_applied(tmp_path, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_scan(tmp_path / "a.png").voxels_kji[0], upright)


def test_a_jpeg_with_a_wrong_extension_is_read(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png", format="JPEG", quality=100)
    assert np.abs(read_scan(tmp_path / "a.png").voxels_kji[0] - GREY.astype(int)).max() <= 3


def test_several_pages_ask_which(tmp_path):
    pages = [Image.fromarray(GREY + n) for n in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ScanError, match="holds 3 pages"):
        read_scan(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_scan(tmp_path / "a.tif", series="3").voxels_kji[0], GREY + 2)


@pytest.mark.parametrize("extension", ["png", "jpg", "tif", "bmp"])
def test_a_truncated_picture_is_named(tmp_path, extension):
    noise = np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)
    file = tmp_path / f"a.{extension}"
    Image.fromarray(noise).save(file)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ScanError, match=f"{file.name} cannot be read as a picture"):
        read_scan(file)
