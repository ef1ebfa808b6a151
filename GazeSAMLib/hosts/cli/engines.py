"""``gazesam engines``."""

import json

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.engines.registry import ENTRIES, EngineEntry, default_engine
from GazeSAMLib.hosts.cli.segment import JsonOption
from GazeSAMLib.hosts.cli.terminal import results

EPILOG = """\
Examples:

gazesam engines

gazesam segment ct_folder --gaze monday --output liver.seg.nrrd --engine region
"""


def engines(*, as_json: JsonOption = False) -> None:
    """List what can draw outlines, and whether it can run here."""
    if as_json:
        typer.echo(json.dumps({"engines": [_values(entry) for entry in ENTRIES]}, indent=2))
        return
    table = Table("engine", "here", "what it is", box=SIMPLE_HEAD)
    for entry in ENTRIES:
        name = f"{entry.name} (default)" if entry.name == default_engine() else entry.name
        table.add_row(name, _state(entry), escape(entry.summary))
    results().print(table)


def _values(entry: EngineEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "summary": entry.summary,
        "available": not entry.obstacle,
        "missing": list(entry.missing),
    }


def _state(entry: EngineEntry) -> str:
    if not entry.obstacle:
        return "[green]ready[/]"
    return escape(entry.installation if entry.missing else entry.obstacle)
