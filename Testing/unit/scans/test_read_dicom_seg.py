"""DICOM segmentations of other programs, of every kind, damaged too."""

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.sr.codedict import codes

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.coded_segments import CodedSegment, CodedSegments
from GazeSAMLib.scans.read_dicom_seg import read_dicom_seg
from GazeSAMLib.scans.read_labelmap import read_labelmap
from GazeSAMLib.segmentation.segment import VoxelPatch, new_segment
from Testing.dicom_checks import write_series

SHAPE = (6, 7)


@pytest.fixture
def liver(shared_data):
    """A segmentation that dcmqi wrote."""
    return shared_data / "ct_liver_seg" / "liver.dcm"


def test_dcmqi_s_liver_has_the_voxels_of_its_label_map(liver):
    expected = SimpleITK.ReadImage(liver.with_name("liver_seg.nrrd"))
    labels_kji, grid, names = read_labelmap(liver)
    assert names == {1: "Liver"}
    assert np.array_equal(labels_kji > 0, SimpleITK.GetArrayFromImage(expected) > 0)
    ras_from_lps = np.diag((-1.0, -1.0, 1.0))
    assert np.allclose(grid.local_ras_from_ijk[:3, 3], ras_from_lps @ expected.GetOrigin())
    assert np.allclose(grid.spacing_mm, expected.GetSpacing())


def test_dcmqi_s_liver_says_what_it_is(liver):
    (one,) = read_dicom_seg(liver).segments
    assert one.terminology.type.meaning == "Liver"
    stored = pydicom.dcmread(liver).SegmentSequence[0].RecommendedDisplayCIELabValue
    rgb = highdicom.color.CIELabColor.from_dicom_value(tuple(stored)).to_rgb()
    assert one.segment.color_rgb == pytest.approx(np.divide(rgb, 255.0), abs=0.005)


def written(path, pixels, kind, **how):
    """A segmentation of three slices by highdicom, of the given kind."""
    files = write_series(path.parent / "scan", [(0.0, 0.0, 3.0 * k) for k in range(3)], SHAPE)
    count = pixels.shape[-1] if pixels.ndim == 4 else max(int(pixels.max()), 1)
    descriptions = [
        highdicom.seg.SegmentDescription(
            number, f"segment {number}", codes.SCT.Tissue, codes.SCT.Liver, "MANUAL"
        )
        for number in range(1, count + 1)
    ]
    made = highdicom.seg.Segmentation(
        [pydicom.dcmread(file) for file in files],
        pixels,
        kind,
        descriptions,
        highdicom.UID(),
        1,
        highdicom.UID(),
        1,
        "maker",
        "model",
        "1",
        "1",
        **how,
    )
    made.save_as(path)
    return path


def test_a_label_map_segmentation_is_read(tmp_path):
    labels = np.random.default_rng(1).integers(0, 4, (3, *SHAPE), dtype=np.uint8)
    path = written(tmp_path / "x.dcm", labels, "LABELMAP")
    found, grid, names = read_labelmap(path)
    assert np.array_equal(found, labels)
    assert grid.spacing_mm == pytest.approx((0.75, 0.5, 3.0))
    assert names == {1: "segment 1", 2: "segment 2", 3: "segment 3"}


@pytest.mark.parametrize(
    "transfer_syntax", [highdicom.UID("1.2.840.10008.1.2.1"), "1.2.840.10008.1.2.5"]
)
def test_a_fractional_segmentation_counts_from_one_half_on(tmp_path, transfer_syntax):
    shares = np.random.default_rng(2).random((3, *SHAPE, 1))
    path = written(tmp_path / "x.dcm", shares, "FRACTIONAL", transfer_syntax_uid=transfer_syntax)
    found = read_dicom_seg(path).flat() > 0
    clear = np.abs(shares[..., 0] - 0.5) > 0.01  # but for rounding to 255 steps
    assert np.array_equal(found[clear], (shares[..., 0] > 0.5)[clear])


