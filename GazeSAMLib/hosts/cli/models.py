"""``gazesam models``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from GazeSAMLib.engines.catalogue.entry import ModelEntry
from GazeSAMLib.engines.catalogue.models import all_models, find_model
from GazeSAMLib.engines.catalogue.pull import pull as pull_model
from GazeSAMLib.engines.catalogue.pull import pull_from
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from GazeSAMLib.engines.catalogue.sizes import told_size
from GazeSAMLib.engines.registry import engine_of
from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.hosts.cli.byte_bars import byte_bars
from GazeSAMLib.hosts.cli.edge import CANCELLED, INPUT_ERROR
from GazeSAMLib.hosts.cli.models_table import model_values, models_table
from GazeSAMLib.hosts.cli.segment import JsonOption
from GazeSAMLib.hosts.cli.terminal import results, tell, tell_error

EPILOG = """\
Examples:

gazesam models list

gazesam models pull mobile_sam

gazesam segment ct_folder --gaze monday --output liver.seg.nrrd --engine mobile_sam

Models are files of weights that their authors publish; docs/models.md compares them. They lie in
one folder, which the environment variable GAZESAM_CACHE can move to another disk. Nothing is
downloaded that was not asked for.
"""
LIST_EPILOG = """\
Examples:

gazesam models list

gazesam models list --json
"""
PULL_EPILOG = """\
Examples:

gazesam models pull mobile_sam

gazesam models pull sam2.1_tiny sam_vit_b

gazesam models pull sam_med2d --from sam-med2d_b.pth

Ctrl-C keeps what has come, and the same command goes on from there. Without a network: download
the file elsewhere (`gazesam models list --json` has its address), bring it here, and name it with
--from. Every file is checked against its publisher's digest, where there is one.
"""
VERIFY_EPILOG = """\
Examples:

gazesam models verify

gazesam models verify sam_vit_b
"""
REMOVE_EPILOG = """\
Example:

gazesam models remove sam_vit_h
"""

NamesArgument = Annotated[
    list[str], typer.Argument(metavar="MODEL...", help="As `gazesam models list` names them.")
]

models = typer.Typer(
    help="Fetch, check and remove published models, such as SAM.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models.command("list", epilog=LIST_EPILOG)
def list_models(*, as_json: JsonOption = False) -> None:
    """List the models, and say which are here."""
    shelf = ModelShelf()
    if as_json:
        listed = [model_values(entry, shelf) for entry in all_models()]
        typer.echo(json.dumps({"folder": str(shelf.folder), "models": listed}, indent=2))
        return
    results().print(models_table(shelf))
    here = [entry for entry in all_models() if shelf.look_up(entry).is_here]
    total = sum(shelf.look_up(entry).size_bytes for entry in all_models())
    if total:
        count = "1 model" if len(here) == 1 else f"{len(here)} models"
        results().print(f"{count} here; {told_size(total)} of disk in {escape(str(shelf.folder))}")
    if not here:
        results().print("fetch one with: gazesam models pull mobile_sam")
    _tell_what_is_missing(here or [find_model("mobile_sam")])


@models.command("pull", epilog=PULL_EPILOG)
def pull(
    names: NamesArgument,
    *,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="The file, where it was downloaded already."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring models here, from their publishers or a file."""
    entries = _found(names)
    if source is not None and len(entries) != 1:
        raise typer.BadParameter("--from brings one file: name one model")
    shelf = ModelShelf()
    for entry in entries:
        _bring(entry, source, shelf, quietly=as_json)
    if as_json:
        listed = [model_values(entry, shelf) for entry in entries]
        typer.echo(json.dumps({"folder": str(shelf.folder), "models": listed}, indent=2))
        return
    _tell_what_is_missing(entries)
    results().print(
        f"use it with: gazesam segment SCAN --gaze RECORDING --output OUT.seg.nrrd "
        f"--engine {entries[-1].name}"
    )


@models.command("verify", epilog=VERIFY_EPILOG)
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]...", help="All that are here, if none.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Check the files of models to the last byte."""
    shelf = ModelShelf()
    entries = _found(names or []) or [one for one in all_models() if shelf.look_up(one).is_here]
    faults: dict[str, str] = {}
    for entry in entries:
        try:
            with byte_bars() as progress:
                record = shelf.verify(entry, progress)
        except GazeSAMError as error:
            faults[entry.name] = str(error)
            if not as_json:
                tell_error(str(error))
            continue
        if not as_json:
            results().print(f"{entry.name} is whole, {_compared(entry)}; sha256 {record.sha256}")
    if as_json:
        listed = [
            {**model_values(entry, shelf), "fault": faults.get(entry.name)} for entry in entries
        ]
        typer.echo(json.dumps({"folder": str(shelf.folder), "models": listed}, indent=2))
    elif not entries:
        tell("no model is here yet: gazesam models list")
    if faults:
        raise typer.Exit(INPUT_ERROR)


@models.command("remove", epilog=REMOVE_EPILOG)
def remove(names: NamesArgument) -> None:
    """Remove models from this machine."""
    shelf = ModelShelf()
    for entry in _found(names):
        freed = shelf.remove(entry)
        if freed:
            results().print(f"{entry.name} was removed: {told_size(freed)} are free again")
        else:
            tell(f"{entry.name} is not here: there was nothing to remove")


def _found(names: list[str]) -> list[ModelEntry]:
    return [find_model(name) for name in dict.fromkeys(names)]


def _bring(entry: ModelEntry, source: Path | None, shelf: ModelShelf, *, quietly: bool) -> None:
    was_here = shelf.look_up(entry).is_here
    if source is None and not was_here and entry.url and not quietly:
        where = escape(entry.url)
        tell(f"{entry.title}: {told_size(entry.size_bytes)}, {entry.licence}, from {where}")
    try:
        with byte_bars() as progress:
            if source is None:
                path = pull_model(entry, shelf, progress=progress)
            else:
                path = pull_from(entry, source, shelf, progress=progress)
    except KeyboardInterrupt:
        size = shelf.part_of(entry).size_bytes
        kept = f"{told_size(size)} are kept, and the same command goes on from there"
        tell(f"cancelled; {kept if size else 'nothing has come yet'}")
        raise typer.Exit(CANCELLED) from None
    if not quietly:
        how = "was here already" if was_here else f"is here, {_compared(entry)}"
        results().print(escape(f"{entry.name} {how}: {path}"))


def _compared(entry: ModelEntry) -> str:
    if not entry.digests:
        return "no digest is published"
    return f"{' and '.join(entry.digests)} as published"


def _tell_what_is_missing(entries: list[ModelEntry]) -> None:
    for engine in dict.fromkeys(entry.engine for entry in entries):
        needs = engine_of(engine)
        if needs.missing:
            tell(
                f"{engine} needs {', '.join(needs.missing)}, not installed here: "
                f"{needs.installation}"
            )
