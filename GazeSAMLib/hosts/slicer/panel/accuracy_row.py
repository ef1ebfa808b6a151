"""The accuracy check in the section "Gaze": its buttons, its last result, the correction."""

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.accuracy import Accuracy
from GazeSAMLib.hosts.slicer.accuracy_check import AccuracyCheck
from GazeSAMLib.hosts.slicer.feeds import Feed
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.settings import forget_setting, keep_setting, setting


class AccuracyRow:
    """Starts accuracy checks and keeps their results, one for each source and monitor.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    feed : callable
        Makes the chosen source and returns it with its display.
    name : callable
        Returns the name of the chosen source and monitor in the settings.
    """

    def __init__(
        self,
        ui: Any,  # noqa: ANN401 - made by Slicer
        guard: Guard,
        feed: Callable[[], tuple[Feed, DisplayGeometry]],
        name: Callable[[], str],
    ) -> None:
        self._ui, self._guard, self._feed, self._name = ui, guard, feed, name
        self._check: AccuracyCheck | None = None
        ui.quickCheckButton.connect("clicked()", guard(lambda: self._start(5)))
        ui.fullCheckButton.connect("clicked()", guard(lambda: self._start(9)))
        ui.correctDriftButton.connect("clicked(bool)", guard(self._correct))

    @property
    def result(self) -> Accuracy | None:
        """The last result; None where there was no check."""
        try:
            error, x, y, precision = map(float, setting(f"Accuracy/{self._name()}").split())
        except ValueError:
            return None
        return Accuracy(error, (x, y), precision)

    @property
    def offset_deg(self) -> tuple[float, float]:
        """What is to be taken away from the gaze."""
        result, corrects = self.result, setting(f"Corrected/{self._name()}")
        return result.offset_deg if result is not None and corrects else (0.0, 0.0)

    def refresh(self) -> None:
        """Show the last result for the chosen source and monitor."""
        result, ui = self.result, self._ui
        ui.correctDriftButton.setEnabled(result is not None)
        ui.correctDriftButton.setChecked(bool(setting(f"Corrected/{self._name()}")))
        text = _("Not checked")
        if result is not None:
            text = _("{error}° off (x {x}°, y {y}°), scatter {precision}°").format(
                error=f"{result.error_deg:.2f}",
                x=f"{result.offset_deg[0]:+.2f}",
                y=f"{result.offset_deg[1]:+.2f}",
                precision=f"{result.precision_rms_deg:.2f}",
            )
        ui.accuracyStatusLabel.setText(text)

    def set_enabled(self, *, enabled: bool) -> None:
        """Let checks be made, or not."""
        for widget in (self._ui.quickCheckButton, self._ui.fullCheckButton):
            widget.setEnabled(enabled)

    def release(self) -> None:
        """Break off a running check."""
        if self._check is not None:
            self._check.stop()

    def _start(self, count: int) -> None:
        self.release()
        feed, display = self._feed()
        self._check = AccuracyCheck(display, feed, self._done, self._guard)
        self._check.start(count)

    def _done(self, result: Accuracy | None) -> None:
        self._check = None
        if result is not None:
            numbers = (result.error_deg, *result.offset_deg, result.precision_rms_deg)
            keep_setting(f"Accuracy/{self._name()}", " ".join(map(repr, numbers)))
        self.refresh()

    def _correct(self, on: bool) -> None:
        if on:
            keep_setting(f"Corrected/{self._name()}", "yes")
        else:
            forget_setting(f"Corrected/{self._name()}")
