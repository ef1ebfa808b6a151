"""Looks that are asked for before their fixation is certain."""

import numpy as np

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.foresight import ELSEWHERE_DEG, Foresight
from GazeSAMLib.prompts.look import Look
from GazeSAMLib.prompts.prompt_set import PromptSet

LOOK = Look(None, 0, PromptSet.at(ImagePoint(3.0, 4.0)), number=7)
CANDIDATES = MaskCandidates(np.ones((1, 4, 4), np.float32), np.ones(1, np.float32))


def foreseen_at(*centre_deg: float) -> Foresight:
    foresight = Foresight()
    foresight.keep(LOOK, centre_deg)
    return foresight


def test_it_wants_one_look_at_a_place():
    assert Foresight().wants((0.0, 0.0))
    foresight = foreseen_at(2.0, 1.0)
    assert not foresight.wants((2.0 + 0.9 * ELSEWHERE_DEG, 1.0))
    assert foresight.wants((2.0 + 1.1 * ELSEWHERE_DEG, 1.0))


def test_it_knows_its_own_answer():
    foresight = foreseen_at(0.0, 0.0)
    assert not foresight.answer(6, CANDIDATES)
    assert foresight.answer(7, CANDIDATES)
    look, at_deg = foresight.take((0.05, 0.0), within_deg=0.15)
    assert look.candidates is CANDIDATES
    assert not look.pending
    assert at_deg == (0.0, 0.0)


def test_a_fixation_elsewhere_takes_nothing_and_ends_it():
    foresight = foreseen_at(0.0, 0.0)
    assert foresight.take((0.2, 0.0), within_deg=0.15) is None
    assert foresight.take((0.0, 0.0), within_deg=0.15) is None
    assert not foresight.answer(7, CANDIDATES)
    assert foresight.wants((0.0, 0.0))


def test_a_correction_is_taken_only_as_one_of_the_same_mask():
    asked, other = np.ones((4, 4), dtype=bool), np.ones((4, 4), dtype=bool)
    for corrects, taken in ((asked, True), (other, False), (None, False)):
        foresight = Foresight()
        foresight.keep(LOOK, (0.0, 0.0), asked)
        assert (foresight.take((0.0, 0.0), 0.15, corrects) is not None) is taken
    assert foreseen_at(0.0, 0.0).take((0.0, 0.0), 0.15, asked) is None


def test_what_is_cleared_is_gone():
    foresight = foreseen_at(0.0, 0.0)
    foresight.clear()
    assert not foresight.answer(7, CANDIDATES)
    assert foresight.take((0.0, 0.0), within_deg=0.15) is None
