"""What speaks for a propagated mask, and which of its parts belong to the structure."""

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.segmentation.agreement import (
    NO_AGREEMENT,
    agreement,
    edge_strength,
    expected_dice,
    grey_shares,
    overlap,
)
from GazeSAMLib.segmentation.mask_prompts import prompts_for
from GazeSAMLib.segmentation.narrow_band import grey_log_odds, moved_outline, probability
from GazeSAMLib.segmentation.parts import cleaned, large_parts
from GazeSAMLib.segmentation.passage import Passage


def disc(radius: float, row: float = 60, column: float = 64, shape=(120, 128)) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(rows - row, columns - column) <= radius


def picture(mask: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 8.0, mask.shape)
    return np.clip(np.where(mask, 150, 80) + noise, 0, 255).astype(np.uint8)


def passage_to(now: np.ndarray, before: np.ndarray, reach_px: float = 4.0) -> Passage:
    return Passage.of(before, picture(before), picture(now, 1), reach_px)


@pytest.mark.parametrize("radius", [17, 20, 23])
def test_the_outline_follows_the_image_within_its_reach(radius):
    passage = passage_to(disc(radius), disc(20))
    found = passage.drawn(moved_outline(passage, grey_log_odds(passage)), (120, 128))
    assert overlap(found, disc(radius)) > max(0.95, overlap(disc(20), disc(radius)) - 0.02)


def test_the_outline_does_not_go_beyond_its_reach():
    passage = passage_to(disc(40), disc(20))
    found = moved_outline(passage, grey_log_odds(passage))
    assert not found[passage.inside_px < -4.0].any()


def test_where_everything_looks_like_outside_the_structure_goes():
    passage = passage_to(np.zeros((120, 128), dtype=bool), disc(20))
    found = moved_outline(passage, grey_log_odds(passage))
    assert np.count_nonzero(found) < 0.05 * np.count_nonzero(disc(20))


def test_large_structures_are_compared_at_half_resolution_with_the_same_result():
    passage = Passage.of(
        disc(92, 120, 120, (240, 240)),
        picture(disc(92, 120, 120, (240, 240))),
        picture(disc(95, 120, 120, (240, 240)), 1),
        6.0,
    )
    found = passage.drawn(moved_outline(passage, grey_log_odds(passage)), (240, 240))
    assert overlap(found, disc(95, 120, 120, (240, 240))) > 0.99


def test_the_right_mask_agrees_better_than_wrong_ones():
    passage = passage_to(disc(22), disc(20))
    chances = probability(grey_log_odds(passage))
    greys = grey_shares(picture(disc(20))[disc(20)])
    usual = edge_strength(disc(20)[passage.box], chances)
    totals = [
        agreement(mask[passage.box], passage, chances, greys, usual).total
        for mask in (disc(22), disc(30), disc(12), disc(20, 70, 70))
    ]
    assert totals[0] > 0.95
    assert max(totals[1:]) < totals[0]


def test_a_mask_beside_the_expected_one_does_not_agree_at_all():
    passage = passage_to(disc(20), disc(20))
    beside = np.zeros_like(passage.expected)
    beside[:3, :3] = True
    found = agreement(beside, passage, np.full(beside.shape, 0.5, np.float32), np.ones(32), 0.5)
    assert found == NO_AGREEMENT
    assert found.total == found.total_if_tapering == 0.0


def test_a_structure_that_tapers_agrees_but_for_its_shape():
    passage = passage_to(disc(16), disc(20))
    chances = probability(grey_log_odds(passage))
    greys = grey_shares(picture(disc(20))[disc(20)])
    found = agreement(disc(16)[passage.box], passage, chances, greys, 0.5)
    assert found.within == 1.0
    assert found.shape == pytest.approx(overlap(disc(16), disc(20)))
    assert found.total < found.total_if_tapering


def test_without_an_outline_the_edge_is_as_faint_as_can_be():
    assert edge_strength(np.ones((30, 30), bool), np.full((30, 30), 0.9, np.float32)) == 0.1


def test_grey_shares_are_shares_and_tell_greys_apart():
    dark, bright = (grey_shares(np.full(50, grey)) for grey in (40, 200))
    assert dark.sum() == pytest.approx(1.0)
    assert np.sqrt(dark * dark).sum() == pytest.approx(1.0)
    assert np.sqrt(dark * bright).sum() == pytest.approx(0.0, abs=1e-6)
    assert grey_shares(np.empty(0)).sum() == 0.0


def test_confidence_grows_with_agreement():
    values = [expected_dice(total) for total in np.linspace(0.0, 1.0, 30)]
    assert values == sorted(values)
    assert 0.0 <= values[0] < values[-1] <= 1.0


def test_specks_and_what_lies_beside_are_no_part_of_it():
    mask = disc(20)
    speckled = mask.copy()
    speckled[2:5, 2:5] = True
    speckled[60, 90] = True
    assert np.array_equal(cleaned(speckled, mask), mask)


def test_a_new_small_hole_is_closed_and_an_expected_one_is_not():
    hole = disc(3)
    mask = disc(20) & ~hole
    assert np.array_equal(cleaned(mask, disc(20)), disc(20))
    assert np.array_equal(cleaned(mask, mask), mask)


def test_a_large_new_hole_stays():
    ring = disc(20) & ~disc(12)
    assert np.array_equal(cleaned(ring, disc(20)), ring)


def test_a_bay_at_the_border_is_no_hole():
    mask = np.ones((40, 40), dtype=bool)
    mask[:3, 10:14] = False
    assert np.array_equal(cleaned(mask, np.ones_like(mask)), mask)


def test_large_parts_are_counted():
    mask = disc(12, 30, 30) | disc(10, 90, 90) | disc(3, 30, 100)
    assert large_parts(mask) == 2
    assert large_parts(np.zeros_like(mask)) == 0


def test_prompts_lie_inside_apart_and_say_what_is_outside():
    mask = disc(20)
    passage = passage_to(mask, mask)
    prompts = prompts_for(passage, None)
    columns, rows = prompts.points_image_uv.astype(int).T
    add = prompts.labels == 1
    assert mask[rows[add], columns[add]].all()
    assert not ndimage.binary_dilation(mask, iterations=2)[rows[~add], columns[~add]].any()
    assert 2 <= add.sum() <= 4
    assert (~add).sum() == 6
    points = prompts.points_image_uv[add]
    apart = np.hypot(*(points[:, None] - points[None]).T)
    assert apart[np.triu_indices(len(points), 1)].min() > 8.0


def test_a_mask_that_is_refined_needs_no_points_outside():
    mask = disc(20)
    prompts = prompts_for(passage_to(mask, mask), np.zeros((4, 4), np.float32))
    assert (prompts.labels == 1).all()
    assert prompts.previous is not None
