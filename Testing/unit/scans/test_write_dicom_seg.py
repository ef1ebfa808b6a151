"""DICOM segmentations, validated by dciodvfy and read again by highdicom, dcmqi and GazeSAM."""

import gzip
import math
import shutil
from dataclasses import replace

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.coded_segments import CodedSegment, CodedSegments, patches_of_labels
from GazeSAMLib.scans.dicom_seg_pixels import pixel_places
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.read_dicom_seg import read_dicom_seg
from GazeSAMLib.scans.read_labelmap import align_labels
from GazeSAMLib.scans.terminology import Code, Terminology
from GazeSAMLib.scans.write_dicom_seg import write_dicom_seg
from GazeSAMLib.segmentation.placement import EMPTY
from GazeSAMLib.segmentation.segment import Segment, VoxelPatch, new_segment
from Testing.dicom_checks import by_dcmqi, complaints, write_series
from Testing.full_disk import limited_file_size

SHAPE = (11, 13)  # no multiple of eight: frames do not begin with a byte
KIDNEY = Terminology(
    Code("123037004", "SCT", "Anatomical Structure"),
    Code("64033007", "SCT", "Kidney"),
    Code("24028007", "SCT", "Right"),
    Code("113345001", "SCT", "Abdomen"),
    Code("7771000", "SCT", "Left"),
)


def even(count, step=2.0):
    return [(-3.0, 4.0, 10.0 + step * k) for k in range(count)]


def a_scan(folder, positions, **elements):
    write_series(folder, positions, SHAPE, **elements)
    return read_scan(folder)


def segments_of(masks, volume, terminologies=()):
    """Coded segments of whole masks, named A, B, ..."""
    coded = []
    for number, mask in enumerate(masks, start=1):
        (patch,) = patches_of_labels(mask, 1)
        segment = replace(new_segment(number), name=chr(64 + number))
        codes = terminologies[number - 1 : number]
        coded.append(CodedSegment(segment, patch, *codes))
    return CodedSegments(volume, tuple(coded))


def random_masks(volume, count, seed=0):
    """Overlapping, full of holes, of many components."""
    random = np.random.default_rng(seed)
    return [random.random(volume.shape_kji) < 0.4 for _ in range(count)]


def by_highdicom(path, scan):
    """The segments' masks on the scan's slices, by the scan's own SOP instance UIDs."""
    seg = highdicom.seg.segread(path)
    uids = [pydicom.dcmread(file).SOPInstanceUID for file in scan.source_files]
    pixels = seg.get_pixels_by_source_instance(
        uids, ignore_spatial_locations=True, assert_missing_frames_are_empty=True
    )
    return list(np.moveaxis(pixels.astype(bool), -1, 0))


def placed(patch, shape):
    whole = np.zeros(shape, dtype=bool)
    whole[patch.box] = patch.mask
    return whole


def on_grid(found, volume):
    """The segments of `found`, brought to another grid by position."""
    return [
        align_labels(
            placed(one.patch, found.volume.shape_kji).astype(np.uint8), found.volume, volume
        )
        > 0
        for one in found.segments
    ]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("slices", [1, 2, 7])
def test_every_reader_finds_the_same_voxels(tmp_path, slices, count):
    scan = a_scan(tmp_path / "scan", even(slices))
    masks = random_masks(scan.volume, count)
    path = tmp_path / "seg.dcm"

    assert write_dicom_seg(path, segments_of(masks, scan.volume), scan.source_frames) == ()

    assert complaints(path) == []
    again = read_dicom_seg(path)
    assert [one.segment.name for one in again.segments] == ["A", "B"][:count]
    assert np.allclose(again.volume.local_ras_from_ijk, scan.volume.local_ras_from_ijk)
    for ours, theirs, read, dcmqi in zip(
        masks,
        by_highdicom(path, scan),
        on_grid(again, scan.volume),
        by_dcmqi(path, tmp_path / "dcmqi"),
        strict=True,
    ):
        assert np.array_equal(theirs, ours)
        assert np.array_equal(read, ours)
        assert np.array_equal(dcmqi.labels_kji > 0, ours)


def test_slices_between_and_beyond_segments_are_left_out_and_found_again(tmp_path):
    scan = a_scan(tmp_path / "scan", even(9))
    mask = np.zeros(scan.volume.shape_kji, dtype=bool)
    mask[2, 3:5, 4:6] = mask[6, 7, 8] = True
    path = tmp_path / "seg.dcm"

    write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames)

    assert pydicom.dcmread(path).NumberOfFrames == 2
    again = read_dicom_seg(path)
    assert again.volume.shape_kji == (5, *SHAPE)
    assert np.array_equal(on_grid(again, scan.volume)[0], mask)
    assert np.array_equal(by_highdicom(path, scan)[0], mask)


