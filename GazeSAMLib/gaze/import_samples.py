"""What all foreign recordings share: the display that they may not describe, and their samples."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from pathlib import Path

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.recording_table import event_from_cells
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.gaze.sample_table import SampleTable

_NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")
_MESSAGE = re.compile(r"gazesam\s+(\w+)\s*(\{.*\})?\s*", re.IGNORECASE | re.DOTALL)
_TIME_LIMIT_NS = 2**62


@dataclass(frozen=True, slots=True)
class DisplaySize:
    """The tracked display as far as it is known; None is unknown.

    Attributes
    ----------
    width_px, height_px : float or None
        Its resolution.
    width_mm, height_mm : float or None
        Size of its lit area.
    distance_mm : float or None
        From the eye to its centre.
    """

    width_px: float | None = None
    height_px: float | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    distance_mm: float | None = None

    def completed_by(self, other: "DisplaySize") -> "DisplaySize":
        """Return this one with what it lacks taken from `other`."""
        lacking = {
            f.name: getattr(other, f.name) for f in fields(self) if not getattr(self, f.name)
        }
        return replace(self, **lacking)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a foreign file says beside its samples: display, tracker, notes for the user."""

    display: DisplaySize
    tracker: Tracker
    notes: tuple[str, ...] = ()
    scan_digest: str | None = None


class SampleCollector:
    """Takes samples in the order of a file; those whose time does not rise are left out."""

    def __init__(self) -> None:
        self.samples = SampleTable()
        self._latest_ns: float = -math.inf
        self._left_out: Counter[str] = Counter()

    def add(self, t_ns: float, left: EyeSample | None, right: EyeSample | None) -> None:
        """Take the next sample; `t_ns` may be NaN. The file's time is the device's too."""
        if not abs(t_ns) < _TIME_LIMIT_NS:
            self._left_out["have no time"] += 1
        elif t_ns == self._latest_ns:
            self._left_out["repeat the time of the one before"] += 1
        elif t_ns < self._latest_ns:
            self._left_out["go back in time"] += 1
        else:
            self._latest_ns = t_ns
            self.samples.append(GazeSample(int(t_ns), left, right, int(t_ns)))

    def notes(self, path: Path) -> list[str]:
        """Return what was left out, a sentence each."""
        return [f"{path.name}: {n} samples {why}: left out" for why, n in self._left_out.items()]


def assemble(
    path: Path,
    told: DisplaySize,
    known: Circumstances,
    samples: SampleTable,
    events: Iterable[Event],
) -> Recording:
    """Return the recording; what the user told of the display goes before what the file says.

    Raises
    ------
    RecordingError
        If the file holds no samples, or neither says how large the display is.
    """
    if not len(samples):
        raise RecordingError(f"{path}: it holds no gaze samples")
    display = told.completed_by(known.display)
    lacking = {
        "the display's resolution (--display)": display.width_px and display.height_px,
        "the display's size in mm (--display-mm)": display.width_mm and display.height_mm,
        "the distance from eye to display (--distance-mm)": display.distance_mm,
    }
    unknown = [what for what, value in lacking.items() if not value]
    if unknown:
        raise RecordingError(f"{path}: it does not say {', nor '.join(unknown)}: give it")
    header = RecordingHeader(
        display_left_px=0.0,
        display_top_px=0.0,
        display_width_px=display.width_px or math.nan,
        display_height_px=display.height_px or math.nan,
        display_width_mm=display.width_mm or math.nan,
        display_height_mm=display.height_mm or math.nan,
        distance_mm=display.distance_mm or math.nan,
        tracker=known.tracker,
        scan_digest=known.scan_digest,
    )
    in_order = tuple(sorted(events, key=attrgetter("t_ns")))
    return Recording(header, samples, in_order, known.notes)


def eye_at(
    x_display: float, y_display: float, *, valid: bool = True, pupil_mm: float = math.nan
) -> EyeSample:
    """Return an eye that counts only where its position is finite."""
    point = DisplayPoint(x_display, y_display)
    seen = valid and math.isfinite(x_display) and math.isfinite(y_display)
    return EyeSample(point, seen, pupil_mm if 0.0 < pupil_mm < math.inf else None)


def number(cell: str) -> float:
    """Return the number in a cell, with a decimal point or comma; NaN where there is none."""
    cell = cell.strip()
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else math.nan


def event_of_message(t_ns: float, message: str) -> Event | None:
    """Return the event of a message such as ``gazesam accept`` or ``gazesam view {...}``.

    Other messages give None: they may hold anything, names of people too.

    Raises
    ------
    ValueError
        If the details are no JSON object.
    """
    found = _MESSAGE.fullmatch(message.strip())
    if found is None or not abs(t_ns) < _TIME_LIMIT_NS:
        return None
    return event_from_cells((str(int(t_ns)), found[1].lower(), found[2] or ""))


def read_text(path: Path) -> str:
    """Return the text of a file, in UTF-8, UTF-16 with its mark, or Latin-1.

    Raises
    ------
    RecordingError
        If it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"{path}: it cannot be read: {error.strerror or error}") from error
    return decoded(data)


def decoded(data: bytes) -> str:
    """Return the text of bytes in UTF-8, UTF-16 with its mark, or Latin-1."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def median(values: Sequence[float]) -> float:
    """Return the median of the finite values; NaN where there are none."""
    finite = sorted(value for value in values if math.isfinite(value))
    return finite[len(finite) // 2] if finite else math.nan
