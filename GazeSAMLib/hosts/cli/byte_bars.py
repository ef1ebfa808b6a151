"""Progress of what is counted in bytes: how far, how fast, and how much longer."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from GazeSAMLib.engines.catalogue.digests import Progress as Report
from GazeSAMLib.hosts.cli.terminal import messages


@contextmanager
def byte_bars() -> Iterator[Report]:
    """Give a function that draws a bar for each kind of work that takes in bytes.

    Where standard error is no terminal, nothing is drawn.
    """
    console = messages()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),  # what the others leave
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(
        *columns,
        console=console,
        transient=True,
        expand=True,
        disable=not console.is_terminal,
    ) as bars:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                for finished in tasks.values():
                    bars.update(finished, visible=False)
                # What was here before says nothing of the speed.
                tasks[what] = bars.add_task(what, total=total, completed=done)
            bars.update(tasks[what], completed=done, total=total)

        yield report
