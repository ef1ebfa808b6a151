import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import PromptSet

SHAPE = (160, 200)


@pytest.fixture(scope="module")
def engine():
    return RegionEngine()


def ellipse(u, v, half_width, half_height, shape=SHAPE):
    rows, columns = np.indices(shape)
    return ((columns - u) / half_width) ** 2 + ((rows - v) / half_height) ** 2 <= 1.0


def grey_image(*structures, ground=60, noise=4.0):
    """Return a noisy picture of (mask, grey value) on an even ground."""
    image = np.full(SHAPE, float(ground))
    for mask, grey in structures:
        image[mask] = grey
    image += np.random.default_rng(3).normal(0.0, noise, SHAPE)
    return np.clip(image, 0, 255).astype(np.uint8)


def dice(one, other):
    return 2.0 * (one & other).sum() / (one.sum() + other.sum())


def best(engine, pixels, prompts):
    return rank(engine.decode(engine.embed(pixels), prompts), prompts).mask(0)


@pytest.mark.parametrize("half_width", [6, 15, 40, 70])
def test_a_structure_with_an_edge_is_found_whatever_its_size(engine, half_width):
    truth = ellipse(95, 80, half_width, 0.8 * half_width)
    pixels = grey_image((truth, 150))
    assert dice(best(engine, pixels, PromptSet.at(ImagePoint(95.0, 80.0))), truth) > 0.9


@pytest.mark.parametrize(("ground", "grey"), [(40, 160), (200, 90)])
def test_dark_and_bright_structures_are_found_alike(engine, ground, grey):
    truth = ellipse(60, 90, 25, 25)
    pixels = grey_image((truth, grey), ground=ground)
    assert dice(best(engine, pixels, PromptSet.at(ImagePoint(60.0, 90.0))), truth) > 0.9


def test_candidates_come_best_first_at_the_images_size(engine):
    pixels = grey_image((ellipse(95, 80, 50, 50), 120), (ellipse(95, 80, 20, 20), 180))
    candidates = engine.decode(engine.embed(pixels), PromptSet.at(ImagePoint(95.0, 80.0)))
    assert candidates.logits.shape == (3, *SHAPE)
    assert candidates.scores.tolist() == sorted(candidates.scores.tolist(), reverse=True)
    assert ((candidates.scores >= 0.0) & (candidates.scores <= 1.0)).all()


def test_logits_fall_towards_the_edge_and_are_negative_beyond(engine):
    truth = ellipse(95, 80, 30, 30)
    prompts = PromptSet.at(ImagePoint(95.0, 80.0))
    logits = rank(engine.decode(engine.embed(grey_image((truth, 150))), prompts), prompts).logits[0]
    assert logits[80, 95] > logits[80, 117] > 0.0 > logits[80, 135]


def test_a_clear_structure_scores_above_even_noise(engine):
    prompts = PromptSet.at(ImagePoint(95.0, 80.0))
    clear = engine.decode(engine.embed(grey_image((ellipse(95, 80, 30, 30), 170))), prompts)
    noise = engine.decode(engine.embed(grey_image()), prompts)
    assert clear.scores.max() > noise.scores.max() + 0.2


def test_a_negative_point_is_never_in_a_candidate(engine):
    joined = ellipse(70, 80, 30, 25) | ellipse(120, 80, 30, 25)
    prompts = PromptSet.at(ImagePoint(60.0, 80.0)).with_point(ImagePoint(135.0, 80.0), 0)
    candidates = engine.decode(engine.embed(grey_image((joined, 150))), prompts)
    assert not (candidates.logits[:, 80, 135] > 0.0).any()


def test_every_point_to_add_is_in_the_best_candidate(engine):
    joined = ellipse(60, 80, 25, 25) | ellipse(140, 80, 25, 25) | ellipse(100, 80, 40, 5)
    prompts = PromptSet.at(ImagePoint(55.0, 80.0)).with_point(ImagePoint(145.0, 80.0), 1)
    mask = best(engine, grey_image((joined, 150)), prompts)
    assert mask[80, 55]
    assert mask[80, 145]


