"""COCO files, opened by pycocotools."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools.coco import COCO

from GazeSAMLib.errors import OutputError
from GazeSAMLib.scans.coco import SliceMask, slice_masks, write_coco
from GazeSAMLib.segmentation.segment import Segment

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LIVER = Segment("a", "liver", (1.0, 0.5, 0.0))
LESION = Segment("b", "lesion", (0.0, 0.0, 1.0))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(labels=arrays(np.uint8, (3, 6, 9), elements=st.integers(0, 2)))
def test_masks_are_read_back_by_pycocotools(tmp_path, labels):
    names = ["k0", "k1", "k2"]
    write_coco(tmp_path / "a.json", slice_masks(labels, (LIVER, LESION), names), "made")
    coco = COCO(tmp_path / "a.json")
    rebuilt = np.zeros_like(labels)
    for annotation in coco.loadAnns(coco.getAnnIds()):
        mask = coco.annToMask(annotation).astype(bool)
        segment = coco.cats[annotation["category_id"]]["segment_id"]
        rebuilt[annotation["image_id"]][mask] = 1 if segment == "a" else 2
        rows, columns = np.nonzero(mask)
        x, y, width, height = annotation["bbox"]
        assert (x, y) == (columns.min(), rows.min())
        assert (x + width - 1, y + height - 1) == (columns.max(), rows.max())
        assert annotation["area"] == mask.sum()
    np.testing.assert_array_equal(rebuilt, labels)


def test_the_fields_are_those_of_segment_anything(tmp_path):
    mask = np.zeros((4, 6), dtype=bool)
    mask[1:3, 2:5] = True
    write_coco(
        tmp_path / "a.json",
        [SliceMask(7, "07.dcm", mask, LIVER, 0.9, 0.8, ((3.0, 1.5),))],
        "scan",
    )
    content = json.loads((tmp_path / "a.json").read_text())
    (image,), (annotation,) = content["images"], content["annotations"]
    assert {key: image[key] for key in ("image_id", "width", "height", "file_name")} == {
        "image_id": 7,
        "width": 6,
        "height": 4,
        "file_name": "07.dcm",
    }
    assert annotation["segmentation"]["size"] == [4, 6]
    assert isinstance(annotation["segmentation"]["counts"], str)
    assert annotation["bbox"] == [2.0, 1.0, 3.0, 2.0]
    assert annotation["area"] == 6
    assert annotation["predicted_iou"] == 0.9
    assert annotation["stability_score"] == 0.8
    assert annotation["crop_box"] == [0, 0, 6, 4]
    assert annotation["point_coords"] == [[3.0, 1.5]]
    assert annotation["category_name"] == "liver"
    assert annotation["id"] == 1


def test_empty_masks_are_left_out(tmp_path):
    write_coco(tmp_path / "a.json", [SliceMask(0, "", np.zeros((3, 3), bool), LIVER)])
    assert json.loads((tmp_path / "a.json").read_text())["annotations"] == []


def test_another_extension_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"end in \.json"):
        write_coco(tmp_path / "a.txt", [])
