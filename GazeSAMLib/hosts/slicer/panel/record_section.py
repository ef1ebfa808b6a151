"""The section "Recording of gaze"."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctk
from slicer.i18n import tr as _

from GazeSAMLib.errors import GazeSAMError, RecordingError
from GazeSAMLib.hosts.slicer.feeds import Feed
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.live_session import LiveSession
from GazeSAMLib.hosts.slicer.monitors import Monitor
from GazeSAMLib.hosts.slicer.recorder import GazeRecorder
from GazeSAMLib.hosts.slicer.settings import keep_setting, setting


@dataclass(frozen=True, eq=False)
class Recordable:
    """A running session, and what a recording of it says about it.

    Attributes
    ----------
    live : LiveSession
        The session.
    monitor : Monitor
        The tracked one.
    feed : Feed
        Where gaze comes from.
    scan_digest : str
        Of the scan.
    """

    live: LiveSession
    monitor: Monitor
    feed: Feed
    scan_digest: str

    def new_recorder(self, folder: Path) -> GazeRecorder:
        """Return a recorder that writes into a new folder in `folder`.

        Raises
        ------
        RecordingError
            If nothing can be written there, or the session is a replay.
        """
        if self.feed.recording is not None:
            raise RecordingError(_("this is a replay: it is recorded already"))
        offset_deg = self.live.drift.drift.offset_deg
        return GazeRecorder(folder, self.monitor, self.feed.tracker, self.scan_digest, offset_deg)


class RecordSection:
    """Records a session when the user turns it on; off again at its end.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    recordable : callable
        Returns the running session; None where there is none.
    """

    def __init__(
        self,
        ui: Any,  # noqa: ANN401 - made by Slicer
        guard: Guard,
        recordable: Callable[[], Recordable | None],
    ) -> None:
        self._ui, self._recordable = ui, recordable
        ui.recordFolderEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.recordFolderEdit.setCurrentPath(setting("RecordingFolder", str(Path.home())))
        ui.recordFolderEdit.connect(
            "currentPathChanged(QString)", guard(lambda path: keep_setting("RecordingFolder", path))
        )
        ui.recordButton.connect("toggled(bool)", guard(self._toggled))

    def set_enabled(self, *, enabled: bool) -> None:
        """Let recordings be made, or not: only while a session runs."""
        if not enabled:
            self._ui.recordButton.setChecked(False)
        self._ui.recordButton.setEnabled(enabled)

    def _toggled(self, on: bool) -> None:
        session, text = self._recordable(), _("Nothing is recorded.")
        if session is not None and on:
            try:
                recorder = session.new_recorder(Path(self._ui.recordFolderEdit.currentPath))
                session.live.record(recorder)
            except GazeSAMError:
                self._ui.recordButton.setChecked(False)
                raise
            text = _("Recording into {folder}").format(folder=recorder.folder)
        elif session is not None:
            session.live.record(None)
        self._ui.recordStatusLabel.setText(text)
