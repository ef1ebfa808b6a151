"""The accuracy check in the section "Gaze": its buttons, its last result, the correction."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.slicer.accuracy import Checked, CheckResult
from GazeSAMLib.hosts.slicer.accuracy_check import AccuracyCheck
from GazeSAMLib.hosts.slicer.accuracy_picture import AccuracyPicture, PictureWindow
from GazeSAMLib.hosts.slicer.corrections import Corrections
from GazeSAMLib.hosts.slicer.feeds import Feed
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.settings import data_folder, forget_setting, keep_setting, setting


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
        self._window: PictureWindow | None = None
        ui.accuracyStatusLabel.connect("linkActivated(QString)", guard(self._show_picture))
        ui.quickCheckButton.connect("clicked()", guard(lambda: self._start(5)))
        ui.fullCheckButton.connect("clicked()", guard(lambda: self._start(9)))
        ui.correctDriftButton.connect("clicked(bool)", guard(self._correct))

    @property
    def result(self) -> CheckResult | None:
        """The last result; None where there was no check."""
        return CheckResult.from_text(setting(f"Accuracy/{self._name()}"))

    @property
    def corrects(self) -> bool:
        """Whether the gaze is to be corrected."""
        return bool(setting(f"Corrected/{self._name()}"))

    @property
    def offset_deg(self) -> tuple[float, float]:
        """What is to be taken away from the gaze until the tracker has said which one it is."""
        result = self.result
        return result.offset_deg if result is not None and self.corrects else (0.0, 0.0)

    def refresh(self) -> None:
        """Show the last result for the chosen source and monitor."""
        result, ui = self.result, self._ui
        ui.correctDriftButton.setEnabled(result is not None)
        ui.correctDriftButton.setChecked(self.corrects)
        text = _("Not checked")
        if result is not None:
            text = _(
                "{error}° ({px} px) off (x {x}°, y {y}°), scatter {precision}° (SD {sd}°), "
                "{loss} % lost"
            ).format(
                error=f"{result.error_deg:.2f}",
                px=round(result.error_px),
                x=f"{result.offset_deg[0]:+.2f}",
                y=f"{result.offset_deg[1]:+.2f}",
                precision=f"{result.precision_rms_deg:.2f}",
                sd=f"{result.precision_sd_deg:.2f}",
                loss=f"{100.0 * result.data_loss:.1f}",
            )
            if self._picture_path().is_file():
                text += ' <a href="picture">{}</a>'.format(_("Picture"))
        ui.accuracyStatusLabel.setText(text)

    def set_enabled(self, *, enabled: bool) -> None:
        """Let checks be made, or not."""
        for widget in (self._ui.quickCheckButton, self._ui.fullCheckButton):
            widget.setEnabled(enabled)

    def release(self) -> None:
        """Break off a running check; take the picture away."""
        if self._check is not None:
            self._check.stop()
        if self._window is not None:
            self._window.close()
            self._window = None

    def _start(self, count: int) -> None:
        self.release()
        feed, display = self._feed()

        def done(found: Checked | None) -> None:
            self._check = None
            if found is not None:
                keep_setting(f"Accuracy/{self._name()}", found.result.to_text())
                Corrections(display, in_use=True).keep(feed.tracker, found.drift)
                self._keep_picture(AccuracyPicture(found, display).drawn())
            self.refresh()

        self._check = AccuracyCheck(display, feed, done, self._guard)
        self._check.start(count)

    def _picture_path(self) -> Path:
        return data_folder() / "accuracy" / f"{self._name().replace('/', ' ')}.png"

    def _keep_picture(self, picture: "qt.QPixmap") -> None:
        path = self._picture_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not picture.save(str(path), "PNG"):
            raise OutputError(
                _("the picture of the check cannot be written: {path}").format(path=path)
            )

    def _show_picture(self, _link: str) -> None:
        self.release()
        picture = qt.QPixmap(str(self._picture_path()))
        self._window = PictureWindow(picture, _("Accuracy of the tracker"))

    def _correct(self, on: bool) -> None:
        if on:
            keep_setting(f"Corrected/{self._name()}", "yes")
        else:
            forget_setting(f"Corrected/{self._name()}")
