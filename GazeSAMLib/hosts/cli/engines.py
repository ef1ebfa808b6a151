"""``gazesam engines``."""

import json

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.engines.catalogue.models import all_models
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from GazeSAMLib.engines.registry import ENTRIES, EngineEntry, default_engine
from GazeSAMLib.hosts.cli.models_table import model_values
from GazeSAMLib.hosts.cli.segment import JsonOption
from GazeSAMLib.hosts.cli.terminal import results

EPILOG = """\
Examples:

gazesam engines

gazesam segment ct_folder --gaze monday --output liver.seg.nrrd --engine region

gazesam segment ct_folder --gaze monday --output liver.seg.nrrd --engine sam_vit_b

--engine takes an engine or a model that `gazesam models pull` brought here.
"""


def engines(*, as_json: JsonOption = False) -> None:
    """List what can draw outlines, and whether it can run here."""
    shelf = ModelShelf()
    here = [entry for entry in all_models() if shelf.look_up(entry).is_here]
    if as_json:
        values = {
            "engines": [_values(entry) for entry in ENTRIES],
            "models": [model_values(entry, shelf) for entry in here],
        }
        typer.echo(json.dumps(values, indent=2))
        return
    table = Table("engine", "here", "what it is", box=SIMPLE_HEAD, show_edge=False)
    table.columns[0].no_wrap = True
    for entry in ENTRIES:
        name = f"{entry.name} (default)" if entry.name == default_engine() else entry.name
        with_model = any(model.engine == entry.name for model in here)
        table.add_row(name, _state(entry, with_model=with_model), escape(entry.summary))
    results().print(table)
    if here:
        models = Table("model", "engine", "good for", box=SIMPLE_HEAD, show_edge=False)
        for model in here:
            models.add_row(model.name, model.engine, escape(model.good_for))
        results().print()
        results().print(models)
    else:
        results().print("models to run with them: gazesam models list")


def _values(entry: EngineEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "summary": entry.summary,
        "available": not entry.obstacle,
        "missing": list(entry.missing),
        "takes_weights": bool(entry.weights_option),
    }


def _state(entry: EngineEntry, *, with_model: bool) -> str:
    if entry.obstacle:
        return escape(entry.installation if entry.missing else entry.obstacle)
    if entry.weights_option and not with_model:
        needs = "an export" if entry.weights_option == "folder" else "a model"
        return f"[yellow]needs {needs}[/]"
    return "[green]ready[/]"
