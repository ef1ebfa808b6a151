"""Which candidate is shown first."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.frames import ImagePoint
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
