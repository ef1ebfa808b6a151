"""Masks that were found before anybody looked."""

import numpy as np
import pytest
from pycocotools import mask as coco

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.sam.known_masks import KnownMasks
from GazeSAMLib.errors import EngineError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import NOT_THIS, PromptSet

SHAPE = (60, 80)


def disk(u: float, v: float, radius: float) -> np.ndarray:
    row, column = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return np.hypot(column - u, row - v) <= radius


def record(mask: np.ndarray, score: float) -> dict:
    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    rows, columns = np.nonzero(mask)
    corner = (columns.min(), rows.min())
    size = (columns.max() - corner[0], rows.max() - corner[1])
    return {
        "segmentation": {"size": list(SHAPE), "counts": code["counts"].decode()},
        "bbox": [*corner, *size],
        "predicted_iou": score,
        "stability_score": 1.0,
    }


ORGAN, LESION, OTHER = disk(30, 30, 20), disk(30, 30, 5), disk(68, 12, 8)
KNOWN = KnownMasks.of_records([record(LESION, 0.7), record(ORGAN, 0.9), record(OTHER, 0.8)], SHAPE)


def test_a_look_picks_the_masks_that_hold_it_the_best_first():
    found = KNOWN.candidates(PromptSet.at(ImagePoint(31.0, 28.0)))
    np.testing.assert_array_equal(found.inside, [ORGAN, LESION])
    np.testing.assert_allclose(found.scores, [0.9, 0.7], rtol=1e-6)
    beside = KNOWN.candidates(PromptSet.at(ImagePoint(40.0, 35.0)))
    np.testing.assert_array_equal(beside.inside, [ORGAN])


@pytest.mark.parametrize(
    "prompts",
    [
        PromptSet.at(ImagePoint(5.0, 55.0)),  # nothing is known there
        PromptSet.at(ImagePoint(31.0, 28.0)).with_point(ImagePoint(45.0, 30.0), NOT_THIS),
        PromptSet(
            np.empty((0, 2)), np.empty(0, np.int64), box_image_uv=np.array((10.0, 10, 50, 50))
        ),
    ],
)
def test_what_is_not_known_has_to_be_worked_out(prompts):
    assert KNOWN.candidates(prompts) is None


def test_it_comes_back_from_arrays():
    back = KnownMasks.of_packed(PackedEmbedding(KNOWN.arrays()), SHAPE)
    look = PromptSet.at(ImagePoint(68.0, 12.0))
    np.testing.assert_array_equal(back.candidates(look).inside, KNOWN.candidates(look).inside)
    assert KnownMasks.of_packed(PackedEmbedding({}), SHAPE) is None


def test_a_slice_without_masks_is_known_too():
    none = KnownMasks.of_records([], SHAPE)
    back = KnownMasks.of_packed(PackedEmbedding(none.arrays()), SHAPE)
    assert back is not None
    assert back.candidates(PromptSet.at(ImagePoint(3.0, 3.0))) is None


@pytest.mark.parametrize("name", ["mask_ends", "mask_boxes", "mask_scores"])
def test_arrays_that_contradict_each_other_are_refused(name):
    arrays = KNOWN.arrays()
    arrays[name] = arrays[name][:-1]
    with pytest.raises(EngineError, match="contradict"):
        KnownMasks.of_packed(PackedEmbedding(arrays), SHAPE)
