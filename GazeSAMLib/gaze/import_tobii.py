"""Read a text export of Tobii Pro Lab (``.tsv``).

Column names differ between its versions: with the unit in brackets or parentheses or without
one, coordinates named DACS or ADCS, timestamps in milliseconds or microseconds.
"""

import itertools
import math
import re
from pathlib import Path
from typing import Final

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.import_samples import (
    Circumstances,
    DisplaySize,
    SampleCollector,
    assemble,
    event_of_message,
    eye_at,
    median,
    number,
    read_text,
)
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import EyeSample

TIME_COLUMN: Final = "recording timestamp"
_UNIT = re.compile(r"\s*[\[(]([^\])]*)[\])]\s*$")
_NS_PER_UNIT = {"ms": 1e6, "μs": 1e3, "µs": 1e3, "us": 1e3, "s": 1e9}
_SLOWEST_MS = 200.0  # between samples: five a second; a microsecond timestamp shows 500 and more


def read_tobii(path: Path, told: DisplaySize) -> Recording:
    """Read the file; of its events, those whose text begins with ``gazesam`` are kept.

    Raises
    ------
    RecordingError
        If it is no such export, or the display is not described well enough.
    """
    lines = read_text(path).splitlines()
    columns = _Columns(lines[0] if lines else "")
    if not columns.has(TIME_COLUMN) or not columns.has_gaze:
        raise RecordingError(
            f"{path}: it is no Tobii Pro Lab export with 'Recording timestamp' and 'Gaze point' "
            "columns; export the gaze data as a single .tsv file"
        )
    rows = [line.split("\t") for line in lines[1:] if line.strip()]
    samples = [row for row in rows if _is_gaze(columns, row)]
    ns_per_unit, notes = _time_unit(path, columns, samples)
    display = told.completed_by(_display(columns, samples))
    collector = SampleCollector()
    for row in samples:
        t_ns = _whole(number(columns.cell(row, TIME_COLUMN)) * ns_per_unit)
        collector.add(
            t_ns, _eye(columns, row, "left", display), _eye(columns, row, "right", display)
        )
    events, left_out = [], 0
    for line_number, row in enumerate(rows, start=2):
        event = _event(path, line_number, columns, row, ns_per_unit)
        events += [event] if event is not None else []
        left_out += event is None and bool(columns.cell(row, "event"))
    notes += collector.notes(path)
    if left_out:
        notes.append(f"{path.name}: {left_out} events do not begin with 'gazesam': left out")
    known = Circumstances(display, Tracker("Tobii Pro Lab"), tuple(notes))
    return assemble(path, told, known, collector.samples, events)


class _Columns:
    """Finds cells by the names of columns, in lower case and without their unit."""

    def __init__(self, line: str) -> None:
        self._place: dict[tuple[str, str], int] = {}
        for place, title in enumerate(line.split("\t")):
            unit = _UNIT.search(title)
            name = _UNIT.sub("", title).strip().lower()
            kind = unit[1].strip().lower() if unit else ""
            kind = kind.replace("dacs", "").replace("adcs", "").strip()
            self._place.setdefault((name, kind), place)

    def has(self, name: str) -> bool:
        return any(known == name for known, _ in self._place)

    @property
    def has_gaze(self) -> bool:
        return self.has("gaze point left x") or self.has("gaze point x")

    def unit(self, name: str) -> str:
        return next(kind for known, kind in self._place if known == name)

    def cell(self, row: list[str], name: str, *kinds: str) -> str:
        for kind in kinds or ("", "ms", "μs", "µs", "mm", "px", "s"):
            place = self._place.get((name, kind))
            if place is not None and place < len(row):
                return row[place]
        return ""


def _whole(value: float) -> float:
    """Round to a whole number; what is not finite stays."""
    return round(value) if math.isfinite(value) else value


def _is_gaze(columns: _Columns, row: list[str]) -> bool:
    # Mouse, keys and events have lines of their own; without a sensor column all are samples.
    return not columns.has("sensor") or columns.cell(row, "sensor").lower() == "eye tracker"


def _time_unit(path: Path, columns: _Columns, rows: list[list[str]]) -> tuple[float, list[str]]:
    unit = columns.unit(TIME_COLUMN)
    if unit in _NS_PER_UNIT:
        return _NS_PER_UNIT[unit], []
    times = [number(columns.cell(row, TIME_COLUMN)) for row in rows]
    steps = [after - before for before, after in itertools.pairwise(times)]
    unit = "ms" if median([step for step in steps if step > 0]) < _SLOWEST_MS else "us"
    return _NS_PER_UNIT[unit], [
        f"{path.name}: the unit of its timestamps is not given, taken to be {unit} by their steps"
    ]


def _display(columns: _Columns, rows: list[list[str]]) -> DisplaySize:
    width, height = (
        next(filter(math.isfinite, (number(columns.cell(row, name)) for row in rows)), None)
        for name in ("recording resolution width", "recording resolution height")
    )
    away_mm = [
        abs(number(columns.cell(row, f"eye position {side} z", "mm", "")))
        for row in rows
        for side in ("left", "right")
    ]
    distance_mm = median([mm for mm in away_mm if mm > 0.0])
    return DisplaySize(width, height, distance_mm=None if math.isnan(distance_mm) else distance_mm)


def _eye(columns: _Columns, row: list[str], side: str, display: DisplaySize) -> EyeSample | None:
    has_own = columns.has(f"gaze point {side} x")
    name = f"gaze point {side}" if has_own else "gaze point"
    if not columns.has(f"{name} x"):
        return None
    x, y = (
        _fraction(columns, row, f"{name} {axis}", size)
        for axis, size in (("x", display.width_px), ("y", display.height_px))
    )
    validity = columns.cell(row, f"validity {side}").strip().lower()
    valid = validity in ("valid", "0", "1", "") if has_own else True  # 2 to 4: Tobii Studio
    pupil_mm = number(columns.cell(row, f"pupil diameter {side}"))
    return eye_at(x, y, valid=valid, pupil_mm=pupil_mm)


def _fraction(columns: _Columns, row: list[str], name: str, size_px: float | None) -> float:
    pixels = number(columns.cell(row, name, "px", ""))
    if math.isfinite(pixels):
        return pixels / size_px if size_px else math.nan
    return number(columns.cell(row, name, "norm"))


def _event(
    path: Path, line_number: int, columns: _Columns, row: list[str], ns_per_unit: float
) -> Event | None:
    t_ns = _whole(number(columns.cell(row, TIME_COLUMN)) * ns_per_unit)
    try:
        for name in ("event", "event value"):
            event = event_of_message(t_ns, columns.cell(row, name))
            if event is not None:
                return event
    except ValueError as error:
        raise RecordingError(f"{path}, line {line_number}: {error}") from error
    return None
