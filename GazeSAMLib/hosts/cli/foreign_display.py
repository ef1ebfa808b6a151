"""What the command line may say of the display that another program's recording leaves out."""

from typing import Annotated

import typer

from GazeSAMLib.gaze.import_samples import DisplaySize
from GazeSAMLib.hosts.cli.labelled import size_of

_WHERE = "where a recording of another program does not say."

ForeignDisplayOption = Annotated[
    str | None,
    typer.Option("--display", metavar="WxH", help=f"The display's size in pixels, {_WHERE}"),
]
ForeignDisplayMmOption = Annotated[
    str | None, typer.Option("--display-mm", metavar="WxH", help=f"Its size in mm, {_WHERE}")
]
ForeignDistanceOption = Annotated[
    float | None,
    typer.Option("--distance-mm", metavar="D", min=1.0, help=f"From eye to display, {_WHERE}"),
]


def told_display(
    size_px: str | None, size_mm: str | None, distance_mm: float | None
) -> DisplaySize:
    """Return the display as far as the command line describes it.

    Raises
    ------
    typer.BadParameter
        If a size is not of the form 1920x1080.
    """
    width_px, height_px = size_of("--display", size_px) if size_px else (None, None)
    width_mm, height_mm = size_of("--display-mm", size_mm) if size_mm else (None, None)
    return DisplaySize(width_px, height_px, width_mm, height_mm, distance_mm)
