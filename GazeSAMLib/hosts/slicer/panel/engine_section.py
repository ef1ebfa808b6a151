"""The section "Segmenter"."""

from typing import Any

import ctk
from slicer.i18n import tr as _

from GazeSAMLib.engines.catalogue.models import model_names
from GazeSAMLib.engines.registry import engine_of
from GazeSAMLib.hosts.slicer.dependencies import install_for_engine, missing_for_engine
from GazeSAMLib.hosts.slicer.engine_room import EngineChoice
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.panel.choices import Choices
from GazeSAMLib.hosts.slicer.panel.status_line import StatusLine
from GazeSAMLib.hosts.slicer.settings import keep_setting, setting

DEVICES = ("", "cpu", "cuda")


def _takes_own_weights(name: str) -> bool:
    """Whether a file has to be named; models that GazeSAM knows lie in their own folder."""
    return name not in ("", *model_names()) and bool(engine_of(name).weights_option)


class EngineSection:
    """Which segmenter, with which weights, where.

    Checkpoint, device and interpreter are this machine's: they are kept in the settings.

    Parameters
    ----------
    ui : object
        Widgets by name.
    choices : Choices
        The user's choices.
    guard : Guard
        For slots.
    status : StatusLine
        Where installation tells how far it is.
    """

    def __init__(self, ui: Any, choices: Choices, guard: Guard, status: StatusLine) -> None:  # noqa: ANN401
        self._ui, self._choices, self._status = ui, choices, status
        self._shown = ""
        for device, label in zip(
            DEVICES, (_("Automatic"), _("CPU"), _("CUDA graphics card")), strict=True
        ):
            ui.deviceSelector.addItem(label, device)
        ui.deviceSelector.setCurrentIndex(max(ui.deviceSelector.findData(setting("Device")), 0))
        ui.checkpointEdit.setCurrentPath(setting("Checkpoint"))
        ui.pythonEdit.setCurrentPath(setting("Python"))
        ui.deviceSelector.connect("currentIndexChanged(int)", guard(self._keep))
        ui.checkpointEdit.connect("currentPathChanged(QString)", guard(self._keep))
        ui.pythonEdit.connect("currentPathChanged(QString)", guard(self._keep))
        ui.installEngineButton.connect("clicked()", guard(self._install))

    def follow(self) -> None:
        """Show what the chosen engine needs, if it is another one than before."""
        parameters = self._choices.parameters
        if parameters is not None and parameters.engine != self._shown:
            self.refresh()

    def refresh(self) -> None:
        """Look what the chosen engine needs, and show it."""
        parameters, ui = self._choices.parameters, self._ui
        if parameters is None:
            return
        self._shown = parameters.engine
        takes = engine_of(parameters.engine).weights_option
        kind = ctk.ctkPathLineEdit
        ui.checkpointEdit.filters = kind.Dirs if takes == "folder" else kind.Files
        for widget in (ui.checkpointLabel, ui.checkpointEdit):
            widget.setVisible(_takes_own_weights(parameters.engine))
        for widget in (ui.deviceLabel, ui.deviceSelector):
            widget.setVisible(bool(takes))
        missing = () if setting("Python") else missing_for_engine(parameters.engine)
        ui.engineNoteLabel.setVisible(bool(missing))
        ui.installEngineButton.setVisible(bool(missing))
        ui.engineNoteLabel.setText(
            _("Slicer's Python lacks {packages}.").format(packages=", ".join(missing))
        )

    def choice(self) -> EngineChoice:
        """Return what is chosen now."""
        parameters = self._choices.parameters
        name = "" if parameters is None else parameters.engine
        options: dict[str, Any] = {}
        if name and engine_of(name).weights_option:
            options["device"] = setting("Device") or None
        if _takes_own_weights(name):
            options["checkpoint"] = setting("Checkpoint") or None
        return EngineChoice(name, options, setting("Python") or None)

    def set_enabled(self, *, enabled: bool) -> None:
        """Let the choice be changed, or not: not while a session runs."""
        for widget in (
            self._ui.engineSelector,
            self._ui.checkpointEdit,
            self._ui.deviceSelector,
            self._ui.pythonEdit,
        ):
            widget.setEnabled(enabled)

    def _keep(self) -> None:
        keep_setting("Device", DEVICES[max(self._ui.deviceSelector.currentIndex, 0)])
        keep_setting("Checkpoint", self._ui.checkpointEdit.currentPath)
        keep_setting("Python", self._ui.pythonEdit.currentPath)
        self.refresh()

    def _install(self) -> None:
        parameters = self._choices.parameters
        if parameters is not None:
            install_for_engine(parameters.engine, self._status.say)
            self._status.say(_("Everything that the segmenter needs is installed."))
            self.refresh()
