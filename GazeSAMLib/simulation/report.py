"""An evaluation as JSON values."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from GazeSAMLib.simulation.accuracy import (
    GOALS,
    SHOWN_AFTER,
    SIZES,
    Figures,
    Mean,
    at,
    best_minus_top,
    by_structure,
    figures,
)
from GazeSAMLib.simulation.evaluation import CONDITIONS, Evaluation
from GazeSAMLib.simulation.trial import Trial
from GazeSAMLib.simulation.window import Layout


def evaluation_json(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return what ``gazesam evaluate --json`` prints.

    With one engine its figures stand at the top level, with several under ``engines``.
    Dice are means over structures; ``..._ci`` are 95 % intervals.
    """
    if len(evaluations) == 1:
        return {"engine": evaluations[0].engine, **engine_json(evaluations[0])}
    return {"engines": {found.engine: engine_json(found) for found in evaluations}}


def engine_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the figures of one engine."""
    every = figures(evaluation)
    ideal = at(every, Layout.ONE_UP, 0.0)
    one_up, four_up = at(every, Layout.ONE_UP, 0.5), at(every, Layout.FOUR_UP, 0.5)
    headline = {
        **{f"dice_{n}": ideal.dice[n] for n in SHOWN_AFTER},
        "dice_1_at_0.5deg": one_up.dice[1],
        "dice_1_at_0.5deg_fourup": four_up.dice[1],
        "best_minus_top": best_minus_top(evaluation),
    }
    return {
        **{key: _rounded(mean.value) for key, mean in headline.items()},
        **{f"{key}_ci": _interval(mean) for key, mean in headline.items()},
        "structure_count": ideal.structure_count,
        "slice_count": ideal.slice_count,
        "plain": evaluation.plain,
        "unseen": list(evaluation.unseen),
        "image_px_per_deg": {
            layout.value: _rounded(px) for layout, px in evaluation.image_px_per_deg.items()
        },
        "conditions": [_condition_json(found) for found in every],
        "by_size": {
            size.name: [_condition_json(found) for found in figures(evaluation, size)]
            for size in SIZES
        },
        "structures": [
            _structure_json(slices)
            for slices in by_structure(t for t in evaluation.trials if t.condition == CONDITIONS[0])
        ],
    }


def _condition_json(found: Figures) -> dict[str, Any]:
    values: dict[str, Any] = {
        "layout": found.condition.layout.value,
        "gaze_error_deg": found.condition.gaze_error_deg,
        "structure_count": found.structure_count,
        "slice_count": found.slice_count,
    }
    for count, mean in found.dice.items():
        values |= {f"dice_{count}": _rounded(mean.value), f"dice_{count}_ci": _interval(mean)}
    for goal in GOALS:
        values |= {
            f"prompts_to_{goal:.2f}": _rounded(found.prompts_to[goal].value),
            f"prompts_to_{goal:.2f}_ci": _interval(found.prompts_to[goal]),
            f"reached_{goal:.2f}": _rounded(found.reached[goal]),
        }
    return values


def _structure_json(trials: list[Trial]) -> dict[str, Any]:
    return {
        "name": trials[0].case.structure.name,
        "label": trials[0].case.structure.value,
        "size_px": _rounded(fmean(trial.case.size_px for trial in trials)),
        **{f"dice_{n}": _rounded(fmean(t.dice_after(n) for t in trials)) for n in SHOWN_AFTER},
        "slices": [
            {
                "layer": trial.case.layer,
                "size_px": _rounded(trial.case.size_px),
                "dice": [_rounded(value) for value in trial.dices],
                "best_dice_1": _rounded(trial.best_dice),
            }
            for trial in trials
        ],
    }


def _interval(mean: Mean) -> list[float]:
    return [_rounded(mean.low), _rounded(mean.high)]


def _rounded(value: float) -> float:
    return round(value, 4)
