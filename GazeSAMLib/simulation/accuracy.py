"""Figures of an evaluation, with intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from GazeSAMLib.simulation.evaluation import CONDITIONS, Evaluation
from GazeSAMLib.simulation.trial import MOST_PROMPTS, Condition, Trial
from GazeSAMLib.simulation.window import Layout

GOALS = (0.80, 0.85)
SHOWN_AFTER = (1, 3, 5)

RESAMPLES = 2000
COVERED = 0.95


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over structures, with the interval that holds 95 % of its resamples.

    Attributes
    ----------
    value : float
        Each structure counts once, whatever the number of its slices.
    low, high : float
        Ends of the interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Size:
    """Structures of like size, in pixels of a view that shows the whole slice 512 pixels large.

    Attributes
    ----------
    name : str
        For tables.
    least_px, most_px : float
        From `least_px` up to `most_px`.
    """

    name: str
    least_px: float
    most_px: float


SIZES = (
    Size("small", 0.0, 1500.0),
    Size("medium", 1500.0, 8000.0),
    Size("large", 8000.0, float("inf")),
)


@dataclass(frozen=True, eq=False)
class Figures:
    """What came out under one condition.

    Attributes
    ----------
    condition : Condition
        Layout and gaze error.
    dice : dict of int to Mean
        After 1, 3 and 5 prompts.
    prompts_to : dict of float to Mean
        Number of prompts to a Dice; 5 where it was not reached with 5.
    reached : dict of float to float
        Share of the structures (each slice by itself) that reached that Dice with 5 prompts.
    structure_count, slice_count : int
        How many.
    """

    condition: Condition
    dice: dict[int, Mean]
    prompts_to: dict[float, Mean]
    reached: dict[float, float]
    structure_count: int
    slice_count: int


def figures(evaluation: Evaluation, size: Size | None = None) -> list[Figures]:
    """Return the figures under every condition, of all structures or those of one size.

    A structure counts with those of its slices that have the size. Empty where none has.
    """
    trials = [t for t in evaluation.trials if size is None or _has(t, size)]
    if not trials:
        return []
    return [
        _figures(condition, [t for t in trials if t.condition == condition])
        for condition in CONDITIONS
    ]


def at(found: Iterable[Figures], layout: Layout, gaze_error_deg: float) -> Figures:
    """Return the figures under one condition."""
    wanted = Condition(layout, gaze_error_deg)
    return next(figures for figures in found if figures.condition == wanted)


def best_minus_top(evaluation: Evaluation) -> Mean:
    """Return what a perfect choice among the candidates would gain at the first prompt."""
    trials = [t for t in evaluation.trials if t.condition == CONDITIONS[0]]
    return mean_over_structures(trials, [t.best_dice - t.dices[0] for t in trials])


def mean_over_structures(trials: Sequence[Trial], values: Sequence[float]) -> Mean:
    """Return the mean of a value of each trial, each structure counting once.

    The interval is the percentile bootstrap in two stages, over structures and over the
    slices of each: the slices of one structure are much alike.

    References
    ----------
    Davison and Hinkley (1997). Bootstrap methods and their application, section 3.8.
    Cambridge University Press. https://doi.org/10.1017/CBO9780511802843
    """
    groups: dict[int, list[float]] = {}
    for trial, value in zip(trials, values, strict=True):
        groups.setdefault(id(trial.case.structure), []).append(value)
    rng = np.random.default_rng(0)
    redrawn = np.empty((RESAMPLES, len(groups)))
    for column, group in enumerate(groups.values()):
        picks = rng.integers(0, len(group), (RESAMPLES, len(group)))
        redrawn[:, column] = np.array(group)[picks].mean(axis=1)
    columns = rng.integers(0, len(groups), (RESAMPLES, len(groups)))
    means = np.take_along_axis(redrawn, columns, axis=1).mean(axis=1)
    tails = (0.5 - 0.5 * COVERED, 0.5 + 0.5 * COVERED)
    low, high = np.quantile(means, tails).tolist()
    return Mean(fmean(map(fmean, groups.values())), low, high)


def by_structure(trials: Iterable[Trial]) -> list[list[Trial]]:
    """Return the trials of each structure, structures in the order of their first trial."""
    groups: dict[int, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(id(trial.case.structure), []).append(trial)
    return list(groups.values())


def _has(trial: Trial, size: Size) -> bool:
    return size.least_px <= trial.case.size_px < size.most_px


def _figures(condition: Condition, trials: list[Trial]) -> Figures:
    after = {n: [trial.dice_after(n) for trial in trials] for n in SHOWN_AFTER}
    counts = {goal: [trial.prompts_to(goal) for trial in trials] for goal in GOALS}
    return Figures(
        condition,
        {n: mean_over_structures(trials, values) for n, values in after.items()},
        {
            goal: mean_over_structures(trials, [float(n or MOST_PROMPTS) for n in needed])
            for goal, needed in counts.items()
        },
        {goal: fmean(n is not None for n in needed) for goal, needed in counts.items()},
        len(by_structure(trials)),
        len(trials),
    )
