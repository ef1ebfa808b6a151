"""Read a recording as it is found: what can be understood is kept, the rest is told."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter
from os import PathLike
from pathlib import Path

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording import EVENTS_NAME, HEADER_NAME, SAMPLES_NAME, Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader, header_from_json
from GazeSAMLib.gaze.recording_table import (
    EVENT_COLUMNS,
    SAMPLE_COLUMNS,
    event_from_cells,
    sample_from_cells,
)
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.gaze.sample_table import SampleTable

_NAMES_SHOWN = 5


def read_recording(folder: str | PathLike[str]) -> Recording:
    """Read the recording in a folder.

    A last line that a crash cut off, samples without a time or whose time does not rise, and
    events without a time are left out; events out of order are sorted. Each is told in the
    recording's notes, as are events of unknown kinds, which are kept.

    Raises
    ------
    RecordingError
        If a file is missing or unreadable, the header is wrong or from a newer version, a column is
        missing, or a cell is not what its column says; the message names file and line.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RecordingError(f"{folder}: there is no such folder; give the folder of a recording")
    notes: list[str] = []
    header = _read_header(folder / HEADER_NAME)
    samples = _read_samples(folder / SAMPLES_NAME, notes)
    events = _read_events(folder / EVENTS_NAME, notes)
    return Recording(header, samples, events, tuple(notes))


def _read_header(path: Path) -> RecordingHeader:
    try:
        return header_from_json(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: it is not UTF-8 text") from error
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from error


def _read_samples(path: Path, notes: list[str]) -> SampleTable:
    samples = SampleTable()
    left_out: Counter[str] = Counter()
    latest_ns: float = -math.inf
    without_position = 0
    for line_number, cells in _rows(path, SAMPLE_COLUMNS, notes):
        try:
            sample = sample_from_cells(cells)
        except ValueError as error:
            raise RecordingError(f"{path}, line {line_number}: {error}") from error
        if sample is None:
            left_out["have no time"] += 1
        elif sample.t_ns == latest_ns:
            left_out["repeat the time of the one before"] += 1
        elif sample.t_ns < latest_ns:
            left_out["go back in time"] += 1
        else:
            latest_ns = sample.t_ns
            without_position += _claims_a_position_it_lacks(sample)
            samples.append(sample)
    notes += [f"{path.name}: {n} samples {what}: left out" for what, n in left_out.items()]
    if without_position:
        notes.append(
            f"{path.name}: {without_position} samples have an eye that is marked valid but "
            "has no finite position: that eye will not count"
        )
    return samples


def _claims_a_position_it_lacks(sample: GazeSample) -> bool:
    return _is_hollow(sample.left) or _is_hollow(sample.right)


def _is_hollow(eye: EyeSample | None) -> bool:
    return eye is not None and eye.valid and not all(map(math.isfinite, eye.point_display))


def _read_events(path: Path, notes: list[str]) -> tuple[Event, ...]:
    events: list[Event] = []
    without_time = 0
    for line_number, cells in _rows(path, EVENT_COLUMNS, notes):
        try:
            event = event_from_cells(cells)
        except ValueError as error:
            raise RecordingError(f"{path}, line {line_number}: {error}") from error
        if event is None:
            without_time += 1
        else:
            events.append(event)
    if without_time:
        notes.append(f"{path.name}: {without_time} events have no time: left out")
    in_order = sorted(events, key=attrgetter("t_ns"))
    if in_order != events:
        notes.append(f"{path.name}: events are not in the order of time: sorted")
    known = set(EventKind)
    unknown = Counter(event.kind for event in events if event.kind not in known)
    if unknown:
        names = [f"{kind!a} ({n})" for kind, n in unknown.most_common(_NAMES_SHOWN)]
        more = ", ..." if len(unknown) > _NAMES_SHOWN else ""
        notes.append(
            f"{path.name}: unknown events are kept and have no effect: {', '.join(names)}{more}"
        )
    return tuple(in_order)


def _rows(
    path: Path, columns: Sequence[str], notes: list[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the number and the cells, in the order of `columns`, of each whole line."""
    try:
        with path.open("rb") as file:
            first = file.readline()
            names = _text(path, 1, first.removeprefix(b"\xef\xbb\xbf")).split("\t")
            places = _places(path, names, columns, notes)
            for line_number, line in enumerate(file, start=2):
                if not line.endswith(b"\n"):
                    notes.append(f"{path.name}: the last line, {line_number}, is cut off: left out")
                    return
                text = _text(path, line_number, line)
                if not text:
                    continue
                cells = text.split("\t")
                if len(cells) != len(names):
                    raise RecordingError(
                        f"{path}, line {line_number}: it has {len(cells)} cells, "
                        f"its columns are {len(names)}"
                    )
                yield line_number, tuple([cells[place] for place in places])
    except OSError as error:
        raise _unreadable(path, error) from error


def _text(path: Path, line_number: int, line: bytes) -> str:
    try:
        return line.rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}, line {line_number}: it is not UTF-8 text") from error


def _places(
    path: Path, names: Sequence[str], columns: Sequence[str], notes: list[str]
) -> list[int]:
    for column in columns:
        if names.count(column) != 1:
            how = "is missing" if column not in names else "appears twice"
            raise RecordingError(f"{path}, line 1: the column {column} {how}")
    if len(names) > len(columns):
        notes.append(f"{path.name}: {len(names) - len(columns)} further columns are ignored")
    return [names.index(column) for column in columns]


def _unreadable(path: Path, error: OSError) -> RecordingError:
    if isinstance(error, FileNotFoundError):
        return RecordingError(f"{path}: this file of the recording is missing")
    return RecordingError(f"{path}: it cannot be read: {error.strerror or error}")
