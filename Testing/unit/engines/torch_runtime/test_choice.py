"""Device and precision are chosen by trying once; masks count before speed."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.torch_runtime.choice import (
    TooSlow,
    Trial,
    agreement,
    fastest_precision,
    plan_placements,
)
from GazeSAMLib.engines.torch_runtime.measured import Measurements
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.engines.torch_runtime.trial import body_slice, look

MASK = body_slice() > 140
OTHER = body_slice() > 150


class Trials:
    """Trials with known results; counts them."""

    def __init__(self, **results: Trial | BaseException) -> None:
        self.results = results
        self.done: list[str] = []

    def __call__(self, placement, check) -> Trial:
        self.done.append(placement.precision)
        result = self.results[placement.precision]
        check()
        if isinstance(result, BaseException):
            raise result
        return result


def trial(seconds, mask=MASK) -> Trial:
    return Trial(seconds, mask[None])


@pytest.mark.parametrize(
    ("rounded", "chosen"),
    [
        (trial(2.0), "bf16"),
        (trial(4.9), "fp32"),  # not worth it
        (trial(2.0, OTHER), "fp32"),  # another mask
        (TooSlow(), "fp32"),
        (MemoryError(), "fp32"),
        (RuntimeError("CUDA error: unknown error"), "fp32"),
    ],
)
def test_the_faster_precision_is_taken_if_masks_agree(rounded, chosen):
    trials = Trials(fp32=trial(5.0), bf16=rounded)
    assert fastest_precision("cpu", ("fp32", "bf16"), trials)[0] == chosen


def test_of_two_that_agree_the_fastest_is_taken():
    trials = Trials(fp32=trial(5.0), bf16=trial(2.0), fp16=trial(1.0))
    chosen, seconds = fastest_precision("cpu", ("fp32", "bf16", "fp16"), trials)
    assert chosen == "fp16"
    assert seconds == {"fp32": 5.0, "bf16": 2.0, "fp16": 1.0}


def test_where_fp32_does_not_fit_the_next_is_taken():
    trials = Trials(fp32=MemoryError(), bf16=trial(1.0))
    assert fastest_precision("cpu", ("fp32", "bf16"), trials) == ("bf16", {})


def test_a_mistake_in_a_trial_is_not_hidden():
    with pytest.raises(RuntimeError, match="shape"):
        fastest_precision("cpu", ("fp32", "bf16"), Trials(fp32=RuntimeError("shape")))


def test_a_trial_is_broken_off_when_it_takes_too_long():
    steps = 0

    def slow(placement, check):
        nonlocal steps
        if placement.precision == "fp32":
            return trial(0.0)
        while True:
            steps += 1
            check()

    assert fastest_precision("cpu", ("fp32", "bf16"), slow)[0] == "fp32"
    assert steps >= 2


def test_a_choice_is_made_once_for_a_model(tmp_path):
    measured = Measurements(tmp_path / "measured.json")
    trials = Trials(fp32=trial(5.0), bf16=trial(2.0))
    plan = plan_placements("a" * 64, trials, device="cpu", measurements=measured)
    assert plan == [Placement("cpu", "bf16")]
    again = Measurements(tmp_path / "measured.json")
    assert plan_placements("a" * 64, trials, device="cpu", measurements=again) == plan
    assert trials.done == ["fp32", "bf16"]
    plan_placements("b" * 64, trials, device="cpu", measurements=again)
    assert trials.done == ["fp32", "bf16"] * 2
    assert len(json.loads((tmp_path / "measured.json").read_text())) == 2


def test_what_the_user_says_is_done_untried(tmp_path):
    measured = Measurements(tmp_path / "measured.json")
    plan = plan_placements("a" * 64, Trials(), "cpu", "fp32", measured)
    assert plan == [Placement("cpu", "fp32"), Placement("cpu", "bf16")]
    assert not (tmp_path / "measured.json").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b'"x"', b"\xff\xfe", b'{"a": 3}'])
def test_a_damaged_file_of_measurements_is_measured_anew(tmp_path, content):
    path = tmp_path / "measured.json"
    path.write_bytes(content)
    measured = Measurements(path)
    assert measured.get("a") is None
    assert measured.put("a", {"precision": "bf16"})
    assert Measurements(path).get("a") == {"precision": "bf16"}
    assert [one.name for one in tmp_path.iterdir()] == ["measured.json"]


def test_a_place_that_cannot_be_written_costs_only_time(tmp_path):
    (tmp_path / "file").write_text("in the way")
    measured = Measurements(tmp_path / "file" / "measured.json")
    assert not measured.put("a", {"precision": "bf16"})
    trials = Trials(fp32=trial(5.0), bf16=trial(2.0))
    plan = plan_placements("a" * 64, trials, device="cpu", measurements=measured)
    assert plan[0].precision == "bf16"


def test_agreement_is_the_iou():
    assert agreement(MASK[None], MASK[None]) == 1.0
    assert agreement(np.zeros((1, 4, 4), bool), np.zeros((1, 4, 4), bool)) == 1.0
    both = np.count_nonzero(MASK & OTHER) / np.count_nonzero(MASK | OTHER)
    assert agreement(MASK[None], OTHER[None]) == both < 0.99


def test_the_trial_looks_at_an_organ():
    (u, v) = look().points_image_uv[0].astype(int)
    around = body_slice()[v - 20 : v + 20, u - 20 : u + 20]
    assert 150 < around.mean() < 170
