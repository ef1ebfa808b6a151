"""An evaluation gives exactly the figures that can be computed by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.errors import ScanError
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS
from GazeSAMLib.simulation.accuracy import SIZES, at, best_minus_top, figures, mean_over_structures
from GazeSAMLib.simulation.evaluation import (
    CONDITIONS,
    GAZE_ERRORS_DEG,
    Evaluation,
    EvaluationOptions,
    Evaluator,
)
from GazeSAMLib.simulation.report import evaluation_json
from GazeSAMLib.simulation.trial import Condition, Trial, error_in_direction, run_trial
from GazeSAMLib.simulation.truth import Structure, shown_structures
from GazeSAMLib.simulation.window import Layout
from Testing.painted_scan import (
    DISPLAY,
    ScriptedEngine,
    TruthEngine,
    painted_scan,
    painted_structures,
)

SCAN = painted_scan()
IDEAL = Condition(Layout.ONE_UP, 0.0)


def an_evaluator(**changes) -> Evaluator:
    return Evaluator(SCAN, painted_structures(), EvaluationOptions(DISPLAY, **changes))


@pytest.fixture(scope="module")
def truthful() -> Evaluation:
    return an_evaluator().evaluate(TruthEngine())


def a_case():
    return an_evaluator(slices_per_structure=1).shown.slices[0]


def half(mask: np.ndarray) -> np.ndarray:
    """The left columns of a mask, up to and with its middle one."""
    columns = np.flatnonzero(mask.any(axis=0))
    kept = mask.copy()
    kept[:, (columns[0] + columns[-1]) // 2 + 1 :] = False
    return kept


def trial_of(answers: list[list[np.ndarray]], **changes) -> tuple[Trial, ScriptedEngine]:
    engine = ScriptedEngine(answers, **changes)
    return run_trial(engine, None, a_case(), IDEAL, (0.0, 0.0), 0.0), engine


def test_an_engine_that_knows_the_truth_needs_one_prompt(truthful: Evaluation) -> None:
    found = at(figures(truthful), Layout.ONE_UP, 0.0)
    assert found.dice[1].value == found.dice[5].value == 1.0
    assert found.prompts_to[0.85].value == 1.0
    assert found.reached[0.80] == 1.0
    assert best_minus_top(truthful).value == 0.0


def test_the_first_prompt_lies_at_the_centre_and_dice_is_exact() -> None:
    truth = a_case().mask
    result = half(truth)
    trial, engine = trial_of([[result]])
    expected = 2.0 * result.sum() / (result.sum() + truth.sum())
    assert trial.dices[0] == expected
    np.testing.assert_array_equal(engine.asked[0].points_image_uv, [(34.0, 40.0)])
    np.testing.assert_array_equal(trial.first_mask, result)


def test_prompts_add_what_is_missing_and_then_reject_what_leaks() -> None:
    truth = a_case().mask
    leaked = truth.copy()
    leaked[100:, 100:] = True
    trial, engine = trial_of([[half(truth)], [leaked], [truth]])
    assert [list(prompts.labels) for prompts in engine.asked] == [
        [ADD],
        [ADD, ADD],
        [ADD, ADD, NOT_THIS],
    ]
    added, rejected = engine.asked[2].points_image_uv[1:]
    assert truth[int(added[1]), int(added[0])]
    assert leaked[int(rejected[1]), int(rejected[0])]
    assert not truth[int(rejected[1]), int(rejected[0])]
    assert trial.dices[2] == 1.0
    assert len(engine.asked) == 3  # nothing is left to correct
    assert trial.dice_after(5) == 1.0
    assert trial.prompts_to(0.80) == next(n for n, d in enumerate(trial.dices, 1) if d >= 0.80)


def test_a_further_prompt_refines_the_mask_that_was_shown() -> None:
    _, engine = trial_of([[half(a_case().mask)]], low_res=True)
    assert engine.asked[0].previous is None
    for number, prompts in enumerate(engine.asked[1:], start=1):
        np.testing.assert_array_equal(prompts.previous, np.full((4, 4), number))


def test_five_prompts_are_the_most() -> None:
    trial, engine = trial_of([[half(a_case().mask)]])
    assert len(engine.asked) == len(trial.dices) == 5
    assert trial.prompts_to(0.99) is None


def test_the_best_candidate_counts_for_best_minus_top_alone() -> None:
    truth = a_case().mask
    trial, _ = trial_of([[half(truth), truth]])
    assert trial.dices[0] < trial.best_dice == 1.0


def test_a_gaze_error_moves_every_prompt_alike_and_is_told_as_sigma() -> None:
    engine = ScriptedEngine([[half(a_case().mask)]])
    run_trial(engine, None, a_case(), IDEAL, (3.0, -2.0), 7.0)
    ideal = ScriptedEngine([[half(a_case().mask)]])
    run_trial(ideal, None, a_case(), IDEAL, (0.0, 0.0), 0.0)
    moved, true = engine.asked[-1].points_image_uv, ideal.asked[-1].points_image_uv
    np.testing.assert_allclose(moved - true, np.tile((3.0, -2.0), (5, 1)))
    assert {prompts.sigma_px for prompts in engine.asked} == {7.0}


def test_plain_points_are_told_as_exact_and_candidates_taken_as_they_come() -> None:
    truth = a_case().mask
    nothing_first = [[np.zeros_like(truth), truth]]
    plain, chosen = ScriptedEngine(nothing_first), ScriptedEngine(nothing_first)
    assert run_trial(plain, None, a_case(), IDEAL, (3.0, 0.0), None).dices[0] == 0.0
    assert run_trial(chosen, None, a_case(), IDEAL, (3.0, 0.0), 7.0).dices[0] == 1.0
    assert {prompts.sigma_px for prompts in plain.asked} == {0.0}
    np.testing.assert_array_equal(plain.asked[0].points_image_uv, chosen.asked[0].points_image_uv)


def test_a_plain_evaluation_tells_an_engine_nothing_of_the_gaze_s_error() -> None:
    engine = ScriptedEngine([[a_case().mask]])
    an_evaluator(slices_per_structure=1, plain=True).evaluate(engine)
    assert {prompts.sigma_px for prompts in engine.asked} == {0.0}


def test_a_gaze_error_never_leaves_the_slice() -> None:
    engine = ScriptedEngine([[half(a_case().mask)]])
    run_trial(engine, None, a_case(), IDEAL, (-500.0, 900.0), 7.0)
    np.testing.assert_array_equal(engine.asked[0].points_image_uv, [(0.0, 127.0)])


def test_gaze_errors_have_the_asked_mean_length() -> None:
    normals = np.random.default_rng(0).normal(size=(20_000, 2)).tolist()
    lengths = [math.hypot(*error_in_direction((x, y), 0.5, 40.0)) for x, y in normals]
    assert np.mean(lengths) == pytest.approx(0.5 * 40.0, rel=0.01)


def test_engines_and_conditions_are_compared_on_the_same_errors() -> None:
    engines = [ScriptedEngine([[half(a_case().mask)]]) for _ in range(2)]
    options = EvaluationOptions(DISPLAY, slices_per_structure=1, seed=3)
    for engine in engines:
        Evaluator(SCAN, painted_structures()[:1], options).evaluate(engine)
    first, second = ([p.points_image_uv.tolist() for p in engine.asked] for engine in engines)
    assert first == second
    asked = [prompts for prompts in engines[0].asked if len(prompts.labels) == 1]
    errors = np.array([prompts.points_image_uv[0] - (34.0, 40.0) for prompts in asked])
    one_up, four_up = np.hypot(*errors.T).reshape(2, len(GAZE_ERRORS_DEG))
    np.testing.assert_allclose(one_up, np.array(GAZE_ERRORS_DEG) * one_up[1] / 0.3)
    np.testing.assert_allclose(four_up / one_up[1] * 0.3, np.array(GAZE_ERRORS_DEG) * 2.1, rtol=0.1)


def test_an_engine_is_told_of_the_gaze_s_error_what_a_session_knows() -> None:
    engine = ScriptedEngine([[a_case().mask]])
    evaluator = an_evaluator(slices_per_structure=1)
    found = evaluator.evaluate(engine)
    one_up = found.image_px_per_deg[Layout.ONE_UP]
    sigmas = [prompts.sigma_px for prompts in engine.asked if len(prompts.labels) == 1]
    expected = [math.hypot(error_deg, 0.06) * one_up for error_deg in GAZE_ERRORS_DEG]
    np.testing.assert_allclose(sigmas[:5], expected)


def test_larger_errors_cost_an_honest_engine(truthful: Evaluation) -> None:
    every = figures(truthful)
    assert len(every) == len(CONDITIONS)
    near, far = (at(every, Layout.FOUR_UP, error).dice[1].value for error in (0.3, 1.5))
    assert near >= far
    assert at(every, Layout.FOUR_UP, 0.0).dice[1] == at(every, Layout.ONE_UP, 0.0).dice[1]
    assert near == pytest.approx(1.0)


def test_each_structure_counts_once_whatever_the_number_of_its_slices() -> None:
    structures = painted_structures()
    view_cases = shown_structures(
        structures, SCAN.volume, an_evaluator()._views[Layout.ONE_UP]
    ).slices
    many, one = view_cases[:5], view_cases[5:6]
    bits = np.packbits(many[0].mask)
    trials = [
        Trial(case, IDEAL, None, (value,), value, bits)
        for cases, value in ((many, 0.2), (one, 0.8))
        for case in cases
    ]
    found = mean_over_structures(trials, [trial.dices[0] for trial in trials])
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.2)
    assert found.high == pytest.approx(0.8)


def test_the_interval_is_that_of_the_mean() -> None:
    labels = np.zeros((1, 512, 512), np.uint8)
    rng = np.random.default_rng(1)
    values = rng.normal(0.6, 0.1, 100)
    case = a_case()
    trials = []
    for number, value in enumerate(values):
        structure = Structure(str(number), labels, number)
        alone = type(case)(structure, 0, case.plane, case.grid, labels[0], case.innermost_uv, 1.0)
        trials.append(Trial(alone, IDEAL, None, (value,), value, np.packbits(labels)))
    found = mean_over_structures(trials, values.tolist())
    standard_error = values.std(ddof=1) / 10.0
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * standard_error, rel=0.1)


def test_sizes_hold_every_structure_once(truthful: Evaluation) -> None:
    ideal = [at(found, Layout.ONE_UP, 0.0) for size in SIZES if (found := figures(truthful, size))]
    assert sum(each.slice_count for each in ideal) == 9


def test_json_has_the_agreed_keys(truthful: Evaluation) -> None:
    keys = {
        "dice_1", "dice_3", "dice_5", "dice_1_at_0.5deg", "dice_1_at_0.5deg_fourup",
        "best_minus_top",
    }  # fmt: skip
    alone = evaluation_json([truthful])
    assert keys <= set(alone)
    assert all(isinstance(alone[key], float) for key in keys)
    assert alone["dice_1"] == 1.0
    both = evaluation_json([truthful, Evaluation("other", truthful.trials, (), {})])
    assert set(both) == {"engines"}
    assert set(both["engines"]) == {"truth", "other"}
    assert keys <= set(both["engines"]["other"])
    json.dumps(both, allow_nan=False)
    assert [s["name"] for s in alone["structures"]] == ["left disc", "right disc", "bar"]
    assert len(alone["structures"][0]["slices"]) == 3


def test_labels_that_no_slice_shows_are_refused() -> None:
    labels = np.zeros(SCAN.volume.shape_kji, np.uint8)
    labels[2, 5:8, 5:8] = 1
    with pytest.raises(ScanError, match="no slice of painted shows"):
        Evaluator(SCAN, [Structure("dot", labels, 1)], EvaluationOptions(DISPLAY))


def test_progress_reaches_its_end() -> None:
    told: list[tuple[str, int, int]] = []
    an_evaluator(slices_per_structure=1).evaluate(TruthEngine(), lambda *now: told.append(now))
    assert told[-1] == ("evaluating truth", 3, 3)
    assert Path(SCAN.path).name == "painted"
