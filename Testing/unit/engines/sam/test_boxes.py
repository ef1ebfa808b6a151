"""Boxes around what is looked at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.sam.boxes import boxes_around, mask_scores
from GazeSAMLib.engines.torch_runtime.trial import body_slice
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import PromptSet

ORGANS = {  # in `body_slice`: where a person looks, and the box that a person would draw
    "liver": ((170, 230), (85, 155, 255, 305)),
    "spleen": ((345, 220), (303, 168, 387, 272)),
    "kidney": ((185, 320), (155, 296, 215, 344)),
}


def overlap(box, other) -> float:
    low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
    both = np.prod(np.maximum(high - low, 0))
    return both / (np.prod(box[2:] - box[:2]) + np.prod(np.subtract(other[2:], other[:2])) - both)


@pytest.mark.parametrize(("point", "drawn"), ORGANS.values(), ids=ORGANS)
def test_one_of_the_boxes_is_what_a_person_would_draw(point, drawn):
    regions = RegionEngine()
    prompts = PromptSet.at(ImagePoint(*point), sigma_px=4.0)
    found = rank(regions.decode(regions.embed(body_slice()), prompts), prompts)
    boxes, likely = boxes_around(prompts, found)
    assert 2 <= len(boxes) <= 3
    assert len(likely) == len(boxes)
    assert max(overlap(box, drawn) for box in boxes) > 0.75


def one_region(shape, box) -> MaskCandidates:
    logits = np.full((1, *shape), -1.0, dtype=np.float32)
    left, top, right, bottom = box
    logits[0, top : bottom + 1, left : right + 1] = 1.0
    return MaskCandidates(logits, np.array([0.9], dtype=np.float32))


def test_a_single_region_gives_a_larger_and_a_smaller_box_too():
    boxes, likely = boxes_around(
        PromptSet.at(ImagePoint(50, 50)), one_region((200, 200), (40, 40, 79, 69))
    )
    sizes = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    assert sizes[2] < sizes[0] < sizes[1]
    assert likely[0] > likely[1] == likely[2]
    np.testing.assert_allclose(
        boxes[0], np.array((39.5, 39.5, 79.5, 69.5)) + 0.6 * np.array((-1, -1, 1, 1))
    )


@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.floats(0, 80),
    st.data(),
)
def test_boxes_are_within_the_image_and_not_empty(shape, sigma_px, data):
    left, right = sorted(data.draw(st.integers(0, shape[1] - 1)) for _ in range(2))
    top, bottom = sorted(data.draw(st.integers(0, shape[0] - 1)) for _ in range(2))
    prompts = PromptSet.at(ImagePoint(left, top), sigma_px=sigma_px)
    boxes, _ = boxes_around(prompts, one_region(shape, (left, top, right, bottom)))
    assert (boxes >= -0.5).all()
    assert (boxes[:, 2:] <= np.array(shape[::-1]) - 0.5).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (boxes[0][:2] <= (left, top)).all()
    assert (boxes[0][2:] >= (right, bottom)).all()


def test_an_unsure_gaze_gets_a_wide_box():
    found = one_region((100, 100), (50, 50, 50, 50))
    boxes, _ = boxes_around(PromptSet.at(ImagePoint(50, 50), sigma_px=10.0), found)
    assert (boxes[0][2:] - boxes[0][:2] == 40.0).all()


def test_a_mask_that_fills_its_box_clearly_scores_highest():
    rows, columns = np.mgrid[:100, :100]
    distance = 30.0 - np.hypot(rows - 50, columns - 50)
    box = np.array((20.5, 20.5, 79.5, 79.5))
    clear, vague, small, empty = 10 * distance, 0.1 * distance, 10 * (distance - 15), -10 + 0 * rows
    logits = np.stack((clear, vague, small, empty)).astype(np.float32)
    scores = mask_scores(logits, np.tile(box, (4, 1)))
    assert scores[0] > 0.95
    assert scores[0] > scores[1] > scores[3]
    assert scores[0] > scores[2] > scores[3] == 0.0
