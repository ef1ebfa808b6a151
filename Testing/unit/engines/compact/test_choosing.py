"""How the engine chooses among the masks that the network gives it."""

import numpy as np
import pytest

from GazeSAMLib.engines.compact.choice import best_different, different, expected_dice, most_agreed
from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.evidence import describe
from GazeSAMLib.engines.compact.look import Surroundings
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.compact.points import Points
from GazeSAMLib.engines.scorer import Scorer
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import PromptSet

SHAPE = (300, 300)
SCORER = Scorer.of_package("GazeSAMLib.engines.compact")


def look(sigma_px: float = 0.0, box: list[float] | None = None) -> Points:
    prompts = PromptSet.at(ImagePoint(150.0, 150.0), sigma_px)
    if box is not None:
        prompts = PromptSet(np.empty((0, 2)), [], box_image_uv=box)
    return Points.of(prompts, SHAPE)


def a_disc(size: float, radius_px: float, iou: float, *, contrast: float = 0.6) -> CropMask:
    """A disc at the look, in a crop of that size, on a grey image with that contrast."""
    crop = Crop(150.0, 150.0, size)
    rows, columns = crop.positions(SIDE)
    away = np.hypot(rows[:, None] - 150.0, columns[None, :] - 150.0)
    logits = np.clip(radius_px - away, -6.0, 6.0).astype(np.float32)
    grey = (0.2 + contrast * (away < radius_px)).astype(np.float32)
    return CropMask(crop, logits, iou, grey)


def test_what_all_crops_agree_on_is_shown_first():
    masks = [a_disc(80, 20, 0.6), a_disc(120, 20, 0.6), a_disc(200, 21, 0.6), a_disc(200, 70, 0.62)]
    best = best_different(masks, SCORER, look(), SHAPE, 3)
    assert best[0].bounds()[1][0] - best[0].bounds()[0][0] == pytest.approx(40.0, abs=5.0)


def test_candidates_differ_come_in_order_and_are_no_more_than_there_are():
    masks = [a_disc(80, 20, 0.6), a_disc(120, 20, 0.6), a_disc(200, 70, 0.5), a_disc(250, 71, 0.5)]
    best = best_different(masks, SCORER, look(), SHAPE, 3)
    assert len(best) == 2
    assert best[0].iou >= best[1].iou
    iou = Surroundings(np.array((150.0, 150.0)), SHAPE).pairwise_iou(best)
    assert iou[0, 1] < 0.75


def test_what_else_could_be_meant_must_be_expected_to_be_clearly_better():
    apart, there = np.eye(6), np.ones(6, dtype=bool)
    nearly_alike = np.array((0.60, 0.63, 0.2, 0.5, 0.2, 0.2))
    assert different(nearly_alike, apart, there, 3) == [0, 1, 3]
    clearly_better = np.array((0.60, 0.63, 0.7, 0.5, 0.2, 0.2))
    assert different(clearly_better, apart, there, 2) == [2, 0]


def test_a_box_is_filled():
    masks = [a_disc(80, 20, 0.6), a_disc(120, 20, 0.6), a_disc(200, 70, 0.4), a_disc(250, 71, 0.4)]
    boxed = look(box=[80.0, 80.0, 220.0, 220.0])
    best = best_different(masks, SCORER, boxed, SHAPE, 1)[0]
    assert best.bounds()[1][0] - best.bounds()[0][0] > 120.0


def test_empty_masks_are_never_chosen():
    empty = CropMask(Crop(150, 150, 80), np.full((SIDE, SIDE), -3, np.float32), 0.9,
                     np.zeros((SIDE, SIDE), np.float32))  # fmt: skip
    assert best_different([empty, empty], SCORER, look(), SHAPE, 3) == []
    assert most_agreed([empty], look(), SHAPE, 3) == []
    (best,) = best_different([empty, a_disc(80, 20, 0.3)], SCORER, look(), SHAPE, 3)
    assert best.share > 0.0


def test_of_several_views_of_a_mask_the_outlier_comes_last():
    masks = [a_disc(200, 70, 0.8), a_disc(80, 20, 0.7), a_disc(100, 20, 0.7), a_disc(120, 21, 0.7)]
    best = most_agreed(masks, look(), SHAPE, 4)
    assert best[-1].crop.size == 200
    assert [mask.iou for mask in best] == sorted((mask.iou for mask in best), reverse=True)


def test_what_another_crop_shows_too_is_expected_to_be_better():
    expected = []
    for other_radius in (20, 55):
        masks = [a_disc(100, 20, 0.6), a_disc(160, other_radius, 0.6)]
        iou = Surroundings(look().look, SHAPE).pairwise_iou(masks)
        expected.append(expected_dice(np.full(2, 0.6), iou, np.ones(2, dtype=bool))[0])
    assert 0.0 < expected[1] < expected[0] < 1.0


@pytest.mark.parametrize("sigma_px", [0.0, 5.0, 500.0])
def test_evidence_is_finite_for_empty_and_full_masks(sigma_px):
    plain = np.zeros((SIDE, SIDE), np.float32)
    masks = [CropMask(Crop(150, 150, 80), plain + value, iou, plain)
             for value, iou in ((-9, 0.0), (9, 1.0), (0, 0.5))]  # fmt: skip
    points = look(sigma_px)
    found = describe(masks, Surroundings(points.look, SHAPE).pairwise_iou(masks), points, SHAPE)
    assert np.isfinite(found).all()
    assert np.isfinite(SCORER.expected_iou(found)).all()