def test_overlapping_segments_keep_their_voxels_and_the_later_one_wins_when_flat(tmp_path):
    pixels = np.zeros((3, *SHAPE, 2), dtype=np.uint8)
    pixels[0:2, 1:4, 1:4, 0] = pixels[1:3, 2:6, 2:6, 1] = 1
    found = read_dicom_seg(written(tmp_path / "x.dcm", pixels, "BINARY"))
    assert found.overlap()
    for number, one in enumerate(found.segments):
        whole = np.zeros(found.volume.shape_kji, dtype=bool)
        whole[one.patch.box] = one.patch.mask
        assert np.array_equal(whole, pixels[..., number] > 0)
    expected = np.where(pixels[..., 1] > 0, 2, pixels[..., 0])
    assert np.array_equal(found.flat(), expected)


def test_segments_that_only_touch_do_not_overlap():
    volume = VolumeGeometry((2, 3, 4), np.eye(4))
    patches = [VoxelPatch((k, 0, 0), np.ones((1, 3, 4), dtype=bool)) for k in range(2)]
    coded = tuple(CodedSegment(new_segment(n + 1), patch) for n, patch in enumerate(patches))
    assert not CodedSegments(volume, coded).overlap()


def test_layers_between_uneven_frames_are_as_the_nearest_and_it_is_told(tmp_path):
    path = written(tmp_path / "x.dcm", np.ones((3, *SHAPE), dtype=np.uint8), "BINARY")
    dataset = pydicom.dcmread(path)
    groups = dataset.PerFrameFunctionalGroupsSequence
    by_height = sorted(groups, key=lambda g: g.PlanePositionSequence[0].ImagePositionPatient[2])
    by_height[2].PlanePositionSequence[0].ImagePositionPatient = [0.0, 0.0, 10.4]
    del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices
    dataset.save_as(path)
    found = read_dicom_seg(path)
    assert found.volume.shape_kji == (5, *SHAPE)
    assert found.flat().all()
    assert "gaps from 3.00 to 7.40 mm" in found.notes[0]


def test_frames_a_mile_apart_are_damage(tmp_path):
    path = written(tmp_path / "x.dcm", np.ones((3, *SHAPE), dtype=np.uint8), "BINARY")
    dataset = pydicom.dcmread(path)
    group = dataset.PerFrameFunctionalGroupsSequence[0]
    group.PlanePositionSequence[0].ImagePositionPatient = [0.0, 0.0, -1.6e6]
    dataset.save_as(path)
    with pytest.raises(ScanError, match=r"x\.dcm is damaged: its frames span 160\d{4} mm"):
        read_dicom_seg(path)


def test_an_image_is_no_segmentation(shared_data):
    with pytest.raises(ScanError, match=r"01\.dcm is no DICOM segmentation"):
        read_labelmap(shared_data / "ct_liver_seg" / "dicom" / "01.dcm")


def test_frames_of_an_undescribed_segment_are_damage(liver, tmp_path):
    dataset = pydicom.dcmread(liver)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7
    dataset.save_as(tmp_path / "x.dcm")
    with pytest.raises(ScanError, match=r"x\.dcm is damaged: .*segment 7, which is not described"):
        read_dicom_seg(tmp_path / "x.dcm")


@settings(max_examples=60)
@given(cut=st.floats(0.0, 1.0), at=st.floats(0.0, 1.0), byte=st.integers(0, 255))
def test_a_damaged_file_is_told_by_name(damaged_file, cut, at, byte):
    path, whole = damaged_file
    changed = bytearray(whole)
    changed[int(at * (len(whole) - 1))] = byte
    path.write_bytes(changed[: int(cut * len(whole))])
    try:
        found = read_dicom_seg(path)
    except ScanError as error:
        if str(path) not in str(error):
            raise
        return
    assert found.flat().shape == found.volume.shape_kji


@pytest.fixture(scope="module")
def damaged_file(tmp_path_factory):
    """A small segmentation's path, to be written over, and its content."""
    folder = tmp_path_factory.mktemp("damaged")
    path = written(folder / "x.dcm", np.ones((3, *SHAPE), dtype=np.uint8), "BINARY")
    return path, path.read_bytes()
