"""``slicer.app`` and the main window."""

import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import Property, QCoreApplication, QProcessEnvironment, QSettings, Qt, Signal
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QScrollArea, QWidget

from Testing.host.io_manager import qSlicerCoreIOManager
from Testing.host.layout_manager import qSlicerLayoutManager
from Testing.host.module_manager import qSlicerModuleManager, qSlicerModuleSelectorToolBar
from Testing.host.mrml_world import MrmlWorld
from Testing.host.pythonqt import plays_native

VERSION = (5, 13)
PANEL_WIDTH = 480


@plays_native
class qSlicerMainWindow(QMainWindow):
    """The module's panel at the left, the views at the right."""

    def __init__(self, manager: qSlicerModuleManager) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("3D Slicer (a window host for tests)")
        self._views = QWidget(self)
        self._views.setObjectName("CentralWidgetLayoutFrame")
        self._views.setStyleSheet("#CentralWidgetLayoutFrame { background: black }")
        self.setCentralWidget(self._views)
        panel = QScrollArea(self)
        panel.setWidgetResizable(True)
        panel.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        dock = QDockWidget("Module", self)
        dock.setObjectName("PanelDockWidget")
        dock.setWidget(panel)
        dock.setMinimumWidth(PANEL_WIDTH)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        self._selector = qSlicerModuleSelectorToolBar(manager, panel)
        self.statusBar()

    def moduleSelector(self) -> qSlicerModuleSelectorToolBar:
        return self._selector

    def views(self) -> QWidget:
        """Return the widget that the layout manager fills."""
        return self._views


@plays_native
class qSlicerApplication(QApplication):
    """The application object, ``slicer.app``."""

    startupCompleted = Signal()
    mrmlSceneChanged = Signal(object)

    def __init__(self, home: Path) -> None:
        super().__init__(["Slicer"])
        self.setApplicationName("Slicer")
        self.setOrganizationName("NA-MIC")
        self._home = home
        self._world: MrmlWorld | None = None
        self._modules = qSlicerModuleManager()
        self._io = qSlicerCoreIOManager()
        self._temporary_path = home / "temporary"
        self._temporary_path.mkdir(parents=True, exist_ok=True)
        self._environment = QProcessEnvironment.systemEnvironment()
        _make_python_slicer(home)
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(home))
        QCoreApplication.applicationDirPath = staticmethod(lambda: str(home / "bin"))
        QCoreApplication.applicationFilePath = staticmethod(lambda: str(home / "bin" / "Slicer"))

    def open_window(self, world: MrmlWorld) -> None:
        """Show the main window with the views of a scene."""
        self._world = world
        self._window = qSlicerMainWindow(self._modules)
        self._layouts = qSlicerLayoutManager(self._window.views(), world.application_logic)
        self._layouts.setMRMLScene(world.scene)

    def main_window(self) -> qSlicerMainWindow:
        return self._window

    def layoutManager(self) -> qSlicerLayoutManager:
        return self._layouts

    def moduleManager(self) -> qSlicerModuleManager:
        return self._modules

    def mrmlScene(self) -> Any:
        return self._world.scene

    def applicationLogic(self) -> Any:
        return self._world.application_logic

    def moduleLogic(self, name: str) -> Any:
        return self._world.module_logics.get(name)

    def coreIOManager(self) -> qSlicerCoreIOManager:
        return self._io

    ioManager = coreIOManager

    def userSettings(self) -> QSettings:
        return QSettings()

    settings = revisionUserSettings = userSettings

    def startupEnvironment(self) -> QProcessEnvironment:
        """Return the environment without Slicer's own additions."""
        return self._environment

    def environment(self) -> QProcessEnvironment:
        return QProcessEnvironment.systemEnvironment()

    def testingEnabled(self) -> bool:
        return False

    def documentationUrl(self) -> str:
        return self.documentationBaseUrl

    def moduleDocumentationUrl(self, name: str) -> str:
        return f"{self.documentationBaseUrl}/{name}"

    def setTemporaryPath(self, path: str) -> None:
        self._temporary_path = Path(path)

    def pauseRender(self) -> None:
        self._layouts.pauseRender()

    def resumeRender(self) -> None:
        self._layouts.resumeRender()

    def setRenderPaused(self, paused: bool) -> None:
        self._layouts.setRenderPaused(paused)

    slicerHome = Property(str, lambda self: str(self._home))
    temporaryPath = Property(str, lambda self: str(self._temporary_path), setTemporaryPath)
    cachePath = Property(str, lambda self: str(self._temporary_path))
    slicerUserSettingsFilePath = Property(str, lambda self: QSettings().fileName())
    majorVersion = Property(int, lambda self: VERSION[0])
    minorVersion = Property(int, lambda self: VERSION[1])
    revision = Property(str, lambda self: "0")
    releaseType = Property(str, lambda self: "Stable")
    documentationBaseUrl = Property(str, lambda self: "https://slicer.readthedocs.io/en/latest")
    os = Property(str, lambda self: "linux")
    arch = Property(str, lambda self: "amd64")
    platform = Property(str, lambda self: "linux-amd64")
    isInstalled = Property(bool, lambda self: True)


def _make_python_slicer(home: Path) -> None:
    """Write ``bin/PythonSlicer``, which a module starts processes with: it is this Python."""
    program = home / "bin" / "PythonSlicer"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
