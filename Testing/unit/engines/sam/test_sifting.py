"""Which of many masks are kept, and what of a mask, against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from GazeSAMLib.engines.sam.sifting import distinct_boxes, without_small_regions

corners = st.integers(0, 12)
boxes = st.lists(st.tuples(corners, corners, corners, corners), max_size=25).map(
    lambda found: [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in found]
)


def overlap(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    joined = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / joined if joined else 0.0


@given(boxes, st.randoms(use_true_random=False), st.sampled_from([0.0, 0.3, 0.7, 1.0]))
def test_a_box_is_kept_unless_a_better_one_that_is_kept_overlaps_it_too_much(found, rng, threshold):
    scores = [rng.choice((0.1, 0.5, 0.9)) for _ in found]
    expected = []
    for index in sorted(range(len(found)), key=lambda one: (-scores[one], one)):
        if all(overlap(found[index], found[kept]) <= threshold for kept in expected):
            expected.append(index)
    kept = distinct_boxes(np.array(found).reshape(-1, 4), np.array(scores), threshold)
    assert kept.tolist() == expected


def test_what_torchvision_keeps_is_kept():
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")
    ops = pytest.importorskip(
        "torchvision.ops", reason="torchvision is not installed or lacks its operators",
        exc_type=(ImportError, RuntimeError),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 50, (200, 2))
    found = np.hstack((low, low + rng.uniform(1, 40, (200, 2)))).astype(np.float32)
    scores = rng.permutation(200).astype(np.float32)
    try:
        expected = ops.nms(torch.as_tensor(found), torch.as_tensor(scores), 0.5)
    except RuntimeError as error:
        pytest.skip(f"this torchvision lacks its operators: {error}")
    assert distinct_boxes(found, scores, 0.5).tolist() == expected.tolist()


def islands(mask):
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    return [labels == number for number in range(1, count + 1)]


@given(
    arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.integers(0, 9)
)
def test_no_small_hole_or_island_is_left_and_the_rest_stays(mask, min_area):
    cleaned, changed = without_small_regions(mask, min_area)
    assert changed or np.array_equal(cleaned, mask)
    assert not changed or min(map(np.sum, (*islands(mask), *islands(~mask)))) < min_area
    kept = islands(cleaned)
    assert all(island.sum() >= min_area for island in kept) or len(kept) == 1
    for hole in islands(~mask):
        if hole.sum() >= min_area:
            assert not cleaned[hole].any()
    for island in islands(mask):
        if island.sum() >= min_area:
            assert cleaned[island].all()


def test_of_nothing_but_small_islands_the_largest_is_kept():
    mask = np.zeros((9, 9), dtype=bool)
    mask[1, 1] = mask[5, 5:8] = True
    cleaned, changed = without_small_regions(mask, 10)
    assert changed
    assert np.argwhere(cleaned).tolist() == [[5, 5], [5, 6], [5, 7]]
