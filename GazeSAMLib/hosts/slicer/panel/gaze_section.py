"""The section "Gaze": where it comes from, and the monitor that it falls on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctk
from slicer.i18n import tr as _

from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.corrections import Corrections
from GazeSAMLib.hosts.slicer.dependencies import install_for_source
from GazeSAMLib.hosts.slicer.feeds import Feed
from GazeSAMLib.hosts.slicer.guard import Guard, sentence
from GazeSAMLib.hosts.slicer.live_session import LiveSession
from GazeSAMLib.hosts.slicer.monitors import Monitor, tracked_monitor
from GazeSAMLib.hosts.slicer.panel.accuracy_row import AccuracyRow
from GazeSAMLib.hosts.slicer.panel.monitor_rows import MonitorRows
from GazeSAMLib.hosts.slicer.panel.status_line import StatusLine
from GazeSAMLib.hosts.slicer.settings import keep_setting, setting
from GazeSAMLib.hosts.slicer.sources import SourceChoice, source_choices, typical_accuracy_deg


@dataclass(frozen=True, eq=False)
class GazeChoice:
    """What was chosen about the gaze.

    Attributes
    ----------
    feed : Feed
        Where it comes from.
    display : DisplayGeometry
        The tracked display; of a replay the one on which it was recorded.
    monitor : Monitor
        The tracked monitor.
    accuracy_deg : float
        How far the gaze is typically off.
    offset_deg : tuple of float
        The drift correction, until the tracker has said which one it is.
    corrections : Corrections or None
        Those of the trackers; None for a replay.
    """

    feed: Feed
    display: DisplayGeometry
    monitor: Monitor
    accuracy_deg: float
    offset_deg: tuple[float, float]
    corrections: Corrections | None = None


class GazeSection:
    """Source and monitor: this machine's, so kept in the settings.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    status : StatusLine
        Where installation tells how far it is.
    """

    def __init__(self, ui: Any, guard: Guard, status: StatusLine) -> None:  # noqa: ANN401
        self._ui, self._status = ui, status
        self._entries = source_choices()
        self._monitor = MonitorRows(ui, guard)
        for entry in self._entries:
            ui.sourceSelector.addItem(entry.label, entry.name)
        ui.sourceSelector.setCurrentIndex(max(ui.sourceSelector.findData(setting("Source")), 0))
        ui.replayFolderEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.replayFolderEdit.setCurrentPath(setting("ReplayFolder"))
        self._accuracy = AccuracyRow(ui, guard, self._feed, self._name)
        self.refresh()
        ui.sourceSelector.connect("currentIndexChanged(int)", guard(self._source_chosen))
        ui.replayFolderEdit.connect("currentPathChanged(QString)", guard(self._source_chosen))
        ui.installSourceButton.connect("clicked()", guard(self._install))

    def choice(self) -> GazeChoice:
        """Return what is chosen now.

        Raises
        ------
        RecordingError
            If the recording that is to be replayed cannot be read.
        GeometryError
            If the monitor has no size.
        """
        monitor = tracked_monitor()
        feed, display = self._feed()
        accuracy_deg = typical_accuracy_deg(feed.tracker.name)
        if feed.recording is not None:
            offset_deg = feed.recording.header.offset_deg or (0.0, 0.0)
            return GazeChoice(feed, display, monitor, accuracy_deg, offset_deg)
        result, corrects = self._accuracy.result, self._accuracy.corrects
        if result is not None:
            accuracy_deg = result.corrected_deg if corrects else result.error_deg
        corrections = Corrections(display, in_use=corrects)
        return GazeChoice(
            feed, display, monitor, accuracy_deg, self._accuracy.offset_deg, corrections
        )

    def refresh(self) -> None:
        """Show the settings, and the monitors that are connected now."""
        ui, entry = self._ui, self._entry()
        self._monitor.refresh()
        ui.sourceSelector.setToolTip(entry.hint)
        for widget in (ui.replayFolderLabel, ui.replayFolderEdit):
            widget.setVisible(entry.replays)
        ui.installSourceButton.setVisible(bool(entry.missing))
        self._accuracy.refresh()
        self._accuracy.set_enabled(enabled=not entry.replays)

    def show_signal(self, live: LiveSession | None) -> None:
        """Show how well the tracker works just now."""
        meter = None if live is None else live.meter
        if live is None or meter is None:
            text = _("Not connected")
        elif live.feed.trouble:
            text = sentence(live.feed.trouble)
        elif meter.rate_hz == 0.0:
            text = _("Waiting for gaze …")
        elif meter.valid_share == 0.0:
            text = _("{rate} Hz, no valid gaze: the tracker sees no eyes").format(
                rate=round(meter.rate_hz)
            )
        else:
            text = _("{rate} Hz, {share} % valid, scatter {precision}°").format(
                rate=round(meter.rate_hz),
                share=round(100 * meter.valid_share),
                precision=f"{meter.precision_deg:.2f}",
            )
        if self._ui.gazeStatusLabel.text != text:
            self._ui.gazeStatusLabel.setText(text)

    def set_enabled(self, *, enabled: bool) -> None:
        """Let source and monitor be changed, or not: not while a session runs."""
        ui = self._ui
        for widget in (ui.sourceSelector, ui.replayFolderEdit, ui.installSourceButton):
            widget.setEnabled(enabled)
        self._monitor.set_enabled(enabled=enabled)
        self._accuracy.set_enabled(enabled=enabled and not self._entry().replays)

    def release(self) -> None:
        """Break off what still runs."""
        self._accuracy.release()

    def _entry(self) -> SourceChoice:
        return self._entries[max(self._ui.sourceSelector.currentIndex, 0)]

    def _feed(self) -> tuple[Feed, DisplayGeometry]:
        display = tracked_monitor().display
        feed = self._entry().make(display, Path(setting("ReplayFolder")))
        if feed.recording is None:
            return feed, display
        return feed, _recorded_display(feed.recording.header)

    def _name(self) -> str:
        return f"{self._entry().name}/{tracked_monitor().name.replace('/', '_')}"

    def _source_chosen(self) -> None:
        keep_setting("Source", self._entry().name)
        keep_setting("ReplayFolder", self._ui.replayFolderEdit.currentPath)
        self.refresh()

    def _install(self) -> None:
        install_for_source(self._entry().missing, self._status.say)
        self._status.say(_("Everything that the source needs is installed."))
        self._entries = source_choices()
        self.refresh()


def _recorded_display(header: RecordingHeader) -> DisplayGeometry:
    return DisplayGeometry(
        header.display_left_px,
        header.display_top_px,
        header.display_width_px,
        header.display_height_px,
        header.display_width_mm,
        header.display_height_mm,
        header.distance_mm,
    )
