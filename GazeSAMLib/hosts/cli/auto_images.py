"""The images of a picture, of a folder of pictures, or of a scan, one after the other."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid, to_8bit
from GazeSAMLib.hosts.cli.prepare import planes_of
from GazeSAMLib.scans.picture import read_picture
from GazeSAMLib.scans.progress import Progress
from GazeSAMLib.scans.read import read_scan, scan_kind
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import PRESETS, acquired_view

RgbImage = npt.NDArray[np.uint8]


RESERVED = "about"
"""No image's name: beside the results stands what made them."""


class Plane(StrEnum):
    """Across which direction a scan is cut."""

    ACQUIRED = "acquired"
    AXIAL = "axial"
    SAGITTAL = "sagittal"
    CORONAL = "coronal"


_SPAN = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")


@dataclass(frozen=True)
class NamedImage:
    """An image that is read when it is needed.

    Attributes
    ----------
    name : str
        Of its results: no other image of the same input has it.
    read : callable
        Returns its pixels, uint8, shape (H, W, 3): red, green, blue.
    """

    name: str
    read: Callable[[], RgbImage]


@dataclass(frozen=True)
class ImageInput:
    """What is to be segmented.

    Attributes
    ----------
    images : list of NamedImage
        At least one.
    facts : dict
        How they were made, JSON values.
    notes : tuple of str
        What the reader should know.
    """

    images: list[NamedImage]
    facts: dict[str, object]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SliceChoice:
    """Which slices of a scan, and how they are shown.

    Attributes
    ----------
    plane : Plane
        Their direction.
    numbers : str
        Such as ``1-20,25``, counted from 1 in the order of the voxels; empty takes all.
    window, level : float or None
        None takes the scan's own.
    """

    plane: Plane = Plane.ACQUIRED
    numbers: str = ""
    window: float | None = None
    level: float | None = None


def open_images(
    path: Path, series: str | None, choice: SliceChoice, progress: Progress
) -> ImageInput:
    """Return the images of a picture, of a folder of pictures, or of a scan.

    Parameters
    ----------
    path : Path
        A folder with pictures in it holds pictures; any other folder is a scan.
    series : str or None
        Which series of a scan.
    choice : SliceChoice
        Which slices of a scan.
    progress : Progress
        Called as a scan is read.

    Raises
    ------
    ScanError
        If there is nothing to read, or no such slice.
    """
    if path.is_dir():
        try:
            files = sorted(file for file in path.iterdir() if file.is_file())
        except OSError as error:
            raise ScanError(f"{path} cannot be read: {error.strerror}") from error
        pictures = [file for file in files if _is_picture(file)]
        if pictures:
            return _pictures(pictures, len(files) - len(pictures))
    elif series is None and scan_kind(path) == "picture":
        return _pictures([path], 0)
    return _slices(read_scan(path, series=series, progress=progress), choice)


def _is_picture(path: Path) -> bool:
    try:
        return scan_kind(path) == "picture"
    except ScanError:
        return False


def _pictures(files: list[Path], others: int) -> ImageInput:
    # What two pictures would have in common, or what the results say of themselves, is no name.
    names = [RESERVED, *(file.stem for file in files), *(file.name for file in files)]
    taken = Counter(name.casefold() for name in names)
    images = [
        NamedImage(
            file.stem if taken[file.stem.casefold()] == 1 else file.name, partial(read_rgb, file)
        )
        for file in files
    ]
    count = (
        "1 file is no picture and was"
        if others == 1
        else f"{others} files are no pictures and were"
    )
    return ImageInput(images, {}, (f"{count} left out",) if others else ())


def read_rgb(path: Path) -> RgbImage:
    """Return a picture's pixels, shape (H, W, 3); those of 16 bits in their own window.

    Raises
    ------
    ScanError
        If it is damaged or has several pages.
    """
    try:
        with Image.open(path) as image:
            if getattr(image, "n_frames", 1) == 1 and image.mode not in ("I", "F", "I;16"):
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ScanError(f"{path} cannot be read as a picture: {error}") from error
    scan = read_picture(path)
    return _grey(to_8bit(scan.voxels_kji[0].astype(np.float32), scan.window, scan.level))


def _slices(scan: Scan, choice: SliceChoice) -> ImageInput:
    view = acquired_view(scan.volume)
    if choice.plane is not Plane.ACQUIRED:
        view = next(name for name, (plane, *_) in PRESETS.items() if plane == choice.plane)
    plane = PRESETS[view][0]
    window = scan.window if choice.window is None else choice.window
    level = scan.level if choice.level is None else choice.level
    planes = list(planes_of(scan, [view]))
    images = [
        NamedImage(
            f"{plane}-{number:03d}", partial(_slice_image, scan, planes[number - 1], window, level)
        )
        for number in chosen_numbers(choice.numbers, len(planes))
    ]
    facts: dict[str, object] = {
        "scan": scan_digest(scan.voxels_kji, scan.volume),
        "plane": plane,
        "window": window,
        "level": level,
    }
    return ImageInput(images, facts, scan.notes)


def chosen_numbers(text: str, count: int) -> list[int]:
    """Return the numbers that a text such as ``1-20,25`` names, from 1 to `count`.

    Raises
    ------
    ScanError
        If it names none, or one that is not there.
    """
    if not text:
        return list(range(1, count + 1))
    numbers: set[int] = set()
    for part in text.split(","):
        span = _SPAN.fullmatch(part)
        if span is None:
            raise ScanError(f"'{text}' does not name slices: write such as 1-20,25")
        first, last = int(span[1]), int(span[2] or span[1])
        if not 1 <= first <= last <= count:
            raise ScanError(f"there are no slices {part.strip()}: the scan has 1 to {count}")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def _slice_image(scan: Scan, plane: SlicePlane, window: float, level: float) -> RgbImage:
    grid = slice_grid(scan.volume, plane)
    if grid is None:
        raise ScanError(f"a slice of {scan.path} lies outside of it")
    return _grey(to_8bit(sample_slice(scan.voxels_kji, scan.volume, grid), window, level))


def _grey(pixels: npt.NDArray[np.uint8]) -> RgbImage:
    return np.repeat(pixels[:, :, None], 3, axis=2)
