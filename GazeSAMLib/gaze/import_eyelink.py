"""Read an EyeLink recording as text (``.asc``, made with SR Research's edf2asc).

References
----------
SR Research. EyeLink 1000 Plus user manual, section "The ASC file format".
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.import_samples import (
    Circumstances,
    DisplaySize,
    SampleCollector,
    assemble,
    event_of_message,
    eye_at,
    number,
    read_text,
)
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.gaze.sample import EyeSample

_COORDS = re.compile(r"(?:GAZE|DISPLAY)_COORDS\s+" + r"(-?[\d.]+)\s+" * 3 + r"(-?[\d.]+)")
_TIME = re.compile(r"\d{1,15}(?:\.\d+)?")
_NS_PER_MS = 1e6


def read_eyelink(path: Path, told: DisplaySize) -> Recording:
    """Read the file; of its messages, those that begin with ``gazesam`` are kept.

    EyeLink measures pupils in units of its camera, so their diameters stay unknown.

    Raises
    ------
    RecordingError
        If it is no such file, holds no gaze in screen coordinates, or the display is not
        described well enough.
    """
    reader = _AscReader(path, told)
    for line_number, line in enumerate(read_text(path).splitlines(), start=1):
        reader.take(line_number, line)
    if not reader.described:
        raise RecordingError(
            f"{path}: it is no EyeLink recording with gaze samples (no line 'SAMPLES GAZE'); "
            "convert the .edf with edf2asc and keep its samples"
        )
    known = Circumstances(reader.display, reader.tracker, tuple(reader.notes()))
    return assemble(path, told, known, reader.collector.samples, reader.events)


class _AscReader:
    """Takes the lines of a file, one after the other."""

    def __init__(self, path: Path, told: DisplaySize) -> None:
        self.collector = SampleCollector()
        self.events: list[Event] = []
        self.display = told
        self.tracker = Tracker("EyeLink")
        self.described = False
        self._path = path
        self._eyes: tuple[str, ...] = ()
        self._left = self._top = 0.0
        self._messages_left_out = 0

    def take(self, line_number: int, line: str) -> None:
        """Take one line; what is neither sample nor message nor description has no effect."""
        words = line.split()
        if not words:
            return
        if _TIME.fullmatch(words[0]):
            if self.described:
                self._sample(words)
        elif words[0] == "MSG" and len(words) >= 3:
            self._message(line_number, words[1], line.split(words[1], 1)[1].strip())
        elif words[0] == "SAMPLES":
            self._describe(line_number, words)
        elif line.startswith("** EYELINK"):
            self.tracker = Tracker("EyeLink", line.strip("* "), rate_hz=self.tracker.rate_hz)

    def notes(self) -> list[str]:
        """Return what was left out, a sentence each."""
        notes = self.collector.notes(self._path)
        if self._messages_left_out:
            notes.append(
                f"{self._path.name}: {self._messages_left_out} messages do not begin with "
                "'gazesam': left out"
            )
        return notes

    def _describe(self, line_number: int, words: Sequence[str]) -> None:
        if "GAZE" not in words:
            raise RecordingError(
                f"{self._path}, line {line_number}: its samples are not gaze on the screen "
                f"({' '.join(words[1:3])}); convert the .edf with edf2asc -sg"
            )
        self.described = True
        self._eyes = tuple(side.lower() for side in ("LEFT", "RIGHT") if side in words)
        rate_hz = number(words[words.index("RATE") + 1]) if "RATE" in words[:-1] else math.nan
        if rate_hz > 0.0:
            self.tracker = Tracker("EyeLink", self.tracker.model, rate_hz=rate_hz)

    def _message(self, line_number: int, time: str, text: str) -> None:
        coords = _COORDS.search(text)
        if coords is not None:
            self._left, self._top = number(coords[1]), number(coords[2])
            # The coordinates are those of the outermost pixels.
            width_px = number(coords[3]) - self._left + 1.0
            height_px = number(coords[4]) - self._top + 1.0
            if width_px > 1.0 and height_px > 1.0:
                self.display = replace(self.display, width_px=width_px, height_px=height_px)
            return
        try:
            event = event_of_message(_t_ns(time), text)
        except ValueError as error:
            raise RecordingError(f"{self._path}, line {line_number}: {error}") from error
        if event is None:
            self._messages_left_out += 1
        else:
            self.events.append(event)

    def _sample(self, words: Sequence[str]) -> None:
        eyes: dict[str, EyeSample] = {}
        for place, side in enumerate(self._eyes):
            cells = words[1 + 3 * place : 4 + 3 * place]
            x, y = (number(cell) for cell in (*cells, ".", ".")[:2])
            width_px, height_px = self.display.width_px, self.display.height_px
            # A pixel's number stands for its centre.
            x = (x - self._left + 0.5) / width_px if width_px else math.nan
            y = (y - self._top + 0.5) / height_px if height_px else math.nan
            eyes[side] = eye_at(x, y)
        self.collector.add(_t_ns(words[0]), eyes.get("left"), eyes.get("right"))


def _t_ns(time: str) -> float:
    t_ms = number(time)
    return round(t_ms * _NS_PER_MS) if math.isfinite(t_ms) else math.nan
