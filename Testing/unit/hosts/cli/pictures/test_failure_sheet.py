"""The page of failures shows the worst ones, truth and result where they lie."""

import numpy as np
import pytest

from GazeSAMLib.hosts.cli.pictures.accuracy_plot import accuracy_plot
from GazeSAMLib.hosts.cli.pictures.failure_sheet import MOST_SHOWN, RESULT, TRUTH, failure_sheet
from GazeSAMLib.simulation.evaluation import Evaluation, EvaluationOptions, Evaluator
from GazeSAMLib.simulation.trial import Condition
from GazeSAMLib.simulation.window import Layout
from Testing.painted_scan import (
    DISPLAY,
    ScriptedEngine,
    TruthEngine,
    painted_scan,
    painted_structures,
)

IDEAL = Condition(Layout.ONE_UP, 0.0)
FIRST_TILE = (slice(78, 328), slice(22, 272))


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(painted_scan(), painted_structures(), EvaluationOptions(DISPLAY))


def extent_of(page: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """First and last column, first and last row of a colour in the first tile."""
    tile = page[FIRST_TILE].astype(int)
    rows, columns = np.nonzero(np.abs(tile - color).sum(axis=2) < 60)
    assert len(rows) > 20
    return np.array((columns.min(), columns.max(), rows.min(), rows.max()))


def test_truth_and_result_are_drawn_where_they_lie(evaluator: Evaluator) -> None:
    left_disc = evaluator.shown.slices[0].mask
    shifted = np.roll(left_disc, 12, axis=1)
    evaluation = evaluator.evaluate(ScriptedEngine([[shifted]]))
    only = Evaluation("scripted", evaluation.trials[:10], (), {})
    page = np.asarray(failure_sheet(only, IDEAL, evaluator.pixels))
    # Two discs of 41 pixels, 12 apart; a quarter of their 52 on each side makes the tile.
    scale = 250.0 / (52 * 1.5)
    middle = 125.0
    truth_left, _, truth_top, truth_bottom = extent_of(page, TRUTH)
    _, result_right, result_top, result_bottom = extent_of(page, RESULT)
    assert truth_left == pytest.approx(middle - 26.5 * scale, abs=3.0)
    assert result_right == pytest.approx(middle + 26.5 * scale, abs=3.0)
    for top, bottom in ((truth_top, truth_bottom), (result_top, result_bottom)):
        assert top == pytest.approx(middle - 20.5 * scale, abs=4.0)
        assert bottom == pytest.approx(middle + 20.5 * scale, abs=4.0)


def test_the_worst_come_first_and_good_ones_are_left_out(evaluator: Evaluator) -> None:
    right = evaluator.evaluate(TruthEngine())
    empty = failure_sheet(right, IDEAL, evaluator.pixels)
    asked: list[str] = []

    def pixels(case):
        asked.append(case.structure.name)
        return evaluator.pixels(case)

    wrong = {"left disc": 0.3, "right disc": 0.1, "bar": 0.9}
    trials = tuple(
        type(trial)(
            trial.case, trial.condition, trial.prompts, (wrong[trial.case.structure.name],), 0.9,
            trial.first_mask_bits,
        )
        for trial in right.trials
    )  # fmt: skip
    page = failure_sheet(Evaluation("x", trials, (), {}), IDEAL, pixels)
    assert asked == ["right disc"] * 3 + ["left disc"] * 3
    assert page.width == empty.width
    assert page.height > empty.height


def test_no_more_than_a_page_is_shown(evaluator: Evaluator) -> None:
    bad = evaluator.evaluate(ScriptedEngine([[np.zeros((128, 128), dtype=bool)]]))
    many = Evaluation("x", bad.trials * 5, (), {})
    count = sum(trial.condition == IDEAL for trial in many.trials)
    assert count > MOST_SHOWN
    page = failure_sheet(many, IDEAL, evaluator.pixels)
    assert page.height < 78 + 4 * 310 + 30


def test_the_plot_has_a_panel_for_each_engine(evaluator: Evaluator) -> None:
    right = evaluator.evaluate(TruthEngine())
    one, two = accuracy_plot([right]), accuracy_plot([right, right])
    assert two.width == 2 * one.width
    assert two.height == one.height
    blue = np.array((27, 108, 168))  # one prompt; its line lies below that of five prompts
    near_blue = np.abs(np.asarray(one).astype(int) - blue).sum(axis=2) < 30
    assert near_blue.sum() > 50
