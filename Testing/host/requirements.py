"""What a machine needs for the window host, and for checking DICOM files.

``python -m Testing.host.requirements`` looks for both.
"""

import ctypes
import importlib.util
import shutil
import sys
from pathlib import Path

SYSTEM_PACKAGES = Path(__file__).with_name("system_packages.txt")  # of Debian
PROGRAMS = ("Xvfb", "xdotool", "xrandr")


def what_is_missing() -> str | None:
    """Return what keeps a window from opening here, and the cure; None where nothing does."""
    advice = f"on Debian, install {', '.join(SYSTEM_PACKAGES.read_text().split())}"
    if sys.platform != "linux":
        return "the window host needs Linux and Xvfb"
    for module in ("PySide6", "slicer"):
        if importlib.util.find_spec(module) is None:
            return f"the Python package of {module} is not installed"
    programs = [program for program in PROGRAMS if shutil.which(program) is None]
    if programs:
        return f"{' and '.join(programs)} cannot be found: {advice}"
    qt = Path(importlib.util.find_spec("PySide6").origin).parent / "Qt"
    try:  # Qt itself would end the process
        import PySide6.QtWidgets  # noqa: F401

        ctypes.CDLL(str(qt / "plugins" / "platforms" / "libqxcb.so"))
    except (ImportError, OSError) as error:
        return f"{error}: {advice}"
    return None


def what_checks_dicom_is_missing() -> str | None:
    """Return the cure where the program that validates DICOM files cannot be found."""
    if shutil.which("dciodvfy") is None:
        return "dciodvfy cannot be found: on Debian, install dicom3tools"
    return None


if __name__ == "__main__":  # a text is printed and means failure
    sys.exit(what_is_missing() or what_checks_dicom_is_missing())
