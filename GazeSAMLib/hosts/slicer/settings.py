"""What belongs to this machine and not to a scene: kept in Slicer's settings."""

from pathlib import Path

import qt

GROUP = "GazeSAM"


def setting(key: str, default: str = "") -> str:
    """Return a setting of GazeSAM as text."""
    value = qt.QSettings().value(f"{GROUP}/{key}", default)
    return default if value is None else str(value)


def number_setting(key: str, default: float) -> float:
    """Return a setting of GazeSAM as a number; `default` where it is none."""
    try:
        return float(setting(key, str(default)))
    except ValueError:
        return default


def keep_setting(key: str, value: str | float) -> None:
    """Keep a setting of GazeSAM for the next start of Slicer."""
    qt.QSettings().setValue(f"{GROUP}/{key}", str(value))


def forget_setting(key: str) -> None:
    """Go back to the default of a setting."""
    qt.QSettings().remove(f"{GROUP}/{key}")


def data_folder() -> Path:
    """Return the folder for GazeSAM's own files, beside Slicer's settings of this user."""
    return Path(qt.QSettings().fileName()).parent / GROUP
