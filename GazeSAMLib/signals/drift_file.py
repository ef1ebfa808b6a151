"""Drift corrections on disk, one for each tracker in front of each display."""

import json
import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from GazeSAMLib.errors import GeometryError, TrackerError
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.drift import DriftCorrection

FILE_NAME: Final = "drift-corrections.json"


def settings_folder(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ
) -> Path:
    """Return the folder in which the user's settings live, as each system wants it."""
    if platform == "win32":
        return Path(environment.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "GazeSAM"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "GazeSAM"
    return Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "gazesam"


class DriftFile:
    """The corrections in one JSON file; each change appears whole or not at all.

    Parameters
    ----------
    path : Path
        The file; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, tracker: Tracker, display: DisplayGeometry) -> DriftCorrection | None:
        """Return the correction of a tracker in front of a display; None where none is kept.

        Raises
        ------
        TrackerError
            If the file cannot be read or holds something else.
        """
        kept = self._read().get(drift_key(tracker, display))
        if kept is None:
            return None
        try:
            return DriftCorrection.from_details(kept if isinstance(kept, dict) else {})
        except GeometryError as error:
            raise TrackerError(
                f"{self._path}: it holds a correction that is none ({error}); remove the file"
            ) from error

    def put(self, tracker: Tracker, display: DisplayGeometry, drift: DriftCorrection) -> None:
        """Keep a correction in place of the one before.

        Raises
        ------
        TrackerError
            If the file cannot be read or written.
        """
        corrections = self._read()
        corrections[drift_key(tracker, display)] = drift.to_details()
        beside = self._path.with_name(f".{uuid.uuid4().hex}.json")
        text = json.dumps({"corrections": corrections}, indent=2, sort_keys=True) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                beside.write_text(text, encoding="utf-8")
                beside.replace(self._path)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise TrackerError(
                f"{self._path}: the correction cannot be kept: {error.strerror or error}"
            ) from error

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise TrackerError(
                f"{self._path}: it cannot be read ({error}); remove or mend it"
            ) from error
        corrections = values.get("corrections") if isinstance(values, dict) else None
        if not isinstance(corrections, dict):
            raise TrackerError(f"{self._path}: it holds no corrections; remove or mend it")
        return corrections


def drift_key(tracker: Tracker, display: DisplayGeometry) -> str:
    """Return what a correction belongs to: this tracker in front of a display of this size."""
    return (
        f"{tracker.name} {tracker.model} {tracker.serial} | "
        f"{display.width_px:g}x{display.height_px:g} px "
        f"{display.width_mm:g}x{display.height_mm:g} mm"
    )
