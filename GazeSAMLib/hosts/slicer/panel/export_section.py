"""The section "Export"."""

import importlib.util
from itertools import count
from pathlib import Path
from typing import Any

import ctk
from slicer.i18n import tr as _

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.slicer.dependencies import install
from GazeSAMLib.hosts.slicer.export import (
    NIFTI_EXTENSION,
    NRRD_EXTENSION,
    export_nifti,
    export_nrrd,
)
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.panel.choices import Choices
from GazeSAMLib.hosts.slicer.panel.session_section import SessionSection
from GazeSAMLib.hosts.slicer.panel.status_line import StatusLine
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.settings import keep_setting, setting

HIGHDICOM = "highdicom>=0.28"


class ExportSection:
    """Writes the segmentation to files.

    Parameters
    ----------
    ui : object
        Widgets by name.
    choices : Choices
        The user's choices.
    guard : Guard
        For slots.
    status : StatusLine
        Where it says what was written.
    session : SessionSection
        Its journal is told when all of a segmentation is in a file.
    """

    def __init__(
        self,
        ui: Any,  # noqa: ANN401 - made by Slicer
        choices: Choices,
        guard: Guard,
        status: StatusLine,
        session: SessionSection,
    ) -> None:
        self._ui, self._choices, self._status, self._session = ui, choices, status, session
        ui.exportFolderEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.exportFolderEdit.setCurrentPath(setting("ExportFolder", str(Path.home())))
        ui.exportFolderEdit.connect(
            "currentPathChanged(QString)", guard(lambda path: keep_setting("ExportFolder", path))
        )
        ui.exportNrrdButton.connect("clicked()", guard(self._export_nrrd))
        ui.exportNiftiButton.connect("clicked()", guard(self._export_nifti))
        ui.exportDicomButton.connect("clicked()", guard(self._export_dicom))
        self._may_install = False

    def _export_nrrd(self) -> None:
        node = self._node()
        path = self._new_path(node, NRRD_EXTENSION)
        export_nrrd(node, path)
        self._session.shelf.note_exported(node)
        self._status.say(_("Written: {path}").format(path=path))

    def _export_nifti(self) -> None:
        node = self._node()
        path = self._new_path(node, NIFTI_EXTENSION)
        notice = export_nifti(node, SceneVolume(self._choices.parameters.volume), path)
        if not notice:  # else the file does not hold all of it
            self._session.shelf.note_exported(node)
        self._status.say(" ".join([_("Written: {path}").format(path=path), notice]).strip())

    def _export_dicom(self) -> None:
        node = self._node()
        if importlib.util.find_spec("highdicom") is None:
            self._get_highdicom()
            return
        # Not at the top: the panel opens whatever pydicom Slicer comes with.
        from GazeSAMLib.hosts.slicer.export_dicom import export_dicom_seg
        from GazeSAMLib.scans.write_dicom_seg import DICOM_SEG_EXTENSION

        path = self._new_path(node, DICOM_SEG_EXTENSION)
        notice = export_dicom_seg(node, SceneVolume(self._choices.parameters.volume), path)
        if not notice:
            self._session.shelf.note_exported(node)
        self._status.say(" ".join([_("Written: {path}").format(path=path), notice]).strip())

    def _get_highdicom(self) -> None:
        """Install what writes DICOM at the second press of the button: nothing comes unasked."""
        if not self._may_install:
            self._may_install = True
            self._status.say(
                _("DICOM SEG needs the package highdicom: press the button again to install it.")
            )
            return
        install([HIGHDICOM], self._status.say)
        self._status.say(_("highdicom is installed: press the button again to write the file."))

    def _node(self) -> Any:  # noqa: ANN401 - a node of Slicer's
        parameters = self._choices.parameters
        if parameters is None or parameters.segmentation is None:
            raise OutputError(_("there is no segmentation yet: press Start and accept an outline"))
        return parameters.segmentation

    def _new_path(self, node: Any, extension: str) -> Path:  # noqa: ANN401
        """Return a path in the chosen folder at which there is no file."""
        folder = Path(self._ui.exportFolderEdit.currentPath)
        name = "".join(c if c.isalnum() or c in " -_.()" else "_" for c in node.GetName()).strip()
        paths = (
            folder / f"{name}{'' if number == 1 else f' {number}'}{extension}"
            for number in count(1)
        )
        return next(path for path in paths if not path.exists())
