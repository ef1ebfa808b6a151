"""Segments of every format with their names, colours and codes."""

import nrrd
import numpy as np
import pytest
import SimpleITK

from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.read_segments import read_segments
from GazeSAMLib.scans.terminology import UNKNOWN, terminology_of_entry
from GazeSAMLib.scans.write_labelmap import write_labelmap
from GazeSAMLib.segmentation.segment import Segment
from Testing.unit.scans.test_terminology import RIGHT_KIDNEY

LABELS = np.zeros((4, 5, 6), dtype=np.uint8)
LABELS[1:3, 2:4, 1:3] = 1
LABELS[3, 4, 5] = 3
VOLUME = VolumeGeometry(LABELS.shape, np.diag((-1.0, -2.0, 3.0, 1.0)))
SEGMENTS = [
    Segment("liver", "Liver", (0.8, 0.4, 0.2)),
    Segment("none", "Nothing", (0.1, 0.2, 0.3)),
    Segment("dot", "Dot", (0.0, 1.0, 0.0)),
]


def whole(one):
    voxels = np.zeros(LABELS.shape, dtype=bool)
    voxels[one.patch.box] = one.patch.mask
    return voxels


def test_a_seg_nrrd_gives_back_what_was_written(tmp_path):
    write_labelmap(tmp_path / "x.seg.nrrd", LABELS, VOLUME, SEGMENTS)
    found = read_segments(tmp_path / "x.seg.nrrd")
    assert [one.segment for one in found.segments] == SEGMENTS
    for value, one in enumerate(found.segments, start=1):
        assert np.array_equal(whole(one), value == LABELS)
        assert one.terminology == UNKNOWN


def test_codes_of_segments_go_through_a_seg_nrrd(tmp_path):
    kidney = terminology_of_entry(RIGHT_KIDNEY)
    write_labelmap(tmp_path / "x.seg.nrrd", LABELS, VOLUME, SEGMENTS, {"dot": kidney})
    found = read_segments(tmp_path / "x.seg.nrrd")
    assert [one.terminology for one in found.segments] == [UNKNOWN, UNKNOWN, kidney]


def test_layers_of_a_seg_nrrd_keep_their_overlap_and_their_codes(tmp_path):
    layers = np.zeros((2, 6, 5, 4), dtype=np.uint8)
    layers[0, 1:4, 1:3, 0:2] = 1
    layers[1, 2:6, 2:5, 1:4] = 4
    keys = {
        "Segment0_ID": "a",
        "Segment0_Name": "A",
        "Segment0_Layer": "0",
        "Segment0_LabelValue": "1",
        "Segment0_Tags": f"TerminologyEntry:{RIGHT_KIDNEY}|",
        "Segment1_ID": "b",
        "Segment1_Name": "B",
        "Segment1_Layer": "1",
        "Segment1_LabelValue": "4",
        "Segment1_Color": "0.1 0.2 nonsense",
        "space": "left-posterior-superior",
        "space directions": [[np.nan] * 3, [1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "space origin": [0, 0, 0],
        "kinds": ["list", "domain", "domain", "domain"],
    }
    nrrd.write(str(tmp_path / "x.seg.nrrd"), layers, keys)
    found = read_segments(tmp_path / "x.seg.nrrd")
    assert found.overlap()
    assert found.segments[0].terminology.type.meaning == "Kidney"
    for layer, one in zip(layers, found.segments, strict=True):
        box = np.zeros((4, 5, 6), dtype=bool)
        box[one.patch.box] = one.patch.mask
        assert np.array_equal(box, layer.T > 0)


def test_a_nifti_gives_a_segment_for_each_label_that_it_has(tmp_path):
    write_labelmap(tmp_path / "x.nii.gz", LABELS, VOLUME, SEGMENTS)
    found = read_segments(tmp_path / "x.nii.gz")
    assert [one.segment.name for one in found.segments] == ["Liver", "Dot"]
    assert np.array_equal(whole(found.segments[1]), LABELS == 3)


@pytest.mark.parametrize("background", [0, 9, -3])
def test_labels_may_be_any_whole_numbers(tmp_path, background):
    values = np.full((2, 3, 4), background, dtype=np.int32)
    values[0, 1, 2:] = 2_000_000_000
    values[1, 1, 1] = 70_000
    image = SimpleITK.GetImageFromArray(values)
    SimpleITK.WriteImage(image, tmp_path / "x.nrrd")
    found = {one.segment.name: one.patch for one in read_segments(tmp_path / "x.nrrd").segments}
    expected = {"label 70000": 1, "label 2000000000": 2} | (
        {"label 9": 21} if background > 0 else {}
    )
    assert {name: patch.mask.sum() for name, patch in found.items()} == expected
    assert found["label 2000000000"].offset_kji == (0, 1, 2)


@pytest.mark.parametrize(("labels", "name"), [((1,), "tumour"), ((1, 7), "label 7")])
def test_labels_without_names_are_called_after_file_or_number(tmp_path, labels, name):
    values = np.zeros((2, 3, 4), dtype=np.uint8)
    values[0, 0, : len(labels)] = labels
    nrrd.write(str(tmp_path / "tumour.nrrd"), values)
    assert read_segments(tmp_path / "tumour.nrrd").segments[-1].segment.name == name