def test_a_segment_without_voxels_is_described(tmp_path):
    scan = a_scan(tmp_path / "scan", even(3))
    found = segments_of([*random_masks(scan.volume, 1)], scan.volume)
    empty = CodedSegment(new_segment(2, "nothing"), EMPTY)
    path = tmp_path / "seg.dcm"

    write_dicom_seg(path, CodedSegments(scan.volume, (*found.segments, empty)), scan.source_frames)

    assert complaints(path) == []
    again = read_dicom_seg(path)
    assert [one.segment.name for one in again.segments] == ["A", "nothing"]
    assert not again.segments[1].patch.mask.any()
    (dcmqi, *_) = by_dcmqi(path, tmp_path / "dcmqi")
    assert np.array_equal(
        dcmqi.labels_kji > 0, placed(found.segments[0].patch, scan.volume.shape_kji)
    )


def test_a_tilted_gantry_s_frames_lie_where_its_slices_do(tmp_path):
    positions = [(-3.0, 4.0 + 0.7 * k, 10.0 + 2.0 * k) for k in range(6)]
    scan = a_scan(tmp_path / "scan", positions)
    (mask,) = random_masks(scan.volume, 1)
    path = tmp_path / "seg.dcm"

    assert write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames) == ()

    assert complaints(path) == []
    again = read_dicom_seg(path)
    assert np.allclose(again.volume.local_ras_from_ijk, scan.volume.local_ras_from_ijk, atol=1e-4)
    assert np.array_equal(on_grid(again, scan.volume)[0], mask)
    assert np.array_equal(by_highdicom(path, scan)[0], mask)


def test_a_missing_slice_s_voxels_are_told_and_all_others_written(tmp_path):
    positions = [place for k, place in enumerate(even(8)) if k != 4]
    scan = a_scan(tmp_path / "scan", positions)
    assert scan.volume.shape_kji == (8, *SHAPE)  # resampled
    (mask,) = random_masks(scan.volume, 1)
    path = tmp_path / "seg.dcm"

    (note,) = write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames)

    assert f"{mask[4].sum()} voxels" in note
    expected = mask.copy()
    expected[4] = False
    assert complaints(path) == []
    assert np.array_equal(on_grid(read_dicom_seg(path), scan.volume)[0], expected)
    assert pydicom.dcmread(path).NumberOfFrames == 7


def test_uneven_slices_have_the_labels_of_the_voxels_that_they_lie_in(tmp_path):
    heights = [0.0, 2.0, 4.0, 6.9, 8.2, 12.0]
    scan = a_scan(tmp_path / "scan", [(-3.0, 4.0, height) for height in heights])
    (mask,) = random_masks(scan.volume, 1)
    path = tmp_path / "seg.dcm"

    notes = write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames)

    assert "no layers" in notes[0]
    seg = highdicom.seg.segread(path)
    frames = seg.PerFrameFunctionalGroupsSequence
    places = [float(frame.PlanePositionSequence[0].ImagePositionPatient[2]) for frame in frames]
    assert sorted(places) == heights
    step = scan.volume.spacing_mm[2]
    for height, pixels in zip(places, seg.pixel_array, strict=True):
        assert np.array_equal(pixels > 0, mask[round(height / step)])


def test_a_body_in_uneven_slices_keeps_its_volume_and_its_hole(tmp_path):
    heights = [0.0, 2.0, 4.0, 6.9, 8.2, 12.0, 14.0, 16.5, 21.0, 23.0]
    scan = a_scan(tmp_path / "scan", [(-3.0, 4.0, height) for height in heights])
    mask = np.zeros(scan.volume.shape_kji, dtype=bool)
    centres = np.arange(len(mask)) * scan.volume.spacing_mm[2]
    mask[(centres < 7.5) | (centres > 13.0), 2:9, 2:9] = True
    path = tmp_path / "seg.dcm"
    write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames)

    (again,) = on_grid(read_dicom_seg(path), scan.volume)

    assert again.sum() == pytest.approx(mask.sum(), rel=0.15)
    assert not again[(centres > 8.1) & (centres < 12.1)].any()


def test_a_segment_that_only_lies_between_slices_is_refused(tmp_path):
    positions = [place for k, place in enumerate(even(8)) if k != 4]
    scan = a_scan(tmp_path / "scan", positions)
    mask = np.zeros(scan.volume.shape_kji, dtype=bool)
    mask[4, 3, 3] = True

    with pytest.raises(
        OutputError, match=r"no voxel of 'A' lies on a slice .* \.seg\.nrrd instead"
    ):
        write_dicom_seg(tmp_path / "x.dcm", segments_of([mask], scan.volume), scan.source_frames)
    assert not (tmp_path / "x.dcm").exists()


