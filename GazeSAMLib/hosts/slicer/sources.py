"""The gaze sources that can be chosen in Slicer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slicer.i18n import tr as _

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.gaze.import_samples import DisplaySize
from GazeSAMLib.gaze.lsl_decoder import TrackedDisplay
from GazeSAMLib.gaze.registry import SourceEntry, gaze_sources, make_source
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.feeds import Feed, PointerFeed, ReplayFeed, TrackerFeed
from GazeSAMLib.hosts.slicer.feeds_tcp import QtLink
from GazeSAMLib.hosts.slicer.settings import data_folder

POINTER, REPLAY = "pointer", "replay"
CHANNEL_FILE = "lsl-channels.json"
TYPICAL_ACCURACY_DEG = 0.5
# The pointer is where it is: this is the hand's.
POINTER_ACCURACY_DEG = 0.05


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A gaze source that can be chosen.

    Attributes
    ----------
    name : str
        In the settings.
    label, hint : str
        For people.
    missing : tuple of str
        Packages that it needs and Slicer's Python lacks.
    make : callable
        Makes the feed, from the tracked display and the folder of a recording.
    """

    name: str
    label: str
    hint: str
    missing: tuple[str, ...]
    make: Callable[[DisplayGeometry, Path], Feed]

    @property
    def replays(self) -> bool:
        """Whether it needs the folder of a recording."""
        return self.name == REPLAY


def source_choices() -> list[SourceChoice]:
    """Return the sources that can be chosen, the default first."""
    pointer = SourceChoice(
        POINTER,
        _("Mouse pointer (no eye tracker)"),
        _("The mouse pointer stands in for the gaze: rest it on a structure."),
        (),
        lambda display, _folder: PointerFeed(display),
    )
    replay = SourceChoice(
        REPLAY,
        _("Replay of a recording"),
        _(
            "A recording of this scan: gaze, keys and slices as they were. "
            "A file of Tobii Pro Lab, EyeLink or BIDS is read too."
        ),
        (),
        lambda display, path: ReplayFeed(read_gaze(path, _told(display))),
    )
    trackers = [_tracker(each) for name, each in gaze_sources().items() if name != REPLAY]
    return [pointer, *trackers, replay]


def typical_accuracy_deg(tracker_name: str) -> float:
    """Return how far the gaze of a tracker is typically off, until a check has told."""
    return POINTER_ACCURACY_DEG if tracker_name == POINTER else TYPICAL_ACCURACY_DEG


def _tracker(entry: SourceEntry) -> SourceChoice:
    labels = {
        "lsl": _("Lab Streaming Layer (any tracker; Tobii through its bridge)"),
        "opengaze": _("Gazepoint (Gazepoint Control)"),
        "pupil": _("Pupil Core (Pupil Capture)"),
    }

    def make(display: DisplayGeometry, _folder: Path) -> Feed:
        if entry.missing:
            raise TrackerError(
                _("this source needs {packages}: press Install in the section Gaze").format(
                    packages=", ".join(entry.missing)
                )
            )
        options = {
            "lsl": lambda: {"display": _tracked(display), "channel_file": channel_file()},
            "opengaze": lambda: {"link": QtLink},
        }.get(entry.name, dict)()
        return TrackerFeed(make_source(entry.name, **options), entry.name)

    label = labels.get(entry.name, entry.name)
    return SourceChoice(entry.name, label, entry.summary, entry.missing, make)


def channel_file() -> Path | None:
    """Return the user's own word on streams' channels (docs/trackers.md); None without one."""
    path = data_folder() / CHANNEL_FILE
    return path if path.is_file() else None


def _told(display: DisplayGeometry) -> DisplaySize:
    """Return what other programs' files lack: how large the display is, and how far."""
    return DisplaySize(
        width_mm=display.width_mm, height_mm=display.height_mm, distance_mm=display.distance_mm
    )


def _tracked(display: DisplayGeometry) -> TrackedDisplay:
    return TrackedDisplay(
        (display.width_px, display.height_px),
        (display.width_mm, display.height_mm),
        display.distance_mm,
    )
