"""Drift corrections of this machine: one for each tracker in front of each screen."""

from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.settings import data_folder
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.drift_file import FILE_NAME, DriftFile


class Corrections:
    """The corrections in front of one screen, kept beside Slicer's settings.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    in_use : bool
        Whether the gaze is to be corrected at all.
    """

    def __init__(self, display: DisplayGeometry, *, in_use: bool) -> None:
        self._display, self._in_use = display, in_use
        self._file = DriftFile(data_folder() / FILE_NAME)

    def of(self, tracker: Tracker) -> DriftCorrection:
        """Return the correction of a tracker; none where none is kept or wanted.

        Raises
        ------
        TrackerError
            If the file cannot be read.
        """
        kept = self._file.get(tracker, self._display) if self._in_use else None
        return kept or DriftCorrection()

    def keep(self, tracker: Tracker, drift: DriftCorrection) -> None:
        """Keep the correction of a tracker for the next sessions.

        Raises
        ------
        TrackerError
            If the file cannot be written.
        """
        self._file.put(tracker, self._display, drift)
