"""Where slices lie: against the positions in their own files, and SimpleITK where it is right."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.scans.dicom import read_dicom
from GazeSAMLib.scans.dicom_frames import DicomFile, Frame, PixelFormat
from GazeSAMLib.scans.dicom_stack import build_stack

RAS_FROM_LPS = np.diag((-1.0, -1.0, 1.0))


def corners_ras(file: Path) -> np.ndarray:
    """Corner pixels' centres by formula C.7.6.2.1-1 of the standard, and their (i, j)."""
    d = pydicom.dcmread(file, stop_before_pixels=True)
    row, column = np.reshape(np.array(d.ImageOrientationPatient, dtype=float), (2, 3))
    between_rows, between_columns = map(float, d.PixelSpacing)
    corners = []
    for j in (0, d.Rows - 1):
        for i in (0, d.Columns - 1):
            at = np.array(d.ImagePositionPatient, dtype=float)
            at = at + row * between_columns * i + column * between_rows * j
            corners.append([*(RAS_FROM_LPS @ at), i, j])
    return np.array(corners)


def itk_volume(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), np.diag((-1.0, -1.0, 1.0, 1.0)) @ matrix


def test_a_regular_series_equals_simpleitks_in_place_and_values(shared_data):
    folder = shared_data / "ct_liver_seg" / "dicom"
    voxels, matrix = itk_volume(folder)
    scan = read_dicom(folder)
    np.testing.assert_array_equal(scan.voxels_kji, voxels)
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, matrix, atol=1e-6)
    assert scan.voxels_kji.dtype == np.int16
    assert scan.modality == "CT"
    assert (scan.window, scan.level) == (400.0, 40.0)


def test_a_compressed_series_without_uids_equals_simpleitks(shared_data):
    folder = shared_data / "ct_abdomen" / "dicom"
    voxels, matrix = itk_volume(folder)
    scan = read_dicom(folder)
    np.testing.assert_array_equal(scan.voxels_kji, voxels)
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk, matrix, atol=1e-5)


def test_source_files_follow_the_slices(shared_data):
    scan = read_dicom(shared_data / "ct_liver_seg" / "dicom")
    for k, file in enumerate(scan.source_files):
        ijk = apply(scan.volume.ijk_from_local_ras, corners_ras(file)[:, :3])
        np.testing.assert_allclose(ijk[:, 2], k, atol=1e-4)


def test_every_slice_of_a_tilted_scan_lies_where_its_file_says(shared_data, tmp_path):
    """The first 14 slices are evenly spaced: nothing is resampled."""
    for file in sorted((shared_data / "ct_head_tilted").glob("*.dcm"))[:14]:
        (tmp_path / file.name).symlink_to(file)
    scan = read_dicom(tmp_path)
    assert len(scan.source_files) == len(scan.voxels_kji) == 14
    for k, file in enumerate(scan.source_files):
        corners = corners_ras(file)
        ijk = np.column_stack((corners[:, 3:], np.full(4, k)))
        np.testing.assert_allclose(
            apply(scan.volume.local_ras_from_ijk, ijk), corners[:, :3], atol=1e-3
        )
        stored = pydicom.dcmread(file).pixel_array
        np.testing.assert_array_equal(scan.voxels_kji[k], stored)


def test_an_unevenly_spaced_tilted_scan_keeps_its_shear_and_says_what_was_done(shared_data):
    folder = shared_data / "ct_head_tilted"
    scan = read_dicom(folder)
    for file in sorted(folder.glob("*.dcm")):
        corners = corners_ras(file)
        ijk = apply(scan.volume.ijk_from_local_ras, corners[:, :3])
        # In the plane a slice stays where it was; along the stack it may lie between two.
        np.testing.assert_allclose(ijk[:, :2], corners[:, 3:], atol=2e-3)
        assert np.ptp(ijk[:, 2]) < 1e-4
    axes = scan.volume.axes_mm / scan.volume.spacing_mm
    tilt_deg = np.degrees(np.arcsin(abs(axes[:, 1] @ axes[:, 2])))
    assert tilt_deg == pytest.approx(18.5, abs=0.01)
    notes = " ".join(scan.notes)
    assert "18.5 degrees" in notes
    assert "gaps from 1.08 to 7.00 mm" in notes
    assert scan.source_files == ()


