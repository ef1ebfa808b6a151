import numpy as np
import pytest

from GazeSAMLib.errors import EngineError
from GazeSAMLib.prompts.candidates import MaskCandidates


def candidates(count=3, low_res=None):
    logits = np.arange(count * 4 * 5, dtype=np.float32).reshape(count, 4, 5) - 25.0
    return MaskCandidates(logits, np.linspace(0.1, 0.9, count, dtype=np.float32), low_res)


def test_only_logits_above_zero_are_inside():
    mask = candidates().mask(1)
    assert mask.sum() == 14  # the values -5 to 14 without those up to zero
    assert not mask.ravel()[5]  # exactly zero


def test_length_is_the_number_of_masks():
    assert len(candidates(2)) == 2


def test_taken_picks_logits_scores_and_low_res_together():
    some = candidates(low_res=np.arange(3, dtype=np.float32).reshape(3, 1, 1))
    taken = some.taken([2, 0])
    np.testing.assert_array_equal(taken.logits, some.logits[[2, 0]])
    np.testing.assert_array_equal(taken.scores, some.scores[[2, 0]])
    np.testing.assert_array_equal(taken.low_res.ravel(), [2.0, 0.0])


@pytest.mark.parametrize(
    ("logits", "scores"),
    [((4, 5), 1), ((3, 4, 5), 2), ((0, 4, 5), 0), ((1, 3, 4, 5), 1)],
    ids=["no axis of candidates", "too few scores", "no mask", "an axis too many"],
)
def test_logits_and_scores_that_do_not_fit_are_refused(logits, scores):
    with pytest.raises(EngineError, match="logits"):
        MaskCandidates(np.zeros(logits, np.float32), np.zeros(scores, np.float32))


@pytest.mark.parametrize("shape", [(2, 4, 4), (4, 4)])
def test_low_resolution_masks_of_another_number_are_refused(shape):
    with pytest.raises(EngineError, match="low_res"):
        candidates(3, np.zeros(shape, np.float32))
