"""Which candidate is shown first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts import choice
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import NOT_THIS, PromptSet


def candidates_of(*masks_and_scores) -> MaskCandidates:
    masks, scores = zip(*masks_and_scores, strict=True)
    logits = np.where(np.stack(masks), 1.0, -1.0).astype(np.float32)
    return MaskCandidates(logits, np.array(scores, dtype=np.float32))


def a_square(top: int, left: int, side: int = 6) -> np.ndarray:
    mask = np.zeros((40, 40), dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


HERE, THERE = a_square(10, 10), a_square(28, 28)
LOOK = PromptSet.at(ImagePoint(12, 12))


def test_the_higher_score_comes_first():
    ranked = rank(candidates_of((HERE, 0.3), (a_square(9, 9), 0.8)), LOOK)
    np.testing.assert_allclose(ranked.scores, [0.8, 0.3])


def test_a_mask_away_from_the_look_comes_after_one_at_it():
    ranked = rank(candidates_of((THERE, 0.9), (HERE, 0.2)), LOOK)
    np.testing.assert_array_equal(ranked.mask(0), HERE)


def test_an_uncertain_look_may_lie_beside_the_mask():
    unsure = PromptSet.at(ImagePoint(12, 12), sigma_px=12.0)
    ranked = rank(candidates_of((THERE, 0.9), (HERE, 0.2)), unsure)
    np.testing.assert_array_equal(ranked.mask(0), THERE)


@pytest.mark.parametrize(
    ("sigma_px", "first"), [(0.0, "better"), (1.0, "better"), (6.0, "likely"), (12.0, "likely")]
)
def test_the_less_sure_the_gaze_the_more_counts_what_it_may_have_meant(sigma_px, first):
    corner, around = a_square(8, 8, 5), a_square(2, 2, 25)
    prompts = PromptSet.at(ImagePoint(10, 10), sigma_px)
    ranked = rank(candidates_of((corner, 0.55), (around, 0.5)), prompts)
    np.testing.assert_array_equal(ranked.mask(0), corner if first == "better" else around)


def test_where_both_masks_are_likely_the_score_decides():
    prompts = PromptSet.at(ImagePoint(18, 18), sigma_px=4.0)
    wide, wider = a_square(8, 8, 20), a_square(4, 4, 28)
    ranked = rank(candidates_of((wider, 0.50), (wide, 0.52)), prompts)
    np.testing.assert_array_equal(ranked.mask(0), wide)


def test_several_looks_count_together():
    prompts = PromptSet([(10, 10), (10, 30)], [1, 1], sigma_px=8.0)
    one, both = a_square(6, 6, 9), np.zeros((40, 40), dtype=bool)
    both[4:36, 3:18] = True
    ranked = rank(candidates_of((one, 0.55), (both, 0.5)), prompts)
    np.testing.assert_array_equal(ranked.mask(0), both)


def test_drawn_points_are_spread_as_normal_numbers_are():
    points = choice._normal_points()
    assert np.abs(points.mean(axis=0)).max() < 0.05
    np.testing.assert_allclose(np.cov(points.T), np.eye(2), atol=0.15)
    inside = (np.hypot(*points.T) < 1.0).mean()
    assert abs(inside - (1.0 - np.exp(-0.5))) < 0.02  # Rayleigh


def test_a_box_alone_is_ranked_by_score():
    boxed = PromptSet(np.empty((0, 2)), [], box_image_uv=[5, 5, 20, 20], sigma_px=4.0)
    ranked = rank(candidates_of((THERE, 0.2), (HERE, 0.8)), boxed)
    np.testing.assert_array_equal(ranked.mask(0), HERE)


def test_a_mask_over_a_point_that_is_not_part_of_it_comes_after():
    both = HERE | THERE
    prompts = LOOK.with_point(ImagePoint(30, 30), NOT_THIS)
    ranked = rank(candidates_of((both, 0.9), (HERE, 0.2)), prompts)
    np.testing.assert_array_equal(ranked.mask(0), HERE)


def test_an_empty_mask_and_the_whole_image_come_last():
    empty, whole = np.zeros((40, 40), dtype=bool), np.ones((40, 40), dtype=bool)
    ranked = rank(candidates_of((whole, 0.9), (empty, 0.8), (THERE, 0.1)), LOOK)
    np.testing.assert_array_equal(ranked.mask(0), THERE)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_ranking_keeps_every_candidate_with_its_own_score(seed, count):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, 9, 11)).astype(np.float32)
    scores = rng.random(count).astype(np.float32)
    low_res = rng.normal(size=(count, 3, 3)).astype(np.float32)
    prompts = PromptSet.at(ImagePoint(*rng.uniform(-5, 15, 2)), float(rng.uniform(0, 4)))
    ranked = rank(MaskCandidates(logits, scores, low_res), prompts)
    order = [int(np.flatnonzero(scores == score)[0]) for score in ranked.scores]
    assert sorted(order) == list(range(count))
    np.testing.assert_array_equal(ranked.logits, logits[order])
    np.testing.assert_array_equal(ranked.low_res, low_res[order])