def test_resampling_leaves_slices_that_fit_the_grid_as_they_are(shared_data):
    folder = shared_data / "ct_head_tilted"
    scan = read_dicom(folder)
    for number in (1, 5, 14, 28):
        file = folder / f"{number:02d}.dcm"
        k = apply(scan.volume.ijk_from_local_ras, corners_ras(file)[0, :3])[2]
        np.testing.assert_array_equal(scan.voxels_kji[round(k)], pydicom.dcmread(file).pixel_array)


def frame(position, orientation, spacing=(0.5, 0.75), place=0.0, step_mm=None) -> Frame:
    pixels = PixelFormat(4, 5, 1, "i", 16, 16, 15, "MONOCHROME2", "1.2.840.10008.1.2.1", False)
    file = DicomFile(Path("x.dcm"), pixels, 1, 0, "1.2", 1.0, "", "CT", ())
    return Frame(file, 0, position, orientation, spacing, step_mm, 1.0, 0.0, None, place, place, ())


@given(
    angles=st.tuples(*[st.floats(-180.0, 180.0)] * 3),
    origin=st.tuples(*[st.floats(-500.0, 500.0)] * 3),
    spacing=st.tuples(st.floats(0.2, 5.0), st.floats(0.2, 5.0)),
    tilt=st.tuples(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8)),
    gap=st.floats(0.3, 12.0),
    count=st.integers(1, 40),
    data=st.data(),
)
def test_any_evenly_stacked_slices_lie_where_their_positions_say(
    angles, origin, spacing, tilt, gap, count, data
):
    row, column, normal = Rotation.from_euler("xyz", angles, degrees=True).as_matrix().T
    step = gap * (normal + tilt[0] * row + tilt[1] * column)
    positions = [np.array(origin) + k * step for k in range(count)]
    frames = [frame(tuple(p), (*row, *column), spacing, step_mm=gap) for p in positions]
    shuffled = data.draw(st.permutations(frames))
    stack = build_stack(Path("x"), shuffled)
    assert stack.places is None
    matrix = stack.volume.local_ras_from_ijk
    for k, position in enumerate(positions):
        for i, j in ((0, 0), (4, 0), (0, 3), (4, 3)):
            at = position + row * spacing[1] * i + column * spacing[0] * j
            np.testing.assert_allclose(apply(matrix, (i, j, k)), RAS_FROM_LPS @ at, atol=1e-6)
    assert np.linalg.det(stack.volume.axes_mm) > 0


@given(
    heights=st.lists(st.floats(0.5, 9.0), min_size=2, max_size=20),
    shear=st.floats(-0.5, 0.5),
)
def test_resampling_keeps_what_is_linear_in_space(heights, shear):
    """A ramp through space is reproduced exactly by linear interpolation at the right places."""
    orientation = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    at_mm = np.concatenate(([0.0], np.cumsum(heights)))
    frames = [frame((10.0, 20.0 + shear * z, z), orientation) for z in at_mm.tolist()]
    stack = build_stack(Path("x"), frames)

    def ramp(lps: np.ndarray) -> np.ndarray:
        return 3.0 * lps[..., 2] + 0.5 * lps[..., 1] - lps[..., 0]

    j, i = np.mgrid[:4, :5]
    stored = np.stack(
        [
            ramp(np.stack((10.0 + 0.75 * i, 20.0 + shear * z + 0.5 * j, z + 0.0 * i), axis=-1))
            for z in at_mm
        ]
    ).astype(np.float32)
    regular = stack.regular(stored)
    k, j, i = np.indices(regular.shape)
    ras = apply(stack.volume.local_ras_from_ijk, np.stack((i, j, k), axis=-1))
    slack = 4.0 * (0.01 + 0.01 * max(heights))  # slices may lie this far off the grid
    np.testing.assert_allclose(regular, ramp(ras @ RAS_FROM_LPS), atol=slack)


