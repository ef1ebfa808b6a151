"""Names of outputs, checks before the work, and what COCO masks tell."""

from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.cli.outputs import check_outputs, coco_masks, stem


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("liver.seg.nrrd", "liver"),
        ("liver.nii.gz", "liver"),
        ("liver.v2.nrrd", "liver.v2"),
        ("masks.json", "masks"),
        ("other.tiff", "other"),
    ],
)
def test_the_stem_leaves_the_whole_extension_out(name, expected) -> None:
    assert stem(Path("folder", name)) == expected


def test_good_outputs_pass(tmp_path) -> None:
    check_outputs([tmp_path / "a.seg.nrrd", tmp_path / "b.json"], [tmp_path])


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (["a.png"], "extension"),
        (["missing/a.nrrd"], "does not exist"),
        (["a.nrrd", "./a.nrrd"], "same name"),
        (["scan.nii.gz"], "is an input"),
        (["folder.nrrd"], "is a folder"),
    ],
)
def test_bad_outputs_are_refused(tmp_path, names, cause) -> None:
    (tmp_path / "scan.nii.gz").write_bytes(b"")
    (tmp_path / "folder.nrrd").mkdir()
    with pytest.raises(OutputError, match=cause):
        check_outputs([tmp_path / name for name in names], [tmp_path / "scan.nii.gz"])


def test_each_layer_and_segment_has_one_mask_with_its_gaze_point(done) -> None:
    masks = coco_masks(done.scan, done.labelmap, done.replayed.trace.steps)
    assert [(mask.image_id, mask.segment.name) for mask in masks] == [
        (10, "bright ball"),
        (12, "bright ball"),
        (12, "grey ball"),
    ]
    for mask in masks:
        number = 1 + [s.name for s in done.labelmap.segments].index(mask.segment.name)
        np.testing.assert_array_equal(mask.mask, done.labelmap.labels_kji[mask.image_id] == number)
        ((column, row),) = mask.points_image_uv
        rows, columns = np.nonzero(mask.mask)
        assert (column, row) == pytest.approx((columns.mean(), rows.mean()), abs=3.0)
        assert mask.predicted_iou is not None


def test_a_gaze_point_stands_once_and_only_where_somebody_looked(propagated) -> None:
    masks = coco_masks(propagated.scan, propagated.labelmap, propagated.replayed.trace.steps)
    looked_at = {(12, "bright ball"): 1, (15, "bright ball"): 1, (12, "grey ball"): 1}
    assert len(masks) > 15
    for mask in masks:
        expected = looked_at.get((mask.image_id, mask.segment.name), 0)
        assert len(mask.points_image_uv) == expected


def test_without_steps_masks_have_no_points(done) -> None:
    masks = coco_masks(done.scan, done.labelmap)
    assert len(masks) == 3
    assert all(mask.points_image_uv == () and mask.predicted_iou is None for mask in masks)
