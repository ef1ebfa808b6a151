"""Which look a key press means, and which answer belongs to which look."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.frames import ImagePoint, LocalRasPoint, ScreenPoint
from GazeSAMLib.geometry.shown_slices import Hit, ShownSlices
from GazeSAMLib.geometry.slice import SliceGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.look import REMEMBERED, Look, Looks
from GazeSAMLib.prompts.policy import collect_looks, latest_look
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet

SLICES = ShownSlices(VolumeGeometry((8, 20, 20), np.eye(4)))


def a_hit(s_mm: float = 2.0) -> Hit:
    matrix = np.diag((-1.0, 1.0, 1.0, 1.0))
    matrix[:3, 3] = (19.0, 0.0, s_mm)
    SLICES.show(SliceView("Red", ViewLayout(0, 0, 20, 20, 20, 20), SliceGeometry(matrix), 2.0, 1.0))
    hit = SLICES.locate(ScreenPoint(5.5, 4.5))
    assert hit is not None
    return hit


def a_look(number: int, start_ms: float = 0.0, s_mm: float = 2.0) -> Look:
    return Look(a_hit(s_mm), round(start_ms * 1e6), PromptSet.at(ImagePoint(3, 4)), number)


def candidates_of_sizes(*sizes: int) -> MaskCandidates:
    logits = np.full((len(sizes), 10, 10), -1.0, dtype=np.float32)
    for index, size in enumerate(sizes):
        logits[index].ravel()[:size] = 1.0
    return MaskCandidates(logits, np.linspace(0.9, 0.1, len(sizes), dtype=np.float32))


def test_the_shown_slices_say_where_a_position_falls():
    hit = a_hit()
    assert hit.point_local_ras == LocalRasPoint(14.0, 15.0, 2.0)
    assert hit.view.name == "Red"
    assert hit.image_px_per_screen_px == pytest.approx(1.0)
    assert SLICES.locate(ScreenPoint(25.0, 4.5)) is None


@pytest.mark.parametrize(("pressed_ms", "expected"), [(650, 1), (700, 2), (5000, 2), (10, 1)])
def test_a_look_that_began_just_before_the_key_is_not_meant(pressed_ms, expected):
    looks = Looks(lead_ms=200.0)
    for number, start_ms in ((1, 0), (2, 500)):
        looks.begin(a_look(number, start_ms))
        looks.answer(number, candidates_of_sizes(4))
    assert looks.meant_at(round(pressed_ms * 1e6)).number == expected


def test_an_answer_to_an_older_request_is_outdated():
    looks = Looks(lead_ms=0.0)
    looks.begin(a_look(1))
    looks.replace_newest(a_look(2))
    assert looks.answer(1, candidates_of_sizes(4)) is None
    assert looks.preview is None
    assert looks.answer(2, candidates_of_sizes(4)).pending is False


def test_the_preview_stays_until_the_new_look_is_answered():
    looks = Looks(lead_ms=0.0)
    looks.begin(a_look(1))
    looks.answer(1, candidates_of_sizes(4))
    looks.begin(a_look(2))
    assert looks.preview.number == 1
    looks.answer(2, candidates_of_sizes(5))
    assert looks.preview.number == 2


def test_only_a_few_looks_are_remembered():
    looks = Looks(lead_ms=0.0)
    for number in range(50):
        looks.begin(a_look(number, start_ms=number))
        looks.answer(number, candidates_of_sizes(4))
    assert looks.meant_at(0).number == 50 - REMEMBERED


def test_the_look_before_counts_on_the_same_plane_alone():
    looks = Looks(lead_ms=0.0)
    for number, s_mm in ((1, 2.0), (2, 2.0), (3, 5.0)):
        looks.begin(a_look(number, number, s_mm))
        looks.answer(number, candidates_of_sizes(4))
    third = looks.newest
    assert looks.before(third) is None
    second = looks.meant_at(2_000_000)
    assert looks.before(second).number == 1


def test_looks_at_the_same_place_are_passed_over_for_one_elsewhere():
    looks = Looks(lead_ms=0.0)
    for number, u in ((1, 3.0), (2, 15.0), (3, 15.5)):
        hit = replace(a_hit(), point_image_uv=ImagePoint(u, 4.0))
        looks.begin(Look(hit, number, PromptSet.at(hit.point_image_uv, 2.0), number))
        looks.answer(number, candidates_of_sizes(4))
    assert looks.before(looks.newest).number == 1


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6), st.lists(st.sampled_from([1, -1])))
@settings(deadline=None)
def test_larger_never_shows_a_smaller_mask(sizes, steps):
    looks = Looks(lead_ms=0.0)
    looks.begin(a_look(1))
    looks.answer(1, candidates_of_sizes(*sizes))
    for step in steps:
        before = looks.preview.mask.sum()
        looks.resize_preview(step)
        assert (looks.preview.mask.sum() - before) * step >= 0
    for _ in sizes:
        looks.resize_preview(1)
    assert looks.preview.mask.sum() == max(sizes)


def test_a_refinement_takes_the_shown_candidates_low_resolution_mask():
    plain = candidates_of_sizes(9, 4)
    low_res = np.stack((np.zeros((3, 3)), np.ones((3, 3)))).astype(np.float32)
    look = Look(
        a_hit(), 0, PromptSet.at(ImagePoint(1, 1)), 1,
        MaskCandidates(plain.logits, plain.scores, low_res), shown=1,
    )  # fmt: skip
    np.testing.assert_array_equal(look.refined().previous, low_res[1])
    assert Look(a_hit(), 0, look.prompts, 1, plain).refined().previous is None


def test_by_default_every_look_begins_anew_and_collected_looks_add_up():
    first = latest_look(None, ImagePoint(1, 2), 3.0)
    assert latest_look(first, ImagePoint(5, 6), 4.0).points_image_uv.tolist() == [[5, 6]]
    both = collect_looks(collect_looks(None, ImagePoint(1, 2), 3.0), ImagePoint(5, 6), 4.0)
    assert both.points_image_uv.tolist() == [[1, 2], [5, 6]]
    assert both.labels.tolist() == [ADD, ADD]
