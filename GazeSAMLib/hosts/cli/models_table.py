"""Models as rows of a table, and as JSON values."""

from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.engines.catalogue.entry import ModelEntry
from GazeSAMLib.engines.catalogue.models import all_models
from GazeSAMLib.engines.catalogue.shelf import Kept, ModelShelf
from GazeSAMLib.engines.catalogue.sizes import told_size
from GazeSAMLib.engines.registry import engine_of


def models_table(shelf: ModelShelf) -> Table:
    """Return all models with their state."""
    table = Table("model", "here", "file", "memory", "good for", box=SIMPLE_HEAD, show_edge=False)
    for column in table.columns[:4]:
        column.no_wrap = True
    for column in table.columns[2:4]:
        column.justify = "right"
    for entry in all_models():
        table.add_row(
            entry.name,
            _state(entry, shelf.look_up(entry)),
            told_size(entry.size_bytes),
            f"{entry.memory_bytes / 1e9:.1f} GB",
            escape(entry.good_for),
        )
    return table


def model_values(entry: ModelEntry, shelf: ModelShelf) -> dict[str, Any]:
    """Return all that is known of a model, as JSON values."""
    kept = shelf.look_up(entry)
    values = asdict(entry)
    values["prompts"] = [str(prompt) for prompt in entry.prompts]
    return {
        **values,
        "here": kept.is_here,
        "bytes_here": kept.size_bytes,
        "path": str(shelf.file_of(entry)) if kept.is_here else None,
        "record": None if kept.record is None else asdict(kept.record),
        "missing_packages": list(engine_of(entry.engine).missing),
    }


def _state(entry: ModelEntry, kept: Kept) -> str:
    if kept.is_here:
        return "[green]yes[/]"
    if kept.size_bytes:
        share = 100 * kept.size_bytes // entry.size_bytes
        return f"[yellow]{share} % of it[/]"
    return "[dim]no[/]" if entry.url else "[dim]by hand[/]"
