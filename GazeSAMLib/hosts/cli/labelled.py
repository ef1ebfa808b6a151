"""A labelled scan and the display it would be read on: what `simulate` and `evaluate` share."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.scans.progress import Progress
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.truth import Structure, read_structures

DISPLAY_PX = "1920x1080"
DISPLAY_MM = "531x299"  # 24 inches
DISTANCE_MM = 650.0

LabelsOption = Annotated[
    list[Path],
    typer.Option(
        metavar="LABELMAP",
        help="Label map of the scan, on any grid (NIfTI, NRRD, MetaImage, .seg.nrrd, DICOM "
        "segmentation); may be given several times.",
    ),
]
StructureOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only this structure; may be given several times."),
]
SlicesOption = Annotated[
    int,
    typer.Option(
        metavar="N", min=0, help="At most so many slices of each structure, drawn; 0: all."
    ),
]
SeedOption = Annotated[
    int, typer.Option(metavar="N", min=0, help="The same seed, the same result.")
]
DisplayOption = Annotated[
    str, typer.Option("--display", metavar="WxH", help="The display's size in pixels.")
]
DisplayMmOption = Annotated[
    str, typer.Option("--display-mm", metavar="WxH", help="Its size in millimetres.")
]
DistanceOption = Annotated[
    float, typer.Option("--distance-mm", metavar="D", min=1.0, help="From the eye to the display.")
]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)[x\u00d7](\d+(?:\.\d+)?)")


@dataclass(frozen=True, eq=False)
class LabelledScan:
    """A scan and the structures that are known to be in it."""

    scan: Scan
    structures: list[Structure]


def open_labelled(
    scan: Path,
    labels: list[Path],
    series: str | None,
    names: list[str] | None,
    progress: Progress,
) -> LabelledScan:
    """Read a scan and its label maps.

    Raises
    ------
    GazeSAMError
        If one of them cannot be read, or the labels are of another patient.
    typer.BadParameter
        If there is no structure of a name that was given.
    """
    opened = read_scan(scan, series=series, progress=progress)
    structures = read_structures(labels, opened)
    if names:
        known = {structure.name for structure in structures}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise typer.BadParameter(
                f"there is no structure '{unknown[0]}'; there are: {', '.join(sorted(known))}"
            )
        structures = [structure for structure in structures if structure.name in names]
    return LabelledScan(opened, structures)


def display_of_options(size_px: str, size_mm: str, distance_mm: float) -> DisplayGeometry:
    """Return the display that the command line describes.

    Raises
    ------
    typer.BadParameter
        If a size is not of the form 1920x1080.
    """
    width_px, height_px = size_of("--display", size_px)
    width_mm, height_mm = size_of("--display-mm", size_mm)
    return DisplayGeometry(0.0, 0.0, width_px, height_px, width_mm, height_mm, distance_mm)


def size_of(option: str, text: str) -> tuple[float, float]:
    """Return the width and the height that an option says.

    Raises
    ------
    typer.BadParameter
        If it is not of the form 1920x1080.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or min(float(found[1]), float(found[2])) <= 0.0:
        raise typer.BadParameter(f"{option} is a width and a height such as 1920x1080, not {text}")
    return float(found[1]), float(found[2])
