"""A recording of looks that are known beforehand."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from GazeSAMLib import __version__
from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording_header import RecordingHeader, Tracker
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.performance import Performance

ARRIVAL_MS = 500.0  # before the first look and after the last
KEY_TO_NEXT_MS = 180.0  # from one key to the next of the same hand


@dataclass(frozen=True, eq=False)
class PlannedLook:
    """A look, or several in a row, and the key that follows.

    Attributes
    ----------
    view : SliceView
        Where the reader looks; a ``view`` event is written where it differs from before.
    targets_local_ras : tuple of LocalRasPoint
        Looked at one after the other.
    dwell_ms : float
        Shortest time on each target.
    key : EventKind or None
        Pressed while the last target is looked at.
    segment : str or None
        The segment that is to be current; None leaves it as it is.
    other_views : tuple of SliceView
        Shown at the same time.
    """

    view: SliceView
    targets_local_ras: tuple[LocalRasPoint, ...]
    dwell_ms: float = 500.0
    key: EventKind | None = EventKind.ACCEPT
    segment: str | None = None
    other_views: tuple[SliceView, ...] = ()


def record_looks(
    folder: Path,
    looks: Iterable[PlannedLook],
    *,
    display: DisplayGeometry,
    scan_digest: str | None,
    options: ReaderOptions | None = None,
    seed: int = 0,
) -> None:
    """Write the recording of a reader who looks as planned; same seed, same bytes.

    Parameters
    ----------
    folder : Path
        Made; must hold no recording yet.
    looks : iterable of PlannedLook
        In their order.
    display : DisplayGeometry
        The tracked display.
    scan_digest : str or None
        Digest of the scan that the targets lie in.
    options : ReaderOptions or None
        The tracker's error and the reader's habits; None takes the defaults.
    seed : int
        Of everything random.

    Raises
    ------
    RecordingError
        If the folder holds a recording already or cannot be written to.
    """
    options = options or ReaderOptions()
    with RecordingWriter(folder, header_for(display, scan_digest, options)) as writer:
        take = RecordingTaker(writer)
        performance = Performance(display, options, seed, take)
        current: str | None = None
        for number, look in enumerate(looks):
            performance.show((look.view, *look.other_views))
            if number == 0:
                performance.hold(ARRIVAL_MS)
            if look.segment is not None and look.segment != current:
                current = look.segment
                performance.press(EventKind.NEXT_SEGMENT, segment=look.segment)
                performance.hold(KEY_TO_NEXT_MS)
            _perform(performance, look)
        performance.hold(ARRIVAL_MS)
        take.flush()


def _perform(performance: Performance, look: PlannedLook) -> None:
    performance.look_away_at_times()
    for number, target in enumerate(look.targets_local_ras, start=1):
        performance.look_at_target(look.view, target)
        last = number == len(look.targets_local_ras)
        if look.key is None or not last:
            performance.hold(look.dwell_ms)
            continue
        delay_ms = performance.key_delay_ms()
        performance.press(look.key, delay_ms)
        performance.hold(max(look.dwell_ms, delay_ms + KEY_TO_NEXT_MS))


def header_for(
    display: DisplayGeometry, scan_digest: str | None, options: ReaderOptions
) -> RecordingHeader:
    """Return the header of a simulated recording.

    It keeps silent about the constant error and the time of day: a tracker does not know
    the one, and the other would make each recording differ.
    """
    return RecordingHeader(
        display_left_px=display.left_px,
        display_top_px=display.top_px,
        display_width_px=display.width_px,
        display_height_px=display.height_px,
        display_width_mm=display.width_mm,
        display_height_mm=display.height_mm,
        distance_mm=display.distance_mm,
        tracker=Tracker("virtual reader", rate_hz=options.rate_hz),
        scan_digest=scan_digest,
        precision_rms_deg=options.precision_rms_deg,
        software_version=__version__,
    )


class RecordingTaker:
    """Puts samples and events into a recording, samples in batches."""

    BATCH = 256

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self._samples: list[GazeSample] = []

    def __call__(self, item: GazeSample | Event) -> None:
        """Take the next sample or event."""
        if isinstance(item, Event):
            self._writer.add_event(item)
            return
        self._samples.append(item)
        if len(self._samples) >= self.BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what has been taken."""
        self._writer.add_samples(self._samples)
        self._samples.clear()
