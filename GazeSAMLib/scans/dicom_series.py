"""Which frames belong to one volume, and which volume of a folder is meant."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.dicom_frames import TRAITS, Frame

# Directions that differ by less belong to one stack: 0.1 degree turns a 512 mm slice by 1 mm.
_SAME_DIRECTION = 2e-3


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One volume that can be read from a DICOM folder or file.

    Attributes
    ----------
    number : int
        Its place in the list, from 1; how it is chosen.
    uid : str
        DICOM's SeriesInstanceUID, empty where missing; volumes may share it.
    description, modality : str
        As in the file.
    part : str
        What sets it apart from other volumes of the same series, such as its echo time.
    slice_count, rows, columns : int
        Its size.
    """

    number: int
    uid: str
    description: str
    modality: str
    part: str
    slice_count: int
    rows: int
    columns: int

    def __str__(self) -> str:
        name = " ".join(filter(None, (self.modality, self.description or "(no description)")))
        size = f"{self.columns} x {self.rows} x {self.slice_count}"
        return f"{self.number}: {name}, {size}" + (f", {self.part}" if self.part else "")


@dataclass(frozen=True, eq=False)
class Series:
    """The frames of one volume, in no order yet."""

    info: SeriesInfo
    frames: tuple[Frame, ...]


def group_series(frames: Iterable[Frame]) -> list[Series]:
    """Sort frames into volumes, ordered by series number.

    Frames of one volume share what is there of series UID, number, description, modality,
    size, spacing and orientation. Where several lie in the same place, the series is split
    by what tells them apart (echo, time, diffusion weighting...). Scouts are left out if
    there is anything else.
    """
    groups: dict[object, list[list[Frame]]] = defaultdict(list)
    for frame in frames:
        stacks = groups[_identity(frame)]
        for stack in stacks:
            if _same_direction(stack[0], frame):
                stack.append(frame)
                break
        else:
            stacks.append([frame])
    volumes = [
        (part, tuple(volume))
        for stacks in groups.values()
        for stack in stacks
        for part, volume in _split(stack)
    ]
    volumes.sort(key=lambda volume: _order(volume[1][0]))
    scans = [volume for volume in volumes if not _is_scout(volume[1][0])] or volumes
    return [
        Series(_info(number, part, volume), volume)
        for number, (part, volume) in enumerate(scans, start=1)
    ]


def choose(path: Path, listed: Sequence[Series], wanted: str | None) -> tuple[Series, str]:
    """Return the series that `wanted` names by number or UID, and a note on the choice.

    Without a wish the only volume is taken, or the only one with more than one slice.

    Raises
    ------
    ScanError
        If the choice is open or there is no such series; the message lists them.
    """
    if wanted is None:
        volumes = [series for series in listed if series.info.slice_count > 1]
        if len(listed) == 1:
            return listed[0], ""
        if len(volumes) == 1:
            others = len(listed) - 1
            return volumes[0], (
                f"series {volumes[0].info} was chosen: the only one of {len(listed)} with more "
                f"than one slice ({others} left aside)"
            )
        problem = f"{path} holds {len(listed)} series: choose one with --series"
    else:
        named = [s for s in listed if wanted in (str(s.info.number), s.info.uid)]
        if len(named) == 1:
            return named[0], ""
        problem = (
            f"{path} has no series {wanted!r}: choose one with --series"
            if not named
            else f"series {wanted!r} of {path} holds {len(named)} volumes: choose one by its number"
        )
        listed = named or listed
    raise ScanError("\n  ".join([problem, *(str(series.info) for series in listed)]))


def _identity(frame: Frame) -> object:
    file = frame.file
    spacing = None if frame.spacing_mm is None else tuple(round(mm, 4) for mm in frame.spacing_mm)
    return (
        file.series_uid or (file.series_number, file.description),
        file.modality,
        _is_scout(frame),
        (file.pixels.rows, file.pixels.columns, file.pixels.is_color),
        spacing,
    )


def _is_scout(frame: Frame) -> bool:
    """Tell images that were taken to plan the scan."""
    return "LOCALIZER" in frame.file.image_type


def _same_direction(one: Frame, other: Frame) -> bool:
    a, b = one.orientation_lps, other.orientation_lps
    if a is None or b is None:
        return a is b
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) < _SAME_DIRECTION


def _split(stack: list[Frame]) -> list[tuple[str, list[Frame]]]:
    """Split frames that share places into volumes that do not, named by what differs.

    True copies (no trait and no instance number tells them apart) stay together.
    """
    places: dict[object, list[Frame]] = defaultdict(list)
    for frame in stack:
        places[_place(frame)].append(frame)
    most = max(len(frames) for frames in places.values())
    if None in places or most == 1:
        return [("", stack)]
    varying = [n for n in range(len(TRAITS)) if len({frame.traits[n] for frame in stack}) > 1]
    for chosen in (*itertools.combinations(varying, 1), *itertools.combinations(varying, 2)):
        parts: dict[tuple[str, ...], list[Frame]] = defaultdict(list)
        for frame in stack:
            parts[tuple(frame.traits[n] for n in chosen)].append(frame)
        if len(parts) == most and all(_are_apart(part) for part in parts.values()):
            return [
                (", ".join(f"{TRAITS[n]} {v}" for n, v in zip(chosen, key, strict=True)), part)
                for key, part in parts.items()
            ]
    numbered = all(
        len({(frame.instance, frame.index) for frame in frames}) == most
        for frames in places.values()
    )
    if not numbered:
        return [("", stack)]
    in_order = [sorted(f, key=lambda frame: (frame.instance, frame.index)) for f in places.values()]
    return [
        (f"repetition {n + 1} of {most}", [frames[n] for frames in in_order]) for n in range(most)
    ]


def _are_apart(frames: list[Frame]) -> bool:
    return len({_place(frame) for frame in frames}) == len(frames)


def _place(frame: Frame) -> tuple[float, ...] | None:
    if frame.position_lps is None:
        return None
    return tuple((np.round(frame.position_lps, 2) + 0.0).tolist())


def _order(frame: Frame) -> tuple[object, ...]:
    file = frame.file
    return (file.series_number, file.series_uid, frame.instance, frame.index, str(file.path))


def _info(number: int, part: str, frames: Sequence[Frame]) -> SeriesInfo:
    file = frames[0].file
    return SeriesInfo(
        number,
        file.series_uid,
        file.description,
        file.modality,
        part,
        len(frames),
        file.pixels.rows,
        file.pixels.columns,
    )
