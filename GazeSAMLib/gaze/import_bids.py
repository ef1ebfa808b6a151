"""Read eye tracking of a BIDS dataset (``*_physio.tsv.gz`` with ``PhysioType: eyetrack``)."""

import gzip
import itertools
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.bids_files import PHYSIO_SUFFIX, eye_files, sidecar
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.import_samples import (
    Circumstances,
    DisplaySize,
    SampleCollector,
    assemble,
    decoded,
    eye_at,
    median,
    number,
)
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.recording_table import event_from_cells
from GazeSAMLib.gaze.sample import EyeSample

_NS_PER_UNIT = {"s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "μs": 1e3, "ns": 1.0}
_PIXELS = ("pixel", "pixels", "px", "")
_LOST = eye_at(math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class _Track:
    """One file: what was recorded of one eye, or of both together."""

    path: Path
    metadata: Mapping[str, Any]
    rows: list[list[str]]
    columns: dict[str, int]

    @property
    def eye(self) -> str:
        return str(self.metadata.get("RecordedEye", "cyclopean")).lower()

    def cell(self, row: Sequence[str], name: str) -> str:
        return row[self.columns[name]] if name in self.columns else ""


def read_bids(path: Path, told: DisplaySize) -> Recording:
    """Read a run's recordings, given one of its files; both eyes are put together.

    Where a run has the left or the right eye, a recording of both together is left aside.

    Raises
    ------
    RecordingError
        If a file is damaged, is no eye tracking or has coordinates of an unknown kind, or the
        display is not described well enough.
    """
    tracks = [_read_track(one) for one in eye_files(path)]
    tracks = [track for track in tracks if track.metadata.get("PhysioType") == "eyetrack"]
    if not tracks:
        raise RecordingError(f'{path}: its JSON file does not say "PhysioType": "eyetrack"')
    own = [track for track in tracks if track.eye in ("left", "right")] or tracks
    stem = path.name.removesuffix(PHYSIO_SUFFIX).split("_recording-")[0]
    screen = sidecar(path.with_name(f"{stem}_events.json")).get("StimulusPresentation", {})
    display, origin = told.completed_by(_display(screen)), _origin(path, screen)
    by_time: dict[int, dict[str, EyeSample]] = {}
    notes: list[str] = []
    for track in own:
        ns_per_unit = _ns_per_unit(track)
        for row in track.rows:
            t_ns = _t_ns(track.cell(row, "timestamp"), ns_per_unit)
            if t_ns is not None:
                by_time.setdefault(t_ns, {})[track.eye] = _eye(track, row, display, origin)
        without_time = [
            row for row in track.rows if _t_ns(track.cell(row, "timestamp"), ns_per_unit) is None
        ]
        if without_time:
            notes.append(f"{track.path.name}: {len(without_time)} samples have no time: left out")
    collector = SampleCollector()
    both = {track.eye for track in own}
    for t_ns in sorted(by_time):
        eyes = by_time[t_ns]
        left, right = (
            eyes.get("cyclopean") or (eyes.get(side, _LOST) if side in both else None)
            for side in ("left", "right")
        )
        collector.add(t_ns, left, right)
    metadata = own[0].metadata
    events = [event for track in tracks for event in _events(track, notes)]
    known = Circumstances(
        display, _tracker(metadata), tuple(notes), _text_or_none(metadata.get("ScanDigest"))
    )
    return assemble(path, told, known, collector.samples, events)


def _read_track(path: Path) -> _Track:
    metadata = sidecar(path)
    titles = metadata.get("Columns")
    if not isinstance(titles, list) or not {"timestamp", "x_coordinate", "y_coordinate"} <= {
        *map(str, titles)
    }:
        raise RecordingError(
            f'{path}: its JSON file must name its "Columns", among them timestamp, x_coordinate '
            "and y_coordinate"
        )
    rows = _rows(path, len(titles))
    return _Track(path, metadata, rows, {str(title): i for i, title in enumerate(titles)})


def _rows(path: Path, width: int) -> list[list[str]]:
    try:
        text = decoded(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{path}: it cannot be read: {error}") from error
    rows = [line.split("\t") for line in text.splitlines() if line]
    for line_number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise RecordingError(
                f"{path}, line {line_number}: it has {len(row)} cells, its columns are {width}"
            )
    return rows


def _ns_per_unit(track: _Track) -> float:
    unit = _unit(track, "timestamp")
    if unit in _NS_PER_UNIT:
        return _NS_PER_UNIT[unit]
    rate_hz = track.metadata.get("SamplingFrequency")
    times = [number(track.cell(row, "timestamp")) for row in track.rows]
    steps = [after - before for before, after in itertools.pairwise(times)]
    step = median([step for step in steps if step > 0.0])
    if not isinstance(rate_hz, int | float) or not rate_hz > 0.0 or math.isnan(step):
        return _NS_PER_UNIT["s"]
    # The unit in which the sampling frequency comes nearest to what is given.
    return min(
        (1e9, 1e6, 1e3, 1.0), key=lambda ns: abs(math.log(step * ns * 1e-9 * float(rate_hz)))
    )


def _t_ns(cell: str, ns_per_unit: float) -> int | None:
    """Return a time in whole nanoseconds: exactly, because 64-bit floats end at 104 days."""
    if not math.isfinite(number(cell)):
        return None
    return round(Decimal(cell.strip().replace(",", ".")) * int(ns_per_unit))


def _eye(
    track: _Track, row: Sequence[str], display: DisplaySize, origin: tuple[str, str]
) -> EyeSample:
    valid = track.cell(row, "valid") in ("", "1", "n/a")
    pupil = number(track.cell(row, "pupil_size"))
    pupil_mm = pupil if _unit(track, "pupil_size") == "mm" else math.nan
    if "x_display" in track.columns and "y_display" in track.columns:
        x, y = (number(track.cell(row, name)) for name in ("x_display", "y_display"))
        return eye_at(x, y, valid=valid, pupil_mm=pupil_mm)
    x = _fraction(track, row, "x_coordinate", display.width_px, display.width_mm)
    y = _fraction(track, row, "y_coordinate", display.height_px, display.height_mm)
    vertical, horizontal = origin
    x = {"left": x, "center": x + 0.5, "right": 1.0 + x}[horizontal]
    y = {"top": y, "center": y + 0.5, "bottom": 1.0 - y}[vertical]
    return eye_at(x, y, valid=valid, pupil_mm=pupil_mm)


def _fraction(
    track: _Track, row: Sequence[str], name: str, size_px: float | None, size_mm: float | None
) -> float:
    value, unit = number(track.cell(row, name)), _unit(track, name)
    sizes = dict.fromkeys(_PIXELS, size_px) | {
        "mm": size_mm,
        "cm": size_mm and size_mm / 10.0,
        "m": size_mm and size_mm / 1000.0,
    }
    if unit not in sizes:
        raise RecordingError(
            f"{track.path}: its {name} is in {unit!r}: pixels, mm, cm and m are understood"
        )
    size = sizes[unit]
    return value / size if size else math.nan


def _unit(track: _Track, column: str) -> str:
    described = track.metadata.get(column)
    units = described.get("Units", "") if isinstance(described, Mapping) else ""
    return str(units).strip().lower()


def _display(screen: object) -> DisplaySize:
    values = screen if isinstance(screen, Mapping) else {}
    width_px, height_px = _pair(values.get("ScreenResolution"))
    width_m, height_m = _pair(values.get("ScreenSize"))
    distance = values.get("ScreenDistance")
    if isinstance(distance, list) and len(distance) == 3:
        distance = distance[2]
    distance_m = float(distance) if isinstance(distance, int | float) else None
    return DisplaySize(
        width_px,
        height_px,
        width_m and 1000.0 * width_m,
        height_m and 1000.0 * height_m,
        distance_m and 1000.0 * distance_m,
    )


def _pair(values: object) -> tuple[float | None, float | None]:
    if isinstance(values, list) and len(values) == 2:
        return (
            float(values[0]) if isinstance(values[0], int | float) else None,
            float(values[1]) if isinstance(values[1], int | float) else None,
        )
    return None, None


def _origin(path: Path, screen: object) -> tuple[str, str]:
    values = screen.get("ScreenOrigin") if isinstance(screen, Mapping) else None
    if values is None:
        return ("top", "left")
    known = isinstance(values, list) and len(values) == 2
    if (
        known
        and values[0] in ("top", "center", "bottom")
        and values[1] in ("left", "center", "right")
    ):
        return (values[0], values[1])
    raise RecordingError(f'{path}: "ScreenOrigin" must be such as ["top", "left"]')


def _tracker(metadata: Mapping[str, Any]) -> Tracker:
    rate_hz = metadata.get("SamplingFrequency")
    known = isinstance(rate_hz, int | float) and not isinstance(rate_hz, bool)
    return Tracker(
        str(metadata.get("Manufacturer", "unknown")),
        str(metadata.get("ManufacturersModelName", "")),
        str(metadata.get("DeviceSerialNumber", "")),
        float(rate_hz) if known and 0.0 < float(rate_hz) < math.inf else None,  # type: ignore[arg-type]
    )


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _events(track: _Track, notes: list[str]) -> list[Event]:
    """Return GazeSAM's events in the file that goes with a recording."""
    path = track.path.with_name(track.path.name.replace("_physio.", "_physioevents."))
    if not path.is_file():
        return []
    titles = [str(title) for title in sidecar(path).get("Columns", [])]
    if not {"onset", "trial_type", "message"} <= {*titles}:
        return []
    ns_per_unit, known, events, others = _ns_per_unit(track), {*EventKind}, [], 0
    for line_number, row in enumerate(_rows(path, len(titles)), start=1):
        cells = dict(zip(titles, row, strict=True))
        t_ns = _t_ns(cells["onset"], ns_per_unit)
        if cells["trial_type"] not in known or t_ns is None:
            others += 1
            continue
        try:
            event = event_from_cells((str(t_ns), cells["trial_type"], cells["message"]))
        except ValueError as error:
            raise RecordingError(f"{path}, line {line_number}: {error}") from error
        events += [event] if event is not None else []
    if others:
        notes.append(f"{path.name}: {others} events are none of GazeSAM's: left out")
    return events
