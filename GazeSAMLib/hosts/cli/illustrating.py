"""Pictures of a finished job: a contact sheet, and one picture a slice."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.cli.pictures.contact_sheet import SLICES_ON_PAGE, captioned, contact_sheet
from GazeSAMLib.hosts.cli.pictures.scene import SliceScene, group_by_plane, scene_of
from GazeSAMLib.hosts.cli.pictures.selection import most_telling
from GazeSAMLib.hosts.cli.segmenting import Segmented
from GazeSAMLib.hosts.cli.trace import AcceptedStep
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.progress import Progress, silent

CONTACT_SHEET = "contact-sheet.png"


def sheet_of(done: Segmented) -> Image.Image:
    """Return the contact sheet of the slices that say most."""
    groups = group_by_plane(done.replayed.trace.steps)
    chosen = most_telling(groups, SLICES_ON_PAGE)
    steps = len(done.replayed.trace.steps)
    shown = (
        f"{len(chosen)} of {len(groups)} slices"
        if len(chosen) < len(groups)
        else (_counted(len(groups), "slice"))
    )
    return contact_sheet(
        done.title,
        f"{shown}, {_counted(steps, 'accepted look')}, engine {done.summary.engine}",
        [_scene(done, groups[index]) for index in chosen],
    )


def write_pictures(
    done: Segmented, sheet: Image.Image, folder: Path, progress: Progress = silent
) -> None:
    """Write the contact sheet and a picture of each accepted slice into a folder.

    Parameters
    ----------
    done : Segmented
        The job.
    sheet : Image
        Its contact sheet, from :func:`sheet_of`.
    folder : Path
        Made if it is not there.
    progress : Progress
        Called for each picture.

    Raises
    ------
    OutputError
        If a picture cannot be written.
    """
    make_folder(folder)
    write_png(folder / CONTACT_SHEET, sheet)
    total = len(group_by_plane(done.replayed.trace.steps))
    for number, scene in enumerate(_scenes(done), start=1):
        write_png(folder / f"slice-{number:03d}.png", captioned(scene))
        progress("drawing", number, total)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be made: {error.strerror}") from error


def write_png(path: Path, picture: Image.Image) -> None:
    """Write a picture; it appears whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(path) as beside:
        picture.save(beside, format="PNG")


def _scenes(done: Segmented) -> Iterator[SliceScene]:
    for steps in group_by_plane(done.replayed.trace.steps):
        yield _scene(done, steps)


def _scene(done: Segmented, steps: list[AcceptedStep]) -> SliceScene:
    return scene_of(steps, done.replayed.trace, done.scan, done.labelmap, done.display)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
