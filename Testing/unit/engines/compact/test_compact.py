"""The engine `compact`: finds structures, takes corrections, and never fails on odd input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from GazeSAMLib.engines.compact.engine import CompactEngine
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.engine import RefinesMasks
from GazeSAMLib.errors import PromptError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.geometry.slice_image import to_8bit
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.read_labelmap import align_labels, read_labelmap
from GazeSAMLib.simulation.clicks import dice, innermost

ENGINE = CompactEngine()
SHAPE = (260, 320)


def a_disc(row: float, column: float, radius: float, shape=SHAPE) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 < radius**2


def noisy(mask: np.ndarray, inside: float, outside: float, noise: float = 8.0) -> np.ndarray:
    image = np.where(mask, inside, outside) + np.random.default_rng(0).normal(0, noise, mask.shape)
    return ndimage.gaussian_filter(image, 0.8).clip(0, 255).astype(np.uint8)


def ranked(image: np.ndarray, prompts: PromptSet) -> MaskCandidates:
    return rank(ENGINE.decode(ENGINE.embed(image), prompts), prompts)


def at(u: float, v: float, sigma_px: float = 0.0) -> PromptSet:
    return PromptSet.at(ImagePoint(u, v), sigma_px)


@pytest.mark.parametrize("radius", [6, 15, 40, 90])
@pytest.mark.parametrize(("inside", "outside"), [(150, 90), (70, 140)])
def test_a_noisy_disc_of_any_size_is_found(radius, inside, outside):
    disc = a_disc(130, 160, radius)
    assert dice(ranked(noisy(disc, inside, outside), at(160, 130)).mask(), disc) > 0.8


@pytest.mark.parametrize("side", [128, 256, 512, 1024, 1500])
def test_what_is_found_does_not_depend_on_the_slice_s_size(side):
    disc = a_disc(0.45 * side, 0.6 * side, 0.1 * side, (side, side))
    found = ranked(noisy(disc, 150, 80), at(0.6 * side, 0.45 * side)).mask()
    assert dice(found, disc) > 0.9


def test_an_uncertain_look_beside_the_centre_finds_the_structure():
    disc = a_disc(130, 160, 20)
    assert dice(ranked(noisy(disc, 160, 80), at(172, 136, sigma_px=10.0)).mask(), disc) > 0.75


def test_candidates_differ_and_are_as_large_as_the_slice():
    image = noisy(a_disc(130, 160, 80), 120, 60)
    image[a_disc(130, 160, 25)] += 60
    candidates = ranked(image, at(160, 130))
    assert candidates.logits.shape == (len(candidates), *SHAPE)
    assert len(candidates) > 1
    for one in range(len(candidates)):
        for other in range(one):
            assert dice(candidates.mask(one), candidates.mask(other)) < 0.985  # an IoU of 0.97
    core = a_disc(130, 160, 25)
    assert max(dice(candidates.mask(n), core) for n in range(len(candidates))) > 0.8


def test_a_point_that_is_not_part_of_it_takes_the_other_half_away():
    left, right = a_disc(130, 110, 35), a_disc(130, 200, 35)
    both = left | right
    both[124:136, 110:200] = True
    image = noisy(both, 160, 60, 4.0)
    first = ranked(image, at(110, 130))
    prompts = at(110, 130).with_point(ImagePoint(205, 130), NOT_THIS)
    for refining in (prompts, prompts.refining(first.low_res[0])):
        found = ranked(image, refining).mask()
        assert not found[130, 205]
        assert dice(found, left) > 0.75


def test_a_further_point_adds_a_second_part():
    left, right = a_disc(130, 110, 35), a_disc(130, 200, 35)
    image = noisy(left | right, 160, 60, 4.0)
    first = ranked(image, at(110, 130))
    prompts = at(110, 130).with_point(ImagePoint(200, 130), ADD)
    for refining in (prompts, prompts.refining(first.low_res[0])):
        assert dice(ranked(image, refining).mask(), left | right) > 0.85


def test_refining_without_a_new_point_keeps_the_mask():
    disc = a_disc(130, 160, 40)
    image = noisy(disc, 150, 90)
    first = ranked(image, at(160, 130))
    again = ranked(image, at(160, 130).refining(first.low_res[0]))
    assert dice(first.mask(), again.mask()) > 0.95


def test_a_mask_from_elsewhere_can_be_refined():
    assert isinstance(ENGINE, RefinesMasks)
    disc = a_disc(130, 160, 40)
    known = ENGINE.low_res_of(a_disc(134, 164, 36))
    assert dice(ranked(noisy(disc, 150, 90), at(160, 130).refining(known)).mask(), disc) > 0.9


@pytest.mark.parametrize("shape", [(256, 256), (SIDE, SIDE), (SIDE + 1, SIDE + 1)])
def test_a_previous_mask_of_another_engine_is_refused(shape):
    image = noisy(a_disc(130, 160, 40), 150, 90)
    with pytest.raises(PromptError, match="compact"):
        ranked(image, at(160, 130).refining(np.ones(shape, dtype=np.float32)))


def test_a_previous_mask_without_a_place_is_refused():
    image = noisy(a_disc(130, 160, 40), 150, 90)
    with pytest.raises(PromptError, match="compact"):
        ranked(image, at(160, 130).refining(np.zeros((SIDE + 1, SIDE), dtype=np.float32)))


def test_a_box_finds_what_fills_it_and_returns_nothing_beyond_it():
    image = noisy(a_disc(130, 160, 80), 110, 60)
    image[a_disc(130, 160, 30)] += 80
    for radius in (30, 80):
        box = np.array((160 - radius, 130 - radius, 160 + radius, 130 + radius), dtype=float)
        found = ranked(image, PromptSet(np.empty((0, 2)), np.empty(0), box_image_uv=box)).mask()
        rows, columns = np.nonzero(found)
        assert dice(found, a_disc(130, 160, radius)) > 0.85
        assert rows.min() >= box[1]
        assert rows.max() <= box[3]
        assert columns.min() >= box[0]
        assert columns.max() <= box[2]


def test_a_point_outside_counts_as_the_nearest_pixel():
    embedding = ENGINE.embed(noisy(a_disc(250, 10, 60), 150, 60))
    outside, corner = (ENGINE.decode(embedding, at(*p)) for p in ((-300, 900), (0, SHAPE[0] - 1)))
    np.testing.assert_array_equal(outside.logits, corner.logits)


def test_the_same_look_gives_the_same_bits():
    image = noisy(a_disc(130, 160, 30), 150, 90)
    prompts = at(155.3, 131.7, 9.0)
    once = ENGINE.decode(ENGINE.embed(image), prompts)
    other = CompactEngine()
    again = other.decode(other.embed(image.copy()), prompts)
    np.testing.assert_array_equal(once.logits, again.logits)
    np.testing.assert_array_equal(once.scores, again.scores)
    np.testing.assert_array_equal(once.low_res, again.low_res)


def test_embedding_neither_changes_nor_shares_the_image():
    image = noisy(a_disc(130, 160, 30), 150, 90)
    before = image.copy()
    embedding = ENGINE.embed(image)
    first = ENGINE.decode(embedding, at(160, 130))
    np.testing.assert_array_equal(image, before)
    image[:] = 0
    np.testing.assert_array_equal(ENGINE.decode(embedding, at(160, 130)).logits, first.logits)


@pytest.mark.parametrize("grey", [0, 120, 255])
def test_an_even_image_gives_a_mask_at_the_look_with_a_low_score(grey):
    candidates = ranked(np.full(SHAPE, grey, np.uint8), at(160, 130))
    assert candidates.mask()[130, 160] or candidates.scores[0] < 0.3


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 60), (60, 1), (2, 2), (3, 300), (16, 16), (30, 900), (900, 30)]
)
@pytest.mark.parametrize("sigma_px", [0.0, 30.0])
def test_tiny_and_thin_images_are_answered(shape, sigma_px):
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    candidates = ranked(pixels, at(shape[1] / 2, shape[0] / 2, sigma_px))
    assert candidates.logits.shape[1:] == shape
    assert np.isfinite(candidates.logits).all()
    assert np.isfinite(candidates.scores).all()


def test_a_huge_slice_is_answered_with_fewer_candidates():
    disc = a_disc(4000, 5000, 800, (8000, 8000))
    pixels = np.where(disc, np.uint8(160), np.uint8(70))
    candidates = ENGINE.decode(ENGINE.embed(pixels), at(5000, 4000))
    assert len(candidates) == 1
    assert dice(candidates.mask(), disc) > 0.9


def test_hundreds_of_points_are_answered():
    rng = np.random.default_rng(5)
    points = rng.uniform(-50, 400, (500, 2))
    labels = np.append(1, rng.integers(0, 2, 499))
    candidates = ranked(noisy(a_disc(130, 160, 60), 150, 60), PromptSet(points, labels))
    assert np.isfinite(candidates.logits).all()
    assert candidates.mask().any()


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_any_prompt_is_answered_again_and_again(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(4, 130, 2)
    embedding = ENGINE.embed(rng.integers(0, 255, (height, width), dtype=np.uint8))
    count = int(rng.integers(1, 30))
    points = rng.uniform(-200, 300, (count, 2))
    labels = np.append(rng.integers(0, 2, count - 1), 1)
    box = np.sort(rng.uniform(-20, 150, (2, 2)), axis=0).ravel() if rng.random() < 0.3 else None
    prompts = PromptSet(points, labels, box, float(rng.uniform(0, 40)))
    for _ in range(2):
        candidates = rank(ENGINE.decode(embedding, prompts), prompts)
        assert candidates.logits.shape == (len(candidates), height, width)
        assert np.isfinite(candidates.logits).all()
        assert ((candidates.scores >= 0) & (candidates.scores <= 1)).all()
        prompts = prompts.refining(candidates.low_res[0])


def test_low_res_is_the_mask_itself():
    image = noisy(a_disc(130, 160, 40), 150, 90)
    candidates = ENGINE.decode(ENGINE.embed(image), at(160, 130))
    for index in range(len(candidates)):
        drawn = np.full(SHAPE, -8.0, dtype=np.float32)
        CropMask.unpacked(candidates.low_res[index]).draw(drawn)
        np.testing.assert_array_equal(drawn > 0.0, candidates.mask(index))


def test_one_look_finds_most_organs_of_a_real_ct(shared_data):
    scan = read_scan(shared_data / "ct_abdomen" / "dicom")
    labels, geometry, names = read_labelmap(shared_data / "ct_abdomen" / "labels.nii.gz")
    labels = align_labels(labels, geometry, scan.volume)
    embedding = ENGINE.embed(to_8bit(scan.voxels_kji[10].astype(np.float32), 400.0, 40.0))
    reached = []
    for value in names:
        organ = labels[10] == value
        if organ.sum() < 60:
            continue
        point, _ = innermost(organ)
        prompts = PromptSet.at(point)
        candidates = rank(ENGINE.decode(embedding, prompts), prompts)
        reached.append(dice(candidates.mask(), organ))
    assert len(reached) >= 15
    assert np.mean(reached) > 0.5
