"""The engine `region`: finds structures, takes corrections, and never fails on odd input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.region.evidence import agreement
from GazeSAMLib.engines.region.pyramid import WINDOW, build_pyramid, window_at
from GazeSAMLib.engines.region.spread import grid_of, spread
from GazeSAMLib.engines.scorer import Scorer
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.geometry.slice_image import to_8bit
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.read_labelmap import align_labels, read_labelmap

ENGINE = RegionEngine()


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * np.logical_and(one, other).sum() / max(one.sum() + other.sum(), 1)


def best(image: np.ndarray, prompts: PromptSet):
    return rank(ENGINE.decode(ENGINE.embed(image), prompts), prompts)


def a_disc(shape, row, column, radius) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 < radius**2


def noisy(mask: np.ndarray, inside: float, outside: float, noise: float = 8.0) -> np.ndarray:
    image = np.where(mask, inside, outside) + np.random.default_rng(0).normal(0, noise, mask.shape)
    return ndimage.gaussian_filter(image, 0.8).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("radius", [6, 15, 40, 110])
@pytest.mark.parametrize(("inside", "outside"), [(150, 90), (70, 140)])
def test_a_noisy_disc_of_any_size_is_found(radius, inside, outside):
    disc = a_disc((400, 512), 180, 250, radius)
    prompts = PromptSet.at(ImagePoint(250, 180))
    assert dice(best(noisy(disc, inside, outside), prompts).mask(), disc) > 0.85


def test_the_three_candidates_differ_in_size():
    disc = a_disc((300, 300), 150, 150, 30) | a_disc((300, 300), 150, 150, 90)
    image = noisy(disc, 120, 60)
    image[a_disc(image.shape, 150, 150, 30)] += 60
    candidates = ENGINE.decode(ENGINE.embed(image), PromptSet.at(ImagePoint(150, 150)))
    areas = (candidates.logits > 0).sum(axis=(1, 2))
    assert len(set(areas.tolist())) == 3
    assert ((candidates.scores > 0) & (candidates.scores < 1)).all()
    overlaps = [dice(candidates.mask(i), candidates.mask(j)) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert max(overlaps) < 0.85
    inner = a_disc(image.shape, 150, 150, 30)
    assert max(dice(candidates.mask(i), inner) for i in range(3)) > 0.85


def test_a_further_point_adds_the_other_half_and_a_negative_one_takes_it_away():
    left, right = a_disc((200, 260), 100, 80, 40), a_disc((200, 260), 100, 180, 40)
    bridge = np.zeros_like(left)
    bridge[96:104, 80:180] = True
    image = noisy(left | right | bridge, 160, 60, 4.0)
    whole = PromptSet.at(ImagePoint(80, 100)).with_point(ImagePoint(180, 100), ADD)
    assert dice(best(image, whole).mask(), left | right | bridge) > 0.85
    half = PromptSet.at(ImagePoint(80, 100)).with_point(ImagePoint(180, 100), NOT_THIS)
    found = best(image, half).mask()
    assert not found[100, 180]
    assert dice(found, left) > 0.8


def test_a_box_limits_the_mask():
    image = noisy(a_disc((120, 120), 60, 60, 40), 160, 60)
    box = np.array((50.0, 40.0, 80.0, 70.0))
    found = best(image, PromptSet(np.empty((0, 2)), np.empty(0), box_image_uv=box)).mask()
    rows, columns = np.nonzero(found)
    assert found.any()
    assert (rows.min() >= 40) & (rows.max() <= 70) & (columns.min() >= 50) & (columns.max() <= 80)


def test_the_same_look_gives_the_same_bits():
    image = noisy(a_disc((200, 200), 100, 100, 30), 150, 90)
    prompts = PromptSet.at(ImagePoint(95.3, 101.7), 9.0)
    first, second = best(image, prompts), best(image, prompts)
    np.testing.assert_array_equal(first.logits, second.logits)
    np.testing.assert_array_equal(first.scores, second.scores)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 3), (2, 300), (16, 16), (1200, 900)])
@pytest.mark.parametrize("content", ["constant", "noise"])
def test_any_image_gives_a_mask_or_says_so(shape, content):
    image = np.full(shape, 90, dtype=np.uint8)
    if content == "noise":
        image = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    candidates = best(image, PromptSet.at(ImagePoint(shape[1] / 2, shape[0] / 2)))
    assert candidates.logits.shape == (3, *shape)
    assert np.isfinite(candidates.logits).all()
    assert np.isfinite(candidates.scores).all()


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_any_prompt_is_answered(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(4, 130, 2)
    image = rng.integers(0, 255, (height, width), dtype=np.uint8)
    count = int(rng.integers(1, 200))
    points = rng.uniform(-500, 700, (count, 2))
    labels = np.append(rng.integers(0, 2, count - 1), 1)
    box = None
    if rng.random() < 0.3:
        corners = np.sort(rng.uniform(-20, 150, (2, 2)), axis=0)
        box = corners.ravel()
    candidates = best(image, PromptSet(points, labels, box, float(rng.uniform(0, 40))))
    assert candidates.logits.shape == (3, height, width)
    assert np.isfinite(candidates.logits).all()
    assert ((candidates.scores >= 0) & (candidates.scores <= 1)).all()


def test_arrival_times_are_scipys_shortest_paths_and_regions_are_nested():
    rng = np.random.default_rng(3)
    grid = grid_of(12, 17)
    costs = rng.uniform(0.1, 5.0, len(grid.first))
    seeds, against = np.array([40]), np.array([150])
    family = spread(costs, grid, seeds, against)
    matrix = np.zeros((204, 204))
    matrix[grid.first, grid.second] = matrix[grid.second, grid.first] = costs
    own, rival = dijkstra(matrix, indices=40), dijkstra(matrix, indices=150)
    np.testing.assert_allclose(family.arrival, np.where(rival <= own, np.inf, own))
    for region, (count, limit) in enumerate(zip(family.counts, family.limits, strict=True)):
        inside = family.smallest <= region
        assert inside.sum() == count
        np.testing.assert_array_equal(inside, family.arrival < limit)


def test_agreement_is_the_best_overlap():
    rng = np.random.default_rng(4)
    grid = grid_of(10, 10)
    one, other = (
        spread(rng.uniform(0.1, 5.0, len(grid.first)), grid, np.array([55]), np.array([], int))
        for _ in range(2)
    )
    found = agreement(one, other)
    for region in range(len(one.counts)):
        inside = one.smallest <= region
        overlaps = [
            (inside & (other.smallest <= j)).sum() / (inside | (other.smallest <= j)).sum()
            for j in range(len(other.counts))
        ]
        assert found[region] == pytest.approx(max(overlaps))


def test_windows_hold_the_look_at_every_level():
    levels = build_pyramid(np.zeros((700, 333), dtype=np.uint8))
    assert max(levels[-1].shape) <= 1.25 * WINDOW
    for level, image in enumerate(levels):
        for row, column in ((0, 0), (699, 332), (350.2, 100.9)):
            window = window_at(image, level, row, column)
            assert window.holds(row, column)
            at = window.nearest(row, column)
            back = [(p + o + 0.5) * window.scale - 0.5
                    for p, o in zip(at, window.origin, strict=True)]  # fmt: skip
            assert np.abs(np.subtract(back, (row, column))).max() <= window.scale


def test_the_scorer_survives_evidence_that_is_not_finite():
    evidence = np.full((3, 27), (np.nan))
    evidence[1], evidence[2] = np.inf, -np.inf
    assert np.isfinite(Scorer.of_package("GazeSAMLib.engines.region").expected_iou(evidence)).all()


def test_one_look_finds_most_organs_of_a_real_ct(shared_data):
    scan = read_scan(shared_data / "ct_abdomen" / "dicom")
    labels, geometry, names = read_labelmap(shared_data / "ct_abdomen" / "labels.nii.gz")
    labels = align_labels(labels, geometry, scan.volume)
    image = to_8bit(scan.voxels_kji[10].astype(np.float32), 400.0, 40.0)
    embedding = ENGINE.embed(image)
    best_of_three, top_iou, top_scores = [], [], []
    for value in names:
        organ = labels[10] == value
        if organ.sum() < 60:
            continue
        row, column = np.unravel_index(ndimage.distance_transform_edt(organ).argmax(), organ.shape)
        prompts = PromptSet.at(ImagePoint(float(column), float(row)))
        candidates = ENGINE.decode(embedding, prompts)
        if organ.sum() >= 1000:
            best_of_three.append(max(dice(candidates.mask(i), organ) for i in range(3)))
        top = dice(candidates.mask(int(candidates.scores.argmax())), organ)
        top_iou.append(top / (2.0 - top))
        top_scores.append(float(candidates.scores.max()))
    assert len(best_of_three) >= 5
    assert np.mean(best_of_three) > 0.7
    assert abs(np.mean(top_scores) - np.mean(top_iou)) < 0.1  # scores are honest
