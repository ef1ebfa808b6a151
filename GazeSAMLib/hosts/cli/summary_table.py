"""The summary as tables for people."""

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from GazeSAMLib.hosts.cli.summary import Summary
from GazeSAMLib.hosts.cli.terminal import results
from GazeSAMLib.hosts.cli.timing import Figures


def show_summary(summary: Summary) -> None:
    """Print segments, timing, and where the segmentation is."""
    console = results()
    show_segments(summary)
    for output in summary.outputs:
        console.print(f"written: {escape(output)}")


def show_segments(summary: Summary) -> None:
    """Print segments and timing."""
    console = results()
    console.print(_segments(summary))
    console.print(
        f"{summary.accepted_looks} accepted looks, {summary.undone_steps} undone, "
        f"{summary.fixations} fixations on slices, replayed in {summary.seconds:.2f} s"
    )
    told = [
        text
        for text in (
            _told("embedding a new slice", summary.embed_ms, "ms"),
            _told("a look", summary.decode_ms, "ms"),
            _told("a gaze sample", summary.chain_us, "µs"),
        )
        if text
    ]
    console.print("median (95 %): " + ", ".join(told))


def _segments(summary: Summary) -> Table:
    columns = ("segment", "ml", "voxels", "slices", "propagated", "accepted")
    table = Table(*columns, box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for segment in summary.segments:
        table.add_row(
            f"[{segment.color}]■[/] {escape(segment.name)}",
            f"{segment.volume_ml:.2f}",
            f"{segment.voxels:,}",
            str(segment.slices),
            str(segment.slices_propagated),
            str(segment.accepted_steps),
        )
    return table


def _told(what: str, figures: Figures, unit: str) -> str:
    if not figures.count:
        return ""
    return f"{what} {figures.median:.3g} ({figures.p95:.3g}) {unit}"