def test_labels_on_a_cropped_and_on_a_finer_grid_fall_on_the_same_pixels(tmp_path):
    scan = a_scan(tmp_path / "scan", even(5))
    (mask,) = random_masks(scan.volume, 1)
    cropped = mask.copy()
    cropped[:1] = cropped[:, :2] = cropped[:, :, :3] = False
    matrix = np.array(scan.volume.local_ras_from_ijk)
    matrix[:3, 3] = apply(matrix, (3, 2, 1))
    grid = VolumeGeometry((4, 9, 10), matrix)
    write_dicom_seg(
        tmp_path / "crop.dcm", segments_of([mask[1:, 2:, 3:]], grid), scan.source_frames
    )
    assert np.array_equal(by_highdicom(tmp_path / "crop.dcm", scan)[0], cropped)

    fine = np.array(scan.volume.local_ras_from_ijk)
    fine[:3, :2] /= 3.0
    fine[:3, 3] -= fine[:3, :2].sum(axis=1)
    finer = VolumeGeometry((5, 33, 39), fine)
    large = mask.repeat(3, axis=1).repeat(3, axis=2)
    write_dicom_seg(tmp_path / "fine.dcm", segments_of([large], finer), scan.source_frames)
    assert np.array_equal(by_highdicom(tmp_path / "fine.dcm", scan)[0], mask)


def test_codes_colours_and_references_are_in_the_file(tmp_path):
    scan = a_scan(tmp_path / "scan", even(3))
    found = segments_of(random_masks(scan.volume, 2), scan.volume, (KIDNEY,))
    path = tmp_path / "seg.dcm"
    write_dicom_seg(path, found, scan.source_frames)

    assert complaints(path) == []
    seg, source = pydicom.dcmread(path), pydicom.dcmread(scan.source_files[0])
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "PatientName"):
        assert seg[keyword].value == source[keyword].value
    assert seg.SeriesInstanceUID != source.SeriesInstanceUID
    assert seg.SegmentationType == "BINARY"
    kidney, other = seg.SegmentSequence
    assert kidney.SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert kidney.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "GazeSAM"
    assert other.SegmentedPropertyTypeCodeSequence[0].CodeValue == "85756007"
    (series,) = seg.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    assert len(series.ReferencedInstanceSequence) == 3
    again = read_dicom_seg(path).segments
    assert again[0].terminology == KIDNEY
    for one, before in zip(again, found.segments, strict=True):
        assert one.segment.color_rgb == pytest.approx(before.segment.color_rgb, abs=0.01)
    (attributes, _) = (one.attributes for one in by_dcmqi(path, tmp_path / "dcmqi"))
    assert attributes["SegmentLabel"] == "A"
    assert attributes["SegmentedPropertyTypeCodeSequence"]["CodeValue"] == "64033007"
    assert attributes["SegmentedPropertyTypeModifierCodeSequence"]["CodeMeaning"] == "Right"


def test_a_deflated_file_holds_the_same(tmp_path):
    scan = a_scan(tmp_path / "scan", even(4))
    masks = random_masks(scan.volume, 2)
    path = tmp_path / "seg.dcm"
    write_dicom_seg(path, segments_of(masks, scan.volume), scan.source_frames, compress=True)
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.is_deflated
    for ours, read, theirs in zip(
        masks, on_grid(read_dicom_seg(path), scan.volume), by_highdicom(path, scan), strict=True
    ):
        assert np.array_equal(read, ours)
        assert np.array_equal(theirs, ours)


def test_the_liver_of_a_real_scan_goes_out_and_comes_back(shared_data, tmp_path):
    folder = shared_data / "ct_liver_seg"
    scan = read_scan(folder / "dicom")
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(folder / "liver_seg.nrrd"))
    path = tmp_path / "liver.dcm"
    write_dicom_seg(path, segments_of([labels > 0], scan.volume), scan.source_frames)
    assert complaints(path) == []
    (segment,) = by_dcmqi(path, tmp_path / "dcmqi")
    assert np.array_equal(segment.labels_kji > 0, labels > 0)


