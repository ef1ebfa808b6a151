"""An evaluation as tables for people."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.hosts.cli.terminal import results
from GazeSAMLib.simulation.accuracy import (
    GOALS,
    SHOWN_AFTER,
    SIZES,
    Figures,
    Mean,
    Size,
    at,
    best_minus_top,
    by_structure,
    figures,
)
from GazeSAMLib.simulation.evaluation import CONDITIONS, GAZE_ERRORS_DEG, Evaluation
from GazeSAMLib.simulation.window import Layout


def show_evaluation(evaluations: Sequence[Evaluation], written: Sequence[Path]) -> None:
    """Print the tables of each engine and where the files are."""
    console = results()
    for evaluation in evaluations:
        every = figures(evaluation)
        counted = f"structures: {every[0].structure_count}, cross-sections: {every[0].slice_count}"
        gain = best_minus_top(evaluation)
        asked = ", asked with plain points" if evaluation.plain else ""
        console.print(f"\n[bold]{escape(evaluation.engine)}[/]{asked}  {counted}")
        for layout in Layout:
            console.print(_by_gaze_error(every, layout, evaluation.image_px_per_deg[layout]))
        console.print(_by_size(evaluation))
        console.print(_by_structure(evaluation))
        console.print(f"best candidate minus the one ranked first: {_with_interval(gain)}")
    for path in written:
        console.print(f"written: {escape(str(path))}")


def _by_gaze_error(every: Sequence[Figures], layout: Layout, px_per_deg: float) -> Table:
    table = _table(
        f"{layout.value}, 1° = {px_per_deg:.0f} px: Dice ± half its 95 % interval, prompts to a "
        "Dice, share that has it",
        "error", *(f"after {n}" for n in SHOWN_AFTER),
        *(f"to {goal:.2f}" for goal in GOALS), *(f"≥ {goal:.2f}" for goal in GOALS),
    )  # fmt: skip
    for error_deg in GAZE_ERRORS_DEG:
        found = at(every, layout, error_deg)
        table.add_row(
            f"{error_deg:.1f}°",
            *(_with_interval(mean) for mean in found.dice.values()),
            *(f"{mean.value:.1f}" for mean in found.prompts_to.values()),
            *(f"{100.0 * share:.0f} %" for share in found.reached.values()),
        )
    return table


def _by_size(evaluation: Evaluation) -> Table:
    table = _table(
        "Dice by size (pixels of a slice shown 512 pixels large)",
        "size", "n", *(f"after {n}" for n in SHOWN_AFTER),
        "1-up 0.5°", "4-up 0.5°", "1-up 1.0°", "4-up 1.0°",
    )  # fmt: skip
    for size in SIZES:
        found = figures(evaluation, size)
        if not found:
            continue
        ideal = at(found, Layout.ONE_UP, 0.0)
        table.add_row(
            f"{size.name} {_bounds(size)}",
            str(ideal.slice_count),
            *(f"{mean.value:.2f}" for mean in ideal.dice.values()),
            *(
                f"{at(found, layout, error_deg).dice[1].value:.2f}"
                for error_deg in (0.5, 1.0)
                for layout in Layout
            ),
        )
    return table


def _by_structure(evaluation: Evaluation) -> Table:
    table = _table(
        "Dice by structure, no gaze error", "structure", "n", "px",
        *(f"after {n}" for n in SHOWN_AFTER),
    )  # fmt: skip
    trials = [trial for trial in evaluation.trials if trial.condition == CONDITIONS[0]]
    for slices in by_structure(trials):
        table.add_row(
            escape(slices[0].case.structure.name),
            str(len(slices)),
            f"{fmean(trial.case.size_px for trial in slices):.0f}",
            *(f"{fmean(trial.dice_after(n) for trial in slices):.2f}" for n in SHOWN_AFTER),
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left", title_style="", box=SIMPLE_HEAD)
    table.pad_edge, table.padding = False, (0, 1, 0, 0)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _with_interval(mean: Mean) -> str:
    """Tell a mean with half the length of its interval."""
    return f"{mean.value:.2f} ±{0.5 * (mean.high - mean.low):.2f}"


def _bounds(size: Size) -> str:
    if size.least_px == 0.0:
        return f"< {size.most_px:.0f}"
    if size.most_px == float("inf"):
        return f"> {size.least_px:.0f}"
    return f"to {size.most_px:.0f}"
