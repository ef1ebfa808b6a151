"""Values of DICOM pixels in every storage: against pydicom's own decoding and SimpleITK's."""

import gzip
import shutil

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import RLELossless

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.scans.dicom import read_dicom


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_expb.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_padded.dcm",
    ],
)
def test_every_storage_gives_the_same_voxels(pydicom_files, name):
    plain = pydicom.dcmread(pydicom_files / "MR_small.dcm").pixel_array
    scan = read_dicom(pydicom_files / name)
    np.testing.assert_array_equal(scan.voxels_kji[0], plain)
    assert scan.voxels_kji.dtype == np.int16
    assert scan.voxels_kji.dtype.isnative


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm", "JPGExtended.dcm"]
)
def test_rescaled_values_equal_simpleitks(pydicom_files, name):
    image = SimpleITK.ReadImage(pydicom_files / name)
    scan = read_dicom(pydicom_files / name)
    np.testing.assert_array_equal(scan.voxels_kji, SimpleITK.GetArrayFromImage(image))


def test_jpeg_lossless_which_pydicom_cannot_decode_is_decoded(pydicom_files):
    scan = read_dicom(pydicom_files / "SC_rgb_jpeg_gdcm.dcm")
    plain = pydicom.dcmread(pydicom_files / "SC_rgb_rle.dcm").pixel_array.astype(float)
    grey = plain @ (0.299, 0.587, 0.114)
    np.testing.assert_allclose(scan.voxels_kji[0], grey, atol=1.0)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_enhanced_multi_frame_file_lies_where_its_frames_say(nibabel_dicoms, tmp_path):
    from nibabel.nicom.dicomwrappers import wrapper_from_data  # warns that it is experimental

    file = tmp_path / "mprage.dcm"
    with gzip.open(nibabel_dicoms / "philips_mprage.dcm.gz") as packed, file.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    scan = read_dicom(file)
    dataset = pydicom.dcmread(file)
    wrapper = wrapper_from_data(dataset)
    expected = wrapper.get_data()  # i, j, k in the order of the frames' positions
    assert scan.voxels_kji.shape == (176, 256, 256)
    scan_from_wrapper = (
        scan.volume.ijk_from_local_ras @ np.diag((-1.0, -1.0, 1.0, 1.0)) @ wrapper.affine
    )
    at_ijk = apply(scan_from_wrapper, [(0, 0, 0), (5, 9, 175), (255, 200, 30)])
    # nibabel takes the nominal thickness for the step: 1.3 um off after 175 slices.
    np.testing.assert_allclose(at_ijk, np.rint(at_ijk), atol=2e-3)
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        position = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        i, j, k = apply(scan.volume.ijk_from_local_ras, position * (-1, -1, 1))
        np.testing.assert_allclose((i, j), 0.0, atol=5e-3)
        if round(k) == 88:  # the middle slice shows more than the first, which is mostly air
            display = frame.FrameVOILUTSequence[0]
            assert (scan.window, scan.level) == (display.WindowWidth, display.WindowCenter)
        slope = float(frame.PixelValueTransformationSequence[0].RescaleSlope)
        stored = dataset.pixel_array[number] if number in (0, 80, 175) else None
        if stored is not None:
            np.testing.assert_allclose(scan.voxels_kji[round(k)], stored * slope, rtol=1e-5)
    assert np.isclose(expected.max(), scan.voxels_kji.max())
    assert scan.source_files == (file,) * 176


