"""Recording gaze, when the user asks for it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from GazeSAMLib import __version__
from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.hosts.slicer.monitors import Monitor


class GazeRecorder:
    """Writes a recording into a new folder of `parent`, named after the time.

    Parameters
    ----------
    parent : Path
        The folder that the user chose.
    monitor : Monitor
        The tracked one.
    tracker : Tracker
        Where the gaze comes from.
    scan_digest : str
        Of the scan that is looked at.
    offset_deg : tuple of float
        The drift correction: measured minus true gaze.

    Attributes
    ----------
    folder : Path
        The recording.

    Raises
    ------
    RecordingError
        If nothing can be written there.
    """

    def __init__(
        self,
        parent: Path,
        monitor: Monitor,
        tracker: Tracker,
        scan_digest: str,
        offset_deg: tuple[float, float],
    ) -> None:
        now = datetime.now().astimezone()
        self.folder = parent / f"gaze-{now:%Y-%m-%dT%H%M%S}"
        header = RecordingHeader(
            display_left_px=monitor.left_px,
            display_top_px=monitor.top_px,
            display_width_px=monitor.width_px,
            display_height_px=monitor.height_px,
            display_width_mm=monitor.width_mm,
            display_height_mm=monitor.height_mm,
            distance_mm=monitor.distance_mm,
            tracker=tracker,
            scan_digest=scan_digest,
            offset_deg=offset_deg,
            created=now.isoformat(timespec="seconds"),
            software_version=f"GazeSAM {__version__}",
        )
        if not parent.is_dir():
            raise RecordingError(f"the folder {parent} does not exist: choose another one")
        self._writer = RecordingWriter(self.folder, header)

    def add_samples(self, samples: Iterable[GazeSample]) -> None:
        """Append samples.

        Raises
        ------
        RecordingError
            If the disk is full or fails; what is on it stays whole.
        """
        self._writer.add_samples(samples)

    def add_event(self, event: Event) -> None:
        """Append an event.

        Raises
        ------
        RecordingError
            As :meth:`add_samples`.
        """
        self._writer.add_event(event)

    def close(self) -> None:
        """Force everything onto the disk.

        Raises
        ------
        RecordingError
            If the disk fails.
        """
        self._writer.close()


class RecordingTap:
    """Passes on to a recorder, while there is one, what goes through a session.

    A recording that fails ends; the session goes on.

    Parameters
    ----------
    tell : callable
        Takes a sentence for the reader.

    Attributes
    ----------
    recorder : GazeRecorder or None
        None while nothing is recorded.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.recorder: GazeRecorder | None = None
        self._tell = tell

    def switch(self, recorder: GazeRecorder | None, first: Iterable[Event] = ()) -> None:
        """Record from now on, beginning with the events `first`; None ends the recording."""
        ended, self.recorder = self.recorder, recorder
        for event in first:
            self.add_event(event)
        if ended is not None:
            ended.close()

    def add_samples(self, samples: Sequence[GazeSample]) -> None:
        """Record samples."""
        if samples:
            self._do(lambda recorder: recorder.add_samples(samples))

    def add_event(self, event: Event) -> None:
        """Record an event."""
        self._do(lambda recorder: recorder.add_event(event))

    def _do(self, write: Callable[[GazeRecorder], None]) -> None:
        if self.recorder is None:
            return
        try:
            write(self.recorder)
        except RecordingError as error:
            self.recorder = None
            self._tell(str(error))
