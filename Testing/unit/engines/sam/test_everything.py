"""Segmenting everything gives what Meta's own generator gives."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.region.engine import RegionEngine  # noqa: E402
from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.engines.sam.engine import SamEngine  # noqa: E402
from GazeSAMLib.engines.sam.everything import (  # noqa: E402
    EverythingSettings,
    check_everything,
    segment_everything,
)
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything  # noqa: E402
from GazeSAMLib.errors import EngineError  # noqa: E402

try:
    segment_anything = import_segment_anything()
except EngineError as error:
    pytest.skip(str(error), allow_module_level=True)

from segment_anything import automatic_mask_generator  # noqa: E402

SMALL = SamArchitecture(48, 2, 3, (1,), 4, 16, 128)
# An untrained network is sure of nothing: with these a good part of its masks passes.
SETTINGS = EverythingSettings(6, 10, 0.0, 0.3, box_nms_thresh=0.999, crop_nms_thresh=0.999)
VARIANTS = {
    "plain": {},
    "strict": {"stability_score_thresh": 0.6, "box_nms_thresh": 0.9},
    "with crops": {"crop_n_layers": 1, "crop_n_points_downscale_factor": 2},
    "nothing found": {"stability_score_thresh": 1.1},
}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    model = SMALL.build()
    generator = torch.Generator().manual_seed(7)
    for name, tensor in model.state_dict().items():
        if "rel_pos" in name or name.endswith("pos_embed"):
            tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))
        elif "hypernetworks" in name or "upscaling" in name:
            tensor.mul_(3.0)  # so that masks are steep enough to pass as stable
    return model


@pytest.fixture(scope="module")
def engine(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("sam") / "weights.pth"
    torch.save(model.state_dict(), path)
    return check_everything(SamEngine(path, device="cpu", precision="fp32"))


@pytest.fixture(scope="module")
def image():
    image = np.zeros((90, 120, 3), dtype=np.uint8)
    image[20:50, 30:70] = (200, 30, 90)
    image[55:80, 80:115] = (10, 220, 140)
    noise = np.random.default_rng(0).normal(0, 10, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def reference_nms(boxes, scores, _kinds, iou_threshold):
    """``torchvision.ops.batched_nms``, whose operator may be missing here, box by box."""

    def overlap(a, b):
        shared = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
        return shared / max(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared, 1e-9)

    kept = []
    for index in scores.sort(descending=True, stable=True)[1].tolist():
        box = boxes[index].numpy()
        if all(overlap(box, boxes[other].numpy()) <= iou_threshold for other in kept):
            kept.append(index)
    return torch.tensor(kept, dtype=torch.long)


def nothing(_done, _total):
    pass


@pytest.mark.parametrize("as_rle", [False, True])
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_masks_are_those_of_metas_generator(engine, model, image, variant, as_rle, monkeypatch):
    monkeypatch.setattr(automatic_mask_generator, "batched_nms", reference_nms)
    settings = replace(SETTINGS, **variant)
    options = asdict(settings)
    mode = "coco_rle" if as_rle else "binary_mask"
    theirs = segment_anything.SamAutomaticMaskGenerator(model, output_mode=mode, **options)
    expected = theirs.generate(image)
    found = segment_everything(engine, image, settings, nothing, as_rle=as_rle)
    assert len(found) == len(expected)
    assert bool(found) == (variant is not VARIANTS["nothing found"])
    for ours, meant in zip(found, expected, strict=True):
        assert ours.keys() == meant.keys()
        for name, value in meant.items():
            if isinstance(value, dict):
                assert ours[name] == value
            else:
                np.testing.assert_allclose(ours[name], value, rtol=1e-4, err_msg=name)
        if as_rle:
            assert json.loads(json.dumps(ours)) == ours


def test_small_regions_go_and_boxes_fit_what_is_left(engine, image):
    settings = replace(SETTINGS, min_mask_region_area=40)
    found = segment_everything(engine, image, settings, nothing)
    before = segment_everything(engine, image, SETTINGS, nothing)
    assert found
    for record in found:
        rows, columns = np.nonzero(record["segmentation"])
        left, top, width, height = record["bbox"]
        assert (left, top) == (columns.min(), rows.min())
        assert (left + width, top + height) == (columns.max(), rows.max())
        assert record["area"] == record["segmentation"].sum()
    whole = {record["segmentation"].tobytes() for record in before}
    assert any(record["segmentation"].tobytes() not in whole for record in found)


def test_it_says_how_far_it_is_and_can_be_stopped_at_any_batch(engine, image):
    told = []
    settings = replace(SETTINGS, crop_n_layers=1, crop_n_points_downscale_factor=2)
    segment_everything(engine, image, settings, lambda *numbers: told.append(numbers))
    total = 36 + 4 * 9
    assert told[-1] == (total, total)
    assert told == sorted(told)
    assert len({done for done, _ in told}) == 1 + 4 + 4

    class StopError(Exception):
        pass

    def stop(done, _total):
        if done >= 10:
            raise StopError

    with pytest.raises(StopError):
        segment_everything(engine, image, settings, stop)


def test_crops_without_points_or_pixels_are_refused(engine):
    with pytest.raises(EngineError, match="2 points a side leaves none"):
        EverythingSettings(2, crop_n_layers=2, crop_n_points_downscale_factor=2)
    tiny = np.zeros((3, 4, 3), dtype=np.uint8)
    with pytest.raises(EngineError, match="4 x 3 pixels is too small for 3 layers"):
        segment_everything(engine, tiny, replace(SETTINGS, crop_n_layers=3), nothing)


def test_models_that_do_not_answer_points_as_sam_does_are_refused(tmp_path, model):
    with pytest.raises(EngineError, match=r"'region' cannot segment everything.*mobile_sam"):
        check_everything(RegionEngine())
    path = tmp_path / "medsam.pth"
    torch.save(model.state_dict(), path)
    with pytest.raises(EngineError, match="cannot segment everything"):
        check_everything(SamEngine(path, device="cpu", precision="fp32", prompts="box"))