def test_functional_groups_are_read_per_frame_and_shared(dicom_folder):
    """Three frames out of order, slopes of their own, the orientation shared."""
    values = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
    frames = []
    for z, slope in ((4.0, 1.0), (0.0, 2.0), (2.0, 3.0)):
        frame = pydicom.Dataset()
        frame.PlanePositionSequence = [pydicom.Dataset()]
        frame.PlanePositionSequence[0].ImagePositionPatient = [1.0, 2.0, z]
        frame.PixelValueTransformationSequence = [pydicom.Dataset()]
        frame.PixelValueTransformationSequence[0].RescaleSlope = slope
        frame.PixelValueTransformationSequence[0].RescaleIntercept = 0.0
        frames.append(frame)
    shared = pydicom.Dataset()
    shared.PlaneOrientationSequence = [pydicom.Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    shared.PixelMeasuresSequence = [pydicom.Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.25, 0.125]
    for frame, x in zip(frames, (4.0, 0.0, 2.0), strict=True):
        frame.PlanePositionSequence[0].ImagePositionPatient = [-x, 2.0, 3.0]
    dicom_folder.add(
        None,
        values[0],
        orientation=None,
        PixelSpacing=None,
        NumberOfFrames=3,
        PixelData=values.tobytes(),
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
    )
    scan = read_dicom(dicom_folder.path)
    np.testing.assert_array_equal(
        scan.voxels_kji, np.stack((values[1] * 2, values[2] * 3, values[0]))
    )
    np.testing.assert_allclose(
        scan.volume.local_ras_from_ijk[:3], [[0, 0, 2, 0], [-0.125, 0, 0, -2], [0, -0.25, 0, 3]]
    )


def test_compressed_multi_frame_files_are_decoded_frame_by_frame(dicom_folder):
    values = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
    file = dicom_folder.add(
        None, values[0], orientation=None, NumberOfFrames=3, PixelData=values.tobytes()
    )
    dataset = pydicom.dcmread(file)
    dataset.compress(RLELossless)
    dataset.save_as(file)
    np.testing.assert_array_equal(read_dicom(file).voxels_kji, values)


def test_monochrome1_is_turned_round_with_its_window(dicom_folder):
    stored = np.array([[0, 100, 4095]], dtype=np.uint16)
    dicom_folder.add(
        (0, 0, 0),
        stored,
        PhotometricInterpretation="MONOCHROME1",
        BitsStored=12,
        HighBit=11,
        WindowCenter=1000,
        WindowWidth=200,
    )
    scan = read_dicom(dicom_folder.path)
    np.testing.assert_array_equal(scan.voxels_kji, [[[4095, 3995, 0]]])
    assert (scan.window, scan.level) == (200.0, 3095.0)
    assert any("MONOCHROME1" in note for note in scan.notes)


def test_bits_beyond_those_stored_are_cleared_and_the_sign_repeated(dicom_folder):
    values = np.array([[-5, 0, 2047, -2048]], dtype=np.int16)
    overlaid = (values.view(np.uint16) & 0x0FFF) | 0x7000
    dicom_folder.add((0, 0, 0), overlaid.view(np.int16), BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read_dicom(dicom_folder.path).voxels_kji[0], values)


@pytest.mark.parametrize(
    ("stored", "slope", "intercept", "dtype"),
    [
        (np.array([[0, 4095]], np.uint16), 1, -1024, np.int16),
        (np.array([[0, 65535]], np.uint16), 1, -1024, np.int32),
        (np.array([[0, 65535]], np.uint16), 1, 0, np.uint16),
        (np.array([[-32768, 32767]], np.int16), 1, -1, np.int32),
        (np.array([[-32768, 32767]], np.int16), 1, 32768, np.uint16),
        (np.array([[0, 255]], np.uint8), 1, 0, np.uint8),
        (np.array([[0, 255]], np.uint8), 2, 3, np.int16),
        (np.array([[0, 100]], np.int16), 0.5, 0, np.float32),
        (np.array([[0, 100]], np.int16), -1, 0.25, np.float32),
        (np.array([[0, 2**32 - 1]], np.uint32), 1, 0, np.float32),
        (np.array([[-7, 9]], np.int8), 1, 0, np.int16),
    ],
)
def test_values_stay_exact_in_the_smallest_type_that_fits(
    dicom_folder, stored, slope, intercept, dtype
):
    dicom_folder.add((0, 0, 0), stored, RescaleSlope=slope, RescaleIntercept=intercept)
    voxels = read_dicom(dicom_folder.path).voxels_kji
    assert voxels.dtype == dtype
    np.testing.assert_allclose(voxels[0], stored * float(slope) + intercept, rtol=1e-7)


def test_each_slice_has_its_own_slope(dicom_folder):
    for k, slope in enumerate((1.0, 2.5)):
        dicom_folder.add((0, 0, 2 * k), np.full((2, 2), 10, np.int16), RescaleSlope=slope)
    np.testing.assert_array_equal(read_dicom(dicom_folder.path).voxels_kji[:, 0, 0], [10.0, 25.0])


def test_a_lookup_table_replaces_slope_and_intercept(dicom_folder):
    table = pydicom.Dataset()
    table.LUTDescriptor = [4, 0, 16]
    table.LUTData = [0, 10, 500, 40000]
    table.ModalityLUTType = "US"
    table["LUTDescriptor"].VR = "US"
    table["LUTData"].VR = "US"
    stored = np.array([[0, 1], [2, 3]], dtype=np.uint8)
    dicom_folder.add((0, 0, 0), stored, ModalityLUTSequence=[table], RescaleSlope=7)
    np.testing.assert_array_equal(
        read_dicom(dicom_folder.path).voxels_kji, [[[0, 10], [500, 40000]]]
    )


@pytest.mark.parametrize("name", ["examples_rgb_color.dcm", "examples_palette.dcm"])
def test_colour_becomes_brightness_and_that_is_said(pydicom_files, name):
    dataset = pydicom.dcmread(pydicom_files / name)
    rgb = dataset.pixel_array
    if name == "examples_palette.dcm":
        rgb = pydicom.pixels.apply_color_lut(rgb, dataset)
    scan = read_dicom(pydicom_files / name)
    np.testing.assert_allclose(
        scan.voxels_kji[0], rgb.astype(float) @ (0.299, 0.587, 0.114), atol=0.51
    )
    assert any("brightness" in note for note in scan.notes)


def test_a_cine_of_ultrasound_is_read_frame_by_frame(pydicom_files):
    scan = read_dicom(pydicom_files / "examples_ybr_color.dcm")
    assert scan.voxels_kji.shape == (30, 240, 320)
    assert any("no positions" in note for note in scan.notes)


def test_the_first_of_several_windows_counts(dicom_folder):
    dicom_folder.add((0, 0, 0), WindowWidth=[300, 1500], WindowCenter=[50, -500])
    scan = read_dicom(dicom_folder.path)
    assert (scan.window, scan.level) == (300.0, 50.0)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("width", [0, -5, "nan"])
def test_a_window_that_shows_nothing_is_not_taken(dicom_folder, width):
    dicom_folder.add((0, 0, 0), WindowWidth=str(width), WindowCenter=10)
    assert read_dicom(dicom_folder.path).window > 0.0


def test_a_truncated_file_is_named(pydicom_files):
    with pytest.raises(ScanError, match=r"MR_truncated.dcm is truncated: frame 1 has \d+ of 8192"):
        read_dicom(pydicom_files / "MR_truncated.dcm")


def test_a_truncated_compressed_file_is_named(pydicom_files, tmp_path):
    content = (pydicom_files / "MR_small_jp2klossless.dcm").read_bytes()
    file = tmp_path / "cut.dcm"
    file.write_bytes(content[: len(content) - 2000])
    with pytest.raises(ScanError, match=r"cut.dcm: the pixels of frame 1 \(JPEG 2000"):
        read_dicom(file)


def test_one_truncated_slice_of_a_series_stops_the_reading(dicom_folder):
    for k in range(3):
        file = dicom_folder.add((0, 0, 2 * k))
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(ScanError, match=f"{file.name} is truncated"):
        read_dicom(dicom_folder.path)


@pytest.mark.parametrize("count", [4, 2_000_000_000])
def test_more_frames_than_the_file_can_hold_are_refused(dicom_folder, count):
    values = np.zeros((3, 4, 5), dtype=np.int16)
    file = dicom_folder.add(
        None,
        values[0],
        orientation=None,
        NumberOfFrames=count,
        PixelData=values.tobytes(),
        Rows=40,
    )
    with pytest.raises(ScanError, match=f"{file.name} is damaged: .*{count} frames"):
        read_dicom(file)
