"""What the command line shows: results on standard output, all else on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from GazeSAMLib.scans.progress import Progress as Report


def results() -> Console:
    """Return the console for results."""
    return Console(highlight=False, soft_wrap=True)


def messages() -> Console:
    """Return the console for messages, which never mix with results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell(sentence: str) -> None:
    """Tell the user something that is neither a result nor an error."""
    messages().print(f"[dim]note:[/] {escape(sentence)}")


def tell_error(sentence: str) -> None:
    """Tell why it went wrong."""
    messages().print(f"[bold red]error:[/] {escape(sentence)}")


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Give a function that draws a bar, with the time left, for each kind of long work.

    Where standard error is no terminal, nothing is drawn.
    """
    console = messages()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report
