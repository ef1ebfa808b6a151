"""DICOM: a folder with one or more series, or a single file."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.dicom_frames import Frame
from GazeSAMLib.scans.dicom_header import NOT_SCANS, DicomHeader, read_header
from GazeSAMLib.scans.dicom_pixels import load_voxels
from GazeSAMLib.scans.dicom_series import Series, SeriesInfo, choose, group_series
from GazeSAMLib.scans.dicom_stack import Stack, build_stack
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.scans.voxels import Voxels
from GazeSAMLib.scans.window import default_window


def list_series(path: Path, *, progress: Progress = silent) -> list[SeriesInfo]:
    """Return the volumes of a DICOM folder (nested folders too) or file, ordered by series number.

    Raises
    ------
    ScanError
        If there is none.
    """
    listed, _ = _find(path, progress)
    return [series.info for series in listed]


def read_dicom(path: Path, series: str | None = None, *, progress: Progress = silent) -> Scan:
    """Read one series of a DICOM folder (nested folders too) or file.

    Slices are sorted by position; a tilted gantry's shear is kept; uneven gaps are resampled
    to a regular grid. Whatever was done to the data stands in the scan's notes.

    Parameters
    ----------
    path : Path
        Folder or file.
    series : str, optional
        Number in :func:`list_series`, or SeriesInstanceUID. Needed where a folder holds
        several volumes with more than one slice.
    progress : Progress
        Called for every file and every slice.

    Raises
    ------
    ScanError
        If there is no DICOM image, the choice is open, or a file is damaged.
    """
    listed, notes = _find(path, progress)
    chosen, note = choose(path, listed, series)
    first = chosen.frames[0]
    if "MOSAIC" in first.file.image_type:
        raise ScanError(
            f"{first.file.path} is a Siemens mosaic, which holds a volume as tiles of one image: "
            "convert it to NIfTI (dcm2niix does) and open that"
        )
    stack = build_stack(path, chosen.frames)
    voxels_kji, changes = load_voxels(stack.frames, progress)
    window, level = _window(stack, voxels_kji)
    if path.is_file() and first.file.frame_count == 1:
        notes.append("one DICOM file was read; its folder may hold the rest of the series")
    return Scan(
        stack.regular(voxels_kji),
        stack.volume,
        first.file.description or (path.name if path.is_dir() else path.stem),
        path,
        first.file.modality,
        window,
        level,
        tuple(filter(None, (note, *notes, *stack.notes, *changes))),
        () if stack.places is not None else tuple(frame.file.path for frame in stack.frames),
        stack.frames,
    )


def read_frames(files: Sequence[Path]) -> tuple[Frame, ...]:
    """Return the slices of one volume, in order, from the headers of its files.

    Raises
    ------
    ScanError
        If a file holds no slice or is damaged, or the slices make no volume.
    """
    frames: list[Frame] = []
    for file in files:
        header = read_header(file)
        if header is None or not header.frames:
            raise ScanError(f"{file} holds no slice of a scan")
        frames += header.frames
    return build_stack(files[0].parent, frames).frames


def _find(path: Path, progress: Progress) -> tuple[list[Series], list[str]]:
    """Read all headers under `path`; also return notes on files that could not be read."""
    if not path.exists():
        raise ScanError(f"{path} does not exist")
    files = list(_files(path)) if path.is_dir() else [path]
    frames: list[Frame] = []
    others: list[DicomHeader] = []
    damaged: list[str] = []
    for done, file in enumerate(files, start=1):
        try:
            header = read_header(file)
        except ScanError as error:
            damaged.append(str(error))
            header = None
        if header is not None and header.frames:
            frames += header.frames
        elif header is not None:
            others.append(header)
            if header.kind not in NOT_SCANS:
                damaged.append(f"{file} holds no pixels")
        progress("reading headers", done, len(files))
    if not frames:
        raise ScanError(_nothing_found(path, len(files), others, damaged))
    return group_series(frames), [f"left out: {reason}" for reason in damaged]


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            if not name.startswith((".", "DICOMDIR")) and file.is_file():
                yield file


def _nothing_found(path: Path, count: int, others: list[DicomHeader], damaged: list[str]) -> str:
    if others:
        kinds = ", ".join(sorted({header.kind or "no modality" for header in others}))
        return f"{path} holds DICOM objects but no image of a scan ({kinds})"
    if damaged:
        return damaged[0]
    if path.is_file():
        return f"{path} is not a DICOM file"
    if count == 0:
        return f"{path} is an empty folder: give a folder of DICOM files or a scan file"
    return (
        f"{path} holds no DICOM image ({count} other files): give a folder of DICOM files, or "
        "name a NIfTI, NRRD, MetaImage or picture file itself"
    )


def _window(stack: Stack, voxels_kji: Voxels) -> tuple[float, float]:
    """Return the middle slice's own window and level, else one by modality and values."""
    frame = stack.frames[len(stack.frames) // 2]
    pixels = frame.file.pixels
    if frame.window_level is None or pixels.is_color:
        return default_window(voxels_kji, frame.file.modality)
    window, level = frame.window_level
    if pixels.photometric == "MONOCHROME1":  # the values were turned round, so is the level
        level = frame.slope * pixels.mirror + 2.0 * frame.intercept - level
    return window, level
