"""The monitors of this machine, and the one that the tracker watches."""

from dataclasses import dataclass, replace

import qt

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.settings import keep_setting, number_setting, setting

# What a monitor is taken for that does not tell its size: 96 logical pixels an inch.
MM_PER_PX = 25.4 / 96.0
USUAL_DISTANCE_MM = 650.0


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor with its size and the reader's distance, as they were set or as it tells.

    Attributes
    ----------
    name : str
        As the system calls it.
    left_px, top_px, width_px, height_px : int
        Its part of the desktop, logical pixels.
    width_mm, height_mm : float
        Of its lit area.
    distance_mm : float
        From the eye to its centre.
    """

    name: str
    left_px: int
    top_px: int
    width_px: int
    height_px: int
    width_mm: float
    height_mm: float
    distance_mm: float = USUAL_DISTANCE_MM

    @property
    def display(self) -> DisplayGeometry:
        """The monitor as the tracked display.

        Raises
        ------
        GeometryError
            If its size or the distance is not above zero.
        """
        return DisplayGeometry(
            self.left_px,
            self.top_px,
            self.width_px,
            self.height_px,
            self.width_mm,
            self.height_mm,
            self.distance_mm,
        )

    def resized(self, width_mm: float, height_mm: float, distance_mm: float) -> "Monitor":
        """Return the monitor with another size and distance, and keep them in the settings."""
        key = _key(self.name)
        keep_setting(f"{key}/WidthMm", width_mm)
        keep_setting(f"{key}/HeightMm", height_mm)
        keep_setting(f"{key}/DistanceMm", distance_mm)
        return replace(self, width_mm=width_mm, height_mm=height_mm, distance_mm=distance_mm)


def monitors() -> list[Monitor]:
    """Return the monitors that are connected now."""
    return [_monitor(screen) for screen in qt.QApplication.screens()]


def tracked_monitor() -> Monitor:
    """Return the monitor that was chosen, or the first where it is not connected any more."""
    chosen, connected = setting("Monitor"), monitors()
    return next((monitor for monitor in connected if monitor.name == chosen), connected[0])


def choose_monitor(name: str) -> None:
    """Take the monitor of that name for the tracked one from now on."""
    keep_setting("Monitor", name)


def _monitor(screen: "qt.QScreen") -> Monitor:
    place, name = screen.geometry, screen.name
    told_mm = screen.physicalSize
    width_mm = told_mm.width() if told_mm.width() > 0 else place.width() * MM_PER_PX
    height_mm = told_mm.height() if told_mm.height() > 0 else place.height() * MM_PER_PX
    return Monitor(
        name,
        place.x(),
        place.y(),
        place.width(),
        place.height(),
        number_setting(f"{_key(name)}/WidthMm", width_mm),
        number_setting(f"{_key(name)}/HeightMm", height_mm),
        number_setting(f"{_key(name)}/DistanceMm", USUAL_DISTANCE_MM),
    )


def _key(name: str) -> str:
    # A slash would start a group of its own in the settings.
    return f"Monitors/{name.replace('/', '_')}"
