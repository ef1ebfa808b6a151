"""The panel before it can work: says what Slicer's Python lacks, and installs it.

Nothing is imported here that needs those packages, so that the module opens without them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.hosts.slicer.dependencies import install, missing_packages, offline_advice
from GazeSAMLib.hosts.slicer.guard import Guard, sentence

if TYPE_CHECKING:
    from GazeSAMLib.hosts.slicer.panel.panel import Panel

SECTIONS = ("scan", "gaze", "engine", "session", "options", "keys", "record", "export")


class PanelShell:
    """Holds the panel as soon as everything it needs is there.

    Parameters
    ----------
    ui : object
        The widgets of ``GazeSAM.ui`` by name.
    logic : GazeSAMLogic
        Gives the parameter node.
    requirements : Path
        The requirements file.

    Attributes
    ----------
    panel : Panel or None
        None as long as something is missing.
    """

    def __init__(self, ui: Any, logic: Any, requirements: Path) -> None:  # noqa: ANN401
        self.panel: Panel | None = None
        self._ui, self._logic, self._requirements = ui, logic, requirements
        ui.installButton.connect("clicked()", Guard(self._say)(self._install))
        self._open()

    def enter(self) -> None:
        """Slicer shows the module."""
        if self.panel is None:
            self._open()  # the packages may have come by another way
        if self.panel is not None:
            self.panel.enter()

    def exit(self) -> None:
        """Slicer shows another module."""
        if self.panel is not None:
            self.panel.exit()

    def scene_closes(self) -> None:
        """Slicer is about to close the scene."""
        if self.panel is not None:
            self.panel.scene_closes()

    def cleanup(self) -> None:
        """Slicer ends, or the module is reloaded."""
        panel, self.panel = self.panel, None
        if panel is not None:
            panel.cleanup()

    def _open(self) -> None:
        missing = missing_packages(self._requirements)
        self._ui.setupFrame.setVisible(bool(missing))
        for name in SECTIONS:
            getattr(self._ui, f"{name}Section").setVisible(not missing)
        if missing:
            self._say(
                _("GazeSAM needs packages that Slicer's Python does not have yet: {packages}.")
                .format(packages=", ".join(missing))
            )  # fmt: skip
            return
        Guard(self._give_up)(self._build)()

    def _build(self) -> None:
        from GazeSAMLib.hosts.slicer.panel.panel import Panel

        self.panel = Panel(self._ui, self._logic)

    def _give_up(self, why: str) -> None:
        """Show why there is no panel: better than an empty one."""
        self._ui.setupFrame.setVisible(True)
        self._ui.installButton.setVisible(False)
        for name in SECTIONS:
            getattr(self._ui, f"{name}Section").setVisible(False)
        self._say(why)

    def _install(self) -> None:
        self._ui.installButton.setEnabled(False)
        try:
            install(missing_packages(self._requirements), self._say)
        except GazeSAMError as error:
            # What was installed stays: Install goes on from there.
            advice = offline_advice(missing_packages(self._requirements))
            self._say(f"{sentence(str(error))}\n\n{advice}")
            return
        finally:
            self._ui.installButton.setEnabled(True)
        self._open()
        if self.panel is not None:
            self.panel.enter()

    def _say(self, text: str) -> None:
        self._ui.setupLabel.setText(text)
        self._ui.setupLabel.repaint()  # installation may keep the event loop waiting
