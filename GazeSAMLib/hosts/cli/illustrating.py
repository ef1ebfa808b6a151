"""Pictures of a finished job: a contact sheet, and one picture a slice."""

from pathlib import Path

from PIL import Image

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.cli.pictures.accepted_slice import AcceptedSlice, accepted_slices
from GazeSAMLib.hosts.cli.pictures.contact_sheet import SLICES_ON_PAGE, captioned, contact_sheet
from GazeSAMLib.hosts.cli.pictures.scene import SliceScene, scene_of
from GazeSAMLib.hosts.cli.pictures.selection import most_telling
from GazeSAMLib.hosts.cli.segmenting import Segmented
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.progress import Progress, silent

CONTACT_SHEET = "contact-sheet.png"


def sheet_of(done: Segmented) -> Image.Image:
    """Return the contact sheet of the slices that say most."""
    slices = _slices(done)
    chosen = most_telling([shown.steps for shown in slices], SLICES_ON_PAGE)
    told = (
        f"{len(chosen)} of {len(slices)} slices"
        if len(chosen) < len(slices)
        else (_counted(len(slices), "slice"))
    )
    told = f"{told}, {_counted(done.summary.accepted_looks, 'accepted look')}"
    propagated = sum(bool(shown.propagated) for shown in slices)
    if propagated:
        told = f"{told}, {propagated} propagated"
    return contact_sheet(
        done.title,
        f"{told}, engine {done.summary.engine}",
        [_scene(done, slices[index]) for index in chosen],
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
    slices = _slices(done)
    for number, shown in enumerate(slices, start=1):
        write_png(folder / f"slice-{number:03d}.png", captioned(_scene(done, shown)))
        progress("drawing", number, len(slices))


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


def _slices(done: Segmented) -> list[AcceptedSlice]:
    steps, segments = done.replayed.trace.steps, done.labelmap.segments
    return accepted_slices(steps, done.book, segments, done.scan)


def _scene(done: Segmented, shown: AcceptedSlice) -> SliceScene:
    return scene_of(shown, done.replayed.trace, done.scan, done.labelmap, done.display)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