def test_an_uncertain_look_off_centre_finds_the_structure(engine):
    truth = ellipse(95, 80, 12, 12)
    look = PromptSet.at(ImagePoint(103.0, 80.0), 6.0)  # four pixels within its edge
    assert dice(best(engine, grey_image((truth, 180)), look), truth) > 0.8


def test_nothing_beyond_a_box_is_returned(engine):
    pixels = grey_image((ellipse(95, 80, 60, 60), 150))
    prompts = PromptSet(np.empty((0, 2)), [], box_image_uv=[70, 60, 120, 100])
    masks = engine.decode(engine.embed(pixels), prompts).logits > 0.0
    assert masks[:, 60:101, 70:121].any()
    masks[:, 60:101, 70:121] = False
    assert not masks.any()


def test_a_point_outside_counts_as_the_nearest_pixel(engine):
    embedding = engine.embed(grey_image((ellipse(20, 150, 30, 30), 150)))
    outside = engine.decode(embedding, PromptSet.at(ImagePoint(-300.0, 900.0)))
    corner = engine.decode(embedding, PromptSet.at(ImagePoint(0.0, SHAPE[0] - 1.0)))
    np.testing.assert_array_equal(outside.logits, corner.logits)


def test_the_same_prompt_gives_the_same_answer_bit_for_bit(engine):
    pixels = grey_image((ellipse(95, 80, 30, 20), 150))
    prompts = PromptSet.at(ImagePoint(97.0, 82.0), 6.0)
    once = engine.decode(engine.embed(pixels), prompts)
    again = RegionEngine().decode(RegionEngine().embed(pixels.copy()), prompts)
    np.testing.assert_array_equal(once.logits, again.logits)
    np.testing.assert_array_equal(once.scores, again.scores)


def test_embedding_leaves_the_image_alone(engine):
    pixels = grey_image((ellipse(95, 80, 30, 20), 150))
    before = pixels.copy()
    engine.decode(engine.embed(pixels), PromptSet.at(ImagePoint(95.0, 80.0)))
    np.testing.assert_array_equal(pixels, before)


def test_hundreds_of_points_are_answered(engine):
    rng = np.random.default_rng(5)
    points = rng.uniform(0, SHAPE[0], (300, 2))
    labels = np.append(1, rng.integers(0, 2, 299))
    candidates = engine.decode(
        engine.embed(grey_image((ellipse(95, 80, 60, 60), 150))), PromptSet(points, labels)
    )
    assert np.isfinite(candidates.logits).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (2, 2), (3, 3), (5, 4), (7, 300)])
@pytest.mark.parametrize("sigma_px", [0.0, 6.0])
def test_tiny_and_thin_images_are_answered(engine, shape, sigma_px):
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    look = PromptSet.at(ImagePoint(shape[1] / 2, shape[0] / 2), sigma_px)
    candidates = engine.decode(engine.embed(pixels), look)
    assert candidates.logits.shape == (3, *shape)
    assert (candidates.logits > 0.0).any(axis=(1, 2)).all()


@pytest.mark.parametrize("grey", [0, 120, 255])
def test_an_even_image_gives_a_mask_at_the_look_with_a_low_score(engine, grey):
    candidates = engine.decode(
        engine.embed(np.full(SHAPE, grey, np.uint8)), PromptSet.at(ImagePoint(100.0, 80.0))
    )
    assert (candidates.logits[:, 80, 100] > 0.0).all()
    assert candidates.scores.max() < 0.3


@settings(max_examples=40, deadline=None)
@given(
    pixels=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=70)),
    points=st.lists(
        st.tuples(st.floats(-90, 90), st.floats(-90, 90), st.integers(0, 1)), max_size=4
    ),
    sigma_px=st.floats(0, 40),
)
def test_any_image_and_prompt_give_finite_candidates(engine, pixels, points, sigma_px):
    points = [(3.0, 3.0, 1), *points]
    prompts = PromptSet([p[:2] for p in points], [p[2] for p in points], sigma_px=sigma_px)
    candidates = engine.decode(engine.embed(pixels), prompts)
    assert candidates.logits.shape == (3, *pixels.shape)
    assert np.isfinite(candidates.logits).all()
    assert np.isfinite(candidates.scores).all()
