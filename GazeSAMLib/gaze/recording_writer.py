"""Write a recording while it happens."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording import EVENTS_NAME, HEADER_NAME, SAMPLES_NAME
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.gaze.recording_table import EVENT_COLUMNS, SAMPLE_COLUMNS, event_line, sample_line
from GazeSAMLib.gaze.sample import GazeSample


class RecordingWriter:
    """Appends samples and events to a new recording.

    Each call hands whole lines to the operating system before it returns: a process that
    dies loses nothing it has added. `close` also forces them onto the disk.

    Parameters
    ----------
    folder : str or path-like
        Made if it does not exist; must hold no recording yet.
    header : RecordingHeader
        Written last, so that a folder with ``recording.json`` has all its files.

    Raises
    ------
    RecordingError
        If the folder already holds a recording or cannot be written to.
    """

    def __init__(self, folder: str | os.PathLike[str], header: RecordingHeader) -> None:
        self._folder = Path(folder)
        for name in (HEADER_NAME, SAMPLES_NAME, EVENTS_NAME):
            if (self._folder / name).exists():
                raise RecordingError(
                    f"{self._folder}: it already holds a recording ({name}); give another folder"
                )
        with contextlib.ExitStack() as undo:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._samples = self._new_file(SAMPLES_NAME, SAMPLE_COLUMNS, undo)
                self._events = self._new_file(EVENTS_NAME, EVENT_COLUMNS, undo)
                _write_whole(self._folder / HEADER_NAME, header.to_json())
            except OSError as error:
                raise RecordingError(
                    f"{self._folder}: no recording can be made here: {error.strerror or error}"
                ) from error
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def add_samples(self, samples: Iterable[GazeSample]) -> None:
        """Append samples.

        Raises
        ------
        RecordingError
            If the disk is full or fails; what is on it stays whole, and adding may be
            tried again.
        """
        self._samples.append("".join(map(sample_line, samples)))

    def add_event(self, event: Event) -> None:
        """Append an event.

        Raises
        ------
        RecordingError
            As for `add_samples`, or if the event's name or details cannot be written down.
        """
        try:
            line = event_line(event)
        except ValueError as error:
            raise RecordingError(f"{self._folder / EVENTS_NAME}: {error}") from error
        self._events.append(line)

    def close(self) -> None:
        """Force everything onto the disk; closing twice is harmless.

        Raises
        ------
        RecordingError
            If the disk fails.
        """
        try:
            self._samples.close()
        finally:
            self._events.close()

    def _new_file(
        self, name: str, columns: Iterable[str], undo: contextlib.ExitStack
    ) -> "_LineFile":
        path = self._folder / name
        file = _LineFile(path)
        undo.callback(path.unlink, missing_ok=True)
        undo.callback(file.close)
        file.append("\t".join(columns) + "\n")
        return file


class _LineFile:
    """A new file that only ever grows by whole lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._size = 0

    def append(self, text: str) -> None:
        """Write whole lines; on failure keep those that are whole."""
        if self._file.closed:
            raise RecordingError(f"{self._path}: the recording is closed")
        data = text.encode()
        written = 0
        try:
            # Not at the end of the file: what a failed write left there is written over.
            self._file.seek(self._size)
            while written < len(data):
                written += self._file.write(memoryview(data)[written:])
        except OSError as error:
            raise RecordingError(
                f"{self._path}: the recording cannot go on: {error.strerror or error}; "
                "what was recorded before is kept"
            ) from error
        finally:
            self._size += data.rfind(b"\n", 0, written) + 1
            if written < len(data):
                with contextlib.suppress(OSError):  # the reader leaves out a line without its end
                    self._file.truncate(self._size)

    def close(self) -> None:
        """Force the file onto the disk and close it."""
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RecordingError(
                f"{self._path}: the disk did not take the end of the recording: "
                f"{error.strerror or error}"
            ) from error
        finally:
            self._file.close()


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
