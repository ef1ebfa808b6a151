"""Looks with and without propagation as a table for people and as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.hosts.cli.terminal import results
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.simulation.propagation_evaluation import VOLUME_GOALS, StructureEffort
from GazeSAMLib.simulation.volume_reading import Effort

FIGURES_NAME = "propagation.json"


def show_efforts(
    efforts: Mapping[str, Sequence[StructureEffort]], folder: Path | None, *, as_json: bool
) -> None:
    """Print what each engine took, and write it into a folder, if there is one.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    found = [propagation_json(engine, each) for engine, each in efforts.items()]
    content = found[0] if len(found) == 1 else {"engines": {e["engine"]: e for e in found}}
    text = json.dumps(content, indent=2)
    if folder is not None:
        with replacing(folder / FIGURES_NAME) as beside:
            beside.write_text(text + "\n", encoding="utf-8")
    if as_json:
        typer.echo(text)
        return
    for engine, each in efforts.items():
        show_propagation(engine, each)
    if folder is not None:
        results().print(f"written: {escape(str(folder / FIGURES_NAME))}")


def propagation_json(engine: str, efforts: Sequence[StructureEffort]) -> dict[str, Any]:
    """Return what ``gazesam evaluate --propagate --json`` prints of one engine."""
    return {
        "engine": engine,
        "structure_count": len(efforts),
        **{f"to_{goal:.2f}": _summary(efforts, goal) for goal in VOLUME_GOALS},
        "structures": [
            {
                "name": effort.structure,
                "slices": effort.slices,
                "voxels": effort.voxels,
                **{
                    f"to_{goal:.2f}": {
                        "slice_by_slice": _effort_json(effort.alone[goal]),
                        "propagated": _effort_json(effort.propagated[goal]),
                    }
                    for goal in VOLUME_GOALS
                },
            }
            for effort in efforts
        ],
    }


def show_propagation(engine: str, efforts: Sequence[StructureEffort]) -> None:
    """Print one engine's table."""
    table = Table(
        "structure",
        "slices",
        *(f"{what} {goal:.2f}" for goal in VOLUME_GOALS for what in ("to", "propagated to")),
        box=SIMPLE_HEAD,
        title=f"{engine}: looks (Dice reached, where it was not the one asked for)",
        title_justify="left",
        title_style="",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for effort in efforts:
        table.add_row(
            escape(effort.structure),
            str(effort.slices),
            *(
                _told(found[goal])
                for goal in VOLUME_GOALS
                for found in (effort.alone, effort.propagated)
            ),
        )
    console = results()
    console.print(table)
    for goal in VOLUME_GOALS:
        found = _summary(efforts, goal)
        console.print(
            f"Dice {goal:.2f} in 3D: reached by {found['reached_slice_by_slice']} structures "
            f"slice by slice, by {found['reached_propagated']} with propagation, of {len(efforts)}"
        )
        if found["fewer_looks_median"] is not None:
            console.print(
                f"  where both did: {found['looks_slice_by_slice']} looks slice by slice, "
                f"{found['looks_propagated']} with propagation, {found['fewer_looks_median']} "
                "times fewer (median)"
            )


def _summary(efforts: Sequence[StructureEffort], goal: float) -> dict[str, Any]:
    """Means are over the structures that reached the Dice both ways."""
    both = [e for e in efforts if e.alone[goal].reached and e.propagated[goal].reached]

    def mean(values: list[float]) -> float | None:
        return round(fmean(values), 1) if values else None

    return {
        "reached_slice_by_slice": sum(e.alone[goal].reached for e in efforts),
        "reached_propagated": sum(e.propagated[goal].reached for e in efforts),
        "reached_both_ways": len(both),
        "looks_slice_by_slice": mean([e.alone[goal].looks for e in both]),
        "looks_propagated": mean([e.propagated[goal].looks for e in both]),
        "seconds_slice_by_slice": mean([e.alone[goal].seconds for e in both]),
        "seconds_propagated": mean([e.propagated[goal].seconds for e in both]),
        "fewer_looks_median": round(median(e.factor(goal) for e in both), 1) if both else None,
    }


def _effort_json(effort: Effort) -> dict[str, Any]:
    return {
        "looks": effort.looks,
        "slices": effort.slices,
        "seconds": round(effort.seconds, 1),
        "dice": round(effort.dice, 4),
        "reached": effort.reached,
    }


def _told(effort: Effort) -> str:
    return f"{effort.looks}" if effort.reached else f"{effort.looks} ({effort.dice:.2f})"