def test_a_real_tilted_scan_with_uneven_gaps_goes_out_on_its_own_slices(shared_data, tmp_path):
    scan = read_scan(shared_data / "ct_head_tilted")
    (mask,) = patches_of_labels(scan.voxels_kji > 300, 1)
    found = CodedSegments(scan.volume, (CodedSegment(new_segment(1, "bone"), mask),))
    path = tmp_path / "bone.dcm"

    write_dicom_seg(path, found, scan.source_frames)

    assert complaints(path) == []
    seg = pydicom.dcmread(path)
    own = [tuple(frame.position_lps) for frame in scan.source_frames]
    for frame in seg.PerFrameFunctionalGroupsSequence:
        place = tuple(map(float, frame.PlanePositionSequence[0].ImagePositionPatient))
        assert min(np.abs(np.subtract(own, place)).max(axis=1)) < 1e-6
    by_place = {tuple(frame.position_lps): frame.file.path for frame in scan.source_frames}
    inside = []
    for frame, pixels in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True):
        place = tuple(map(float, frame.PlanePositionSequence[0].ImagePositionPatient))
        source = pydicom.dcmread(by_place[min(by_place, key=lambda own: math.dist(own, place))])
        values = source.pixel_array * float(source.RescaleSlope) + float(source.RescaleIntercept)
        inside.append(values[pixels > 0])
    assert np.quantile(np.concatenate(inside), 0.25) > 300  # bone in the file is bone in the slices


def test_a_multi_frame_scan_is_one_source(nibabel_dicoms, tmp_path):
    file = tmp_path / "mprage.dcm"
    with gzip.open(nibabel_dicoms / "philips_mprage.dcm.gz") as packed, file.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    scan = read_scan(file)
    mask = np.zeros(scan.volume.shape_kji, dtype=bool)
    mask[20:25], mask[90, 3] = random_masks(VolumeGeometry((5, 256, 256), np.eye(4)), 1)[0], True
    path = tmp_path / "seg.dcm"

    write_dicom_seg(path, segments_of([mask], scan.volume), scan.source_frames)

    assert complaints(path) == []
    assert np.array_equal(on_grid(read_dicom_seg(path), scan.volume)[0], mask)
    groups = pydicom.dcmread(path).PerFrameFunctionalGroupsSequence
    referred = [
        int(group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber)
        for group in groups
    ]
    frames = [scan.source_frames[k].index + 1 for k in (*range(20, 25), 90)]
    assert sorted(referred) == sorted(frames)


def test_a_slice_is_found_by_its_number_where_the_scene_moved_it(tmp_path):
    heights = [0.0, 2.0, 4.0, 6.9, 8.2, 12.0]
    frames = a_scan(tmp_path / "scan", [(-3.0, 4.0, height) for height in heights]).source_frames
    lps = np.diag((0.75, 0.5, 2.4, 1.0))
    lps[:3, 3] = (-3.0, 4.0, 0.0)
    as_even = VolumeGeometry((6, *SHAPE), np.diag((-1.0, -1.0, 1.0, 1.0)) @ lps)
    (mask,) = random_masks(as_even, 1)
    path = tmp_path / "seg.dcm"

    notes = write_dicom_seg(
        path, segments_of([mask], as_even), frames, places=pixel_places(as_even, frames)
    )

    assert notes == ()
    seg = pydicom.dcmread(path)
    frames = seg.PerFrameFunctionalGroupsSequence
    places = [float(frame.PlanePositionSequence[0].ImagePositionPatient[2]) for frame in frames]
    for height, pixels in zip(places, seg.pixel_array, strict=True):
        assert np.array_equal(pixels > 0, mask[heights.index(height)])


def test_an_empty_segmentation_is_refused(tmp_path):
    scan = a_scan(tmp_path / "scan", even(2))
    empty = CodedSegments(scan.volume, (CodedSegment(new_segment(1), EMPTY),))
    with pytest.raises(OutputError, match=r"x\.dcm: the segmentation is empty"):
        write_dicom_seg(tmp_path / "x.dcm", empty, scan.source_frames)


def test_a_full_disk_leaves_the_file_of_before(tmp_path):
    scan = a_scan(tmp_path / "scan", even(3))
    found = segments_of(random_masks(scan.volume, 1), scan.volume)
    path = tmp_path / "seg.dcm"
    path.write_bytes(b"of before")
    with limited_file_size(2000), pytest.raises(OutputError, match="could not write"):
        write_dicom_seg(path, found, scan.source_frames)
    assert path.read_bytes() == b"of before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["scan", "seg.dcm"]


def test_names_that_dicom_cannot_hold_are_cut_to_what_it_can(tmp_path):
    scan = a_scan(tmp_path / "scan", even(1))
    patch = VoxelPatch((0, 0, 0), np.ones((1, 2, 2), dtype=bool))
    named = (
        Segment("a", "Tumour\\left\n" + "x" * 80, (1.0, 0.0, 0.0)),
        Segment("b", " ", (0, 0, 0)),
    )
    path = tmp_path / "seg.dcm"
    coded = tuple(CodedSegment(segment, patch) for segment in named)
    write_dicom_seg(path, CodedSegments(scan.volume, coded), scan.source_frames)
    assert complaints(path) == []
    first, second = (one.segment.name for one in read_dicom_seg(path).segments)
    assert first.startswith("Tumour/left xxx")
    assert len(first) == 64
    assert second == "Segment 2"
