import numpy as np
import pytest
from PIL import Image

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli import auto_images
from GazeSAMLib.hosts.cli.auto_images import (
    Plane,
    SliceChoice,
    chosen_numbers,
    open_images,
    read_rgb,
)
from GazeSAMLib.scans.progress import silent
from GazeSAMLib.scans.scan import Scan


def opened(path, choice=None):
    return open_images(path, None, choice or SliceChoice(), silent)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("", [1, 2, 3, 4, 5]), ("2", [2]), ("4-5,1", [1, 4, 5]), (" 2 - 3 , 3", [2, 3])],
)
def test_numbers_are_read_as_people_write_them(text, numbers):
    assert chosen_numbers(text, 5) == numbers


@pytest.mark.parametrize("text", ["0", "6", "3-2", "1,,2", "x", "-1", "1-", "1.5"])
def test_numbers_that_name_no_slice_are_refused(text):
    with pytest.raises(ScanError):
        chosen_numbers(text, 5)


def test_colours_stay_and_transparency_goes(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (5, 7, 4), dtype=np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    assert np.array_equal(read_rgb(tmp_path / "a.png"), pixels[:, :, :3])


def test_sixteen_bits_are_shown_in_their_own_window(tmp_path):
    values = np.linspace(1000, 3000, 35).reshape(5, 7).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    pixels = read_rgb(tmp_path / "a.png")
    assert pixels.shape == (5, 7, 3)
    assert pixels.min() < 20
    assert pixels.max() > 235
    assert (np.diff(pixels[:, :, 0].ravel().astype(int)) >= 0).all()


def test_pictures_of_the_same_name_keep_their_extension_in_the_result(tmp_path):
    for name in ("a.png", "a.jpg", "b.png"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    assert [image.name for image in opened(tmp_path).images] == ["a.jpg", "a.png", "b"]


def test_no_picture_takes_the_name_of_another_or_of_what_is_told_of_all(tmp_path):
    names = ["About.png", "a.png", "a.png.png", "b.png"]
    for name in names:
        Image.new("L", (4, 4)).save(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    found = opened(tmp_path)
    assert [image.name for image in found.images] == ["About.png", "a", "a.png.png", "b"]
    assert found.notes == ("1 file is no picture and was left out",)


def test_a_damaged_picture_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:600])
    with pytest.raises(ScanError, match=r"a\.png cannot be read"):
        opened(tmp_path).images[0].read()


@pytest.fixture
def a_scan(monkeypatch, tmp_path):
    """A scan whose voxels tell where they are: i to the left, j to the back, k up; 1, 1, 4 mm."""
    k, j, i = np.indices((4, 5, 6))
    voxels = (100 * k + 10 * j + i).astype(np.int16)
    volume = VolumeGeometry(voxels.shape, np.diag((-1.0, -1.0, 4.0, 1.0)))
    scan = Scan(voxels, volume, "scan", tmp_path, window=510.0, level=255.0)
    monkeypatch.setattr(auto_images, "read_scan", lambda *_a, **_k: scan)
    monkeypatch.setattr(auto_images, "scan_kind", lambda _path: "nifti")
    return scan


@pytest.mark.parametrize("plane", [Plane.ACQUIRED, Plane.AXIAL])
def test_slices_are_those_of_the_scan_as_displayed(a_scan, plane):
    found = opened(a_scan.path, SliceChoice(plane, "2,4"))
    assert [image.name for image in found.images] == ["axial-002", "axial-004"]
    assert found.facts == {
        "scan": scan_digest(a_scan.voxels_kji, a_scan.volume),
        "plane": "axial",
        "window": 510.0,
        "level": 255.0,
    }
    for image, k in zip(found.images, (1, 3), strict=True):
        pixels = image.read()
        assert np.array_equal(pixels[:, :, 0], a_scan.voxels_kji[k] // 2)
        assert (pixels == pixels[:, :, :1]).all()


def test_other_planes_cut_across(a_scan):
    (coronal,) = opened(a_scan.path, SliceChoice(Plane.CORONAL, "3", 510.0, 255.0)).images
    pixels = coronal.read()[:, :, 0]
    assert coronal.name == "coronal-003"
    # Head up: the last layer is on top; columns are the patient's right to left.
    assert (np.diff(pixels[:, 0].astype(int)) <= 0).all()
    assert (np.diff(pixels[0].astype(int)) >= 0).all()
    sagittal = opened(a_scan.path, SliceChoice(Plane.SAGITTAL)).images
    assert len(sagittal) == 6


def test_window_and_level_are_taken_over(a_scan):
    (image,) = opened(a_scan.path, SliceChoice(Plane.AXIAL, "1", 1.0, 1000.0)).images
    assert image.read().max() == 0
