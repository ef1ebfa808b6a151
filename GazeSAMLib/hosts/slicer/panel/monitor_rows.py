"""The tracked monitor in the section "Gaze": which it is, how large, how far away."""

from typing import Any

from slicer.i18n import tr as _

from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.monitors import choose_monitor, monitors, tracked_monitor


class MonitorRows:
    """Lets the monitor be chosen and measured.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    """

    def __init__(self, ui: Any, guard: Guard) -> None:  # noqa: ANN401 - made by Slicer
        self._ui = ui
        self._filling = False
        self._numbers = (ui.monitorWidthSpinBox, ui.monitorHeightSpinBox, ui.distanceSpinBox)
        ui.monitorSelector.connect("currentIndexChanged(int)", guard(self._chosen))
        for spin_box in self._numbers:
            spin_box.connect("valueChanged(double)", guard(self._resized))

    def refresh(self) -> None:
        """Show the monitors that are connected now, and the settings of the tracked one."""
        selector, tracked = self._ui.monitorSelector, tracked_monitor()
        self._filling = True
        selector.clear()
        for monitor in monitors():
            label = _("{name} ({width} x {height})").format(
                name=monitor.name, width=monitor.width_px, height=monitor.height_px
            )
            selector.addItem(label, monitor.name)
        selector.setCurrentIndex(max(selector.findData(tracked.name), 0))
        values = (tracked.width_mm, tracked.height_mm, tracked.distance_mm)
        for spin_box, value in zip(self._numbers, values, strict=True):
            spin_box.setValue(value)
        self._filling = False

    def set_enabled(self, *, enabled: bool) -> None:
        """Let the monitor be changed, or not."""
        for widget in (self._ui.monitorSelector, *self._numbers):
            widget.setEnabled(enabled)

    def _chosen(self, index: int) -> None:
        if not self._filling and index >= 0:
            choose_monitor(self._ui.monitorSelector.itemData(index))
            self.refresh()

    def _resized(self) -> None:
        if not self._filling:
            tracked_monitor().resized(*(spin_box.value for spin_box in self._numbers))