def test_a_missing_slice_is_filled_between_its_neighbours_and_reported(dicom_folder):
    for z in (0, 2, 4, 8, 10):
        dicom_folder.add((0, 0, z), np.full((4, 5), 10 * z, dtype=np.int16))
    scan = read_dicom(dicom_folder.path)
    np.testing.assert_array_equal(scan.voxels_kji[:, 0, 0], [0, 20, 40, 60, 80, 100])
    assert any("5 slices with gaps from 2.00 to 4.00 mm" in note for note in scan.notes)


def test_a_slice_that_lies_beside_the_others_is_shifted_into_line(dicom_folder):
    """The same bright pixel in space, stored two columns further in a slice that lies aside."""
    for z in range(5):
        pixels = np.zeros((4, 8), dtype=np.int16)
        aside = z == 2
        pixels[1, 5 if aside else 3] = 100
        dicom_folder.add((-1.5 if aside else 0.0, 0, 2 * z), pixels)
    scan = read_dicom(dicom_folder.path)
    assert (scan.voxels_kji[:, 1, 3] == 100).all()
    assert scan.voxels_kji.sum() == 500
    assert any("beside the line" in note for note in scan.notes)


def test_copies_of_a_slice_are_left_out_and_counted(dicom_folder):
    for number, z in enumerate((0, 2, 2, 4)):
        dicom_folder.add((0, 0, z), InstanceNumber=1 if number in (1, 2) else number + 5)
    scan = read_dicom(dicom_folder.path)
    assert len(scan.voxels_kji) == 3
    assert any("1 of 4 slices lie where another lies" in note for note in scan.notes)


def test_slices_are_sorted_by_position_not_by_name_or_number(dicom_folder):
    for number, z in enumerate((4, 0, 6, 2)):
        dicom_folder.add((0, 0, z), np.full((4, 5), z, np.int16), name=f"{9 - number}.dcm")
    scan = read_dicom(dicom_folder.path)
    np.testing.assert_array_equal(scan.voxels_kji[:, 0, 0], [0, 2, 4, 6])


def test_rounded_positions_do_not_count_as_gaps(dicom_folder):
    for k in range(10):
        dicom_folder.add((0, 0, round(k * 1.2345, 2)))
    scan = read_dicom(dicom_folder.path)
    assert len(scan.source_files) == 10


def test_a_single_slice_takes_its_thickness_as_third_spacing(dicom_folder):
    dicom_folder.add((1, 2, 3))
    scan = read_dicom(dicom_folder.path)
    assert scan.volume.shape_kji == (1, 4, 5)
    np.testing.assert_allclose(scan.volume.spacing_mm, (0.75, 0.5, 2.0))
    np.testing.assert_allclose(scan.volume.local_ras_from_ijk[:3, 3], (-1, -2, 3))


def test_slices_without_positions_are_ordered_by_number_and_said_to_be_a_guess(dicom_folder):
    for number in (3, 1, 2):
        dicom_folder.add(
            None, np.full((4, 5), number, np.int16), orientation=None, InstanceNumber=number
        )
    scan = read_dicom(dicom_folder.path)
    np.testing.assert_array_equal(scan.voxels_kji[:, 0, 0], [1, 2, 3])
    assert scan.volume.spacing_mm[2] == 2.0
    assert any("no positions" in note for note in scan.notes)


def test_a_file_without_pixel_spacing_is_taken_as_1_mm_and_said_so(dicom_folder):
    dicom_folder.add((0, 0, 0), PixelSpacing=None)
    scan = read_dicom(dicom_folder.path)
    np.testing.assert_allclose(scan.volume.spacing_mm[:2], 1.0)
    assert any("1 mm" in note for note in scan.notes)


@pytest.mark.parametrize(
    ("elements", "orientation"),
    [
        ({"PixelSpacing": [0.0, 0.5]}, (1, 0, 0, 0, 1, 0)),
        ({"PixelSpacing": [-1.0, 0.5]}, (1, 0, 0, 0, 1, 0)),
        ({}, (1, 0, 0, 1, 0, 0)),
        ({}, (0, 0, 0, 0, 0, 0)),
    ],
)
def test_zero_spacing_and_singular_directions_are_refused(dicom_folder, elements, orientation):
    file = dicom_folder.add((0, 0, 0), orientation=orientation, **elements)
    with pytest.raises(ScanError, match=f"{file.name} has no usable geometry"):
        read_dicom(dicom_folder.path)
