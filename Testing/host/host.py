"""A small Slicer window that tests drive as a person would."""

import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import slicer.util
import vtk
from PySide6.QtCore import (
    QElapsedTimer,
    QEvent,
    QEventLoop,
    QPoint,
    QSettings,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from Testing.host import parameter_node, pythonqt, qt_module, scripted_module, x_display
from Testing.host.application import qSlicerApplication
from Testing.host.dialogs import Dialogs
from Testing.host.module_manager import (
    qSlicerScriptedLoadableModule,
    qSlicerScriptedLoadableModuleWidget,
)
from Testing.host.mrml_world import MrmlWorld
from Testing.host.packages import Packages
from Testing.host.problems import PROBLEMS
from Testing.host.slice_view import qMRMLSliceView

QT_NOISE = ("propagateSizeHints", "XDG_RUNTIME_DIR", "does not support raise")
MARGIN = 20


class Host:
    """The running application, and a person's hands and eyes.

    Attributes
    ----------
    app : qSlicerApplication
        Also ``slicer.app``.
    window : qSlicerMainWindow
    dialogs : Dialogs
        What popped up, and what to answer.
    packages : Packages
        What was to be installed; can hide packages.
    """

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="slicer-home-")
        home = Path(self._home.name)
        pythonqt.install()
        self.dialogs, self.packages = Dialogs(), Packages()
        self.dialogs.install()
        self.app = qSlicerApplication(home)
        self._world = MrmlWorld.start(home / "share")
        self._modules = self._world.modules()
        self._install_slicer()
        self.app.open_window(self._world)
        self.window = self.app.main_window()
        qInstallMessageHandler(_on_qt_message)
        _watch_vtk()

    def _install_slicer(self) -> None:
        qt_module.install()
        slicer.app = self.app
        slicer.qSlicerScriptedLoadableModule = qSlicerScriptedLoadableModule
        slicer.qSlicerScriptedLoadableModuleWidget = qSlicerScriptedLoadableModuleWidget
        translations = types.ModuleType("slicer.i18n")
        translations.tr = lambda text: text
        translations.translate = lambda context, text: text
        for name, module in {
            "ScriptedLoadableModule": scripted_module,
            "parameterNodeWrapper": parameter_node,
            "i18n": translations,
        }.items():
            sys.modules[f"slicer.{name}"] = module
            setattr(slicer, name, module)
        self.offer_packaging(True)

    def offer_packaging(self, there: bool) -> None:
        """Have ``slicer.packaging``, as Slicer does since 5.11, or not."""
        if there:
            slicer.packaging = sys.modules["slicer.packaging"] = self.packages.module()
        else:
            sys.modules.pop("slicer.packaging", None)
            vars(slicer).pop("packaging", None)
        slicer.util.pip_install = self.packages.pip_install

    def begin(self) -> None:
        """Be as after a fresh start, with a new scene in a four-up layout."""
        slicer.mrmlScene, slicer.modules = self._world.scene, self._modules
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(self._world.application_logic)
        QSettings().clear()
        self.dialogs.clear()
        self.packages.show_all()
        self.offer_packaging(True)
        self.close_scene()
        self.show_layout("FourUp")
        self.move_window(0)
        self.window.showNormal()
        self.window.raise_()
        self.window.activateWindow()
        self.spin(until=lambda: self.window.isActiveWindow)
        x_display.act("mousemove", 2, 2)
        self.spin()
        PROBLEMS.take()

    def end(self) -> list[str]:
        """Unload all modules and return what went wrong and was not taken note of."""
        self.window.moduleSelector().selectModule("")
        for name in self.app.moduleManager().loadedModuleNames():
            self.app.moduleManager().unload(name)
        self.close_scene()
        for node in slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode"):
            self._world.scene.RemoveNode(node)  # a singleton: closing the scene only resets it
        self.packages.show_all()
        self.spin()
        return PROBLEMS.take()

    def load_module(self, path: Path | str) -> Any:
        """Load the scripted module in the file `path`, show its panel, return its widget."""
        module = self.app.moduleManager().load(Path(path))
        if module is None:
            raise ImportError(f"{path} is not loaded:\n" + "\n".join(PROBLEMS.take()))
        self.app.startupCompleted.emit()
        slicer.util.selectModule(module.name)
        self.spin()
        return module.widgetRepresentation().self()

    def run_module_tests(self, name: str) -> None:
        """Run a module's own tests as the self-test button does."""
        slicer.selfTests[name]()

    def spin(self, until: Callable[[], Any] | None = None, timeout_ms: int = 5000) -> None:
        """Let the event loop run: until something holds, or once around.

        Raises
        ------
        TimeoutError
            If `until` does not hold within `timeout_ms`.
        """
        clock = QElapsedTimer()
        clock.start()
        QGuiApplication.sync()
        self._handle_events()
        while until is not None and not until():
            if clock.hasExpired(timeout_ms):
                raise TimeoutError(f"waited {timeout_ms} ms for {_described(until)}")
            self._handle_events()

    def wait(self, duration_ms: int) -> None:
        """Let the event loop run for a time."""
        clock = QElapsedTimer()
        clock.start()
        while not clock.hasExpired(duration_ms):
            self._handle_events()

    def _handle_events(self) -> None:
        longest_ms = 10
        self.app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, longest_ms)
        self.app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def press(self, *keys: str) -> None:
        """Press and release real keys, by their X names: ``"space"``, ``"shift+z"``, ``"plus"``."""
        for key in keys:
            x_display.act("key", key)
            self.spin()

    def type(self, text: str) -> None:
        """Type a text on the keyboard."""
        x_display.act("type", "--delay", 1, text)
        self.spin()

    def move_mouse(self, where: str | QWidget, x: float, y: float) -> None:
        """Move the real pointer to (`x`, `y`) in a slice view or a widget.

        They are logical pixels from the upper left corner.
        """
        corner = self._widget(where).mapToGlobal(QPoint(0, 0))
        screen = QApplication.screenAt(corner)
        at, ratio = screen.geometry.topLeft(), screen.devicePixelRatio
        on_screen = (corner.x() + x - at.x(), corner.y() + y - at.y())
        native = (at.x() + on_screen[0] * ratio, at.y() + on_screen[1] * ratio)
        x_display.act("mousemove", "--", *map(int, native))
        self.spin()

    def click(
        self, where: str | QWidget, x: float | None = None, y: float | None = None, button: int = 1
    ) -> None:
        """Click with the real mouse: in the middle, or at (`x`, `y`); buttons 4 and 5 scroll."""
        widget = self._widget(where)
        x = widget.width / 2 if x is None else x
        y = widget.height / 2 if y is None else y
        self.move_mouse(widget, x, y)
        x_display.act("click", button)
        self.spin()

    def focus(self, where: str | QWidget) -> None:
        """Give a slice view or a widget the keyboard."""
        widget = self._widget(where)
        widget.setFocus()
        self.spin(until=widget.hasFocus)

    def _widget(self, where: str | QWidget) -> QWidget:
        return self.view(where).VTKWidget() if isinstance(where, str) else where

    def view(self, name: str) -> qMRMLSliceView:
        """Return the slice view of that name."""
        return self.app.layoutManager().sliceWidget(name).sliceView()

    def show_layout(self, name: str) -> None:
        """Show ``"FourUp"``, ``"Conventional"``, ``"OneUpRed"``, ... views."""
        layouts = slicer.vtkMRMLLayoutNode
        found = next(
            getattr(layouts, constant)
            for constant in (f"SlicerLayout{name}View", f"SlicerLayout{name}SliceView")
            if hasattr(layouts, constant)
        )
        self.app.layoutManager().setLayout(found)
        self.spin()

    def move_window(self, monitor: int) -> None:
        """Let the window fill a monitor, but for a margin."""
        area = QApplication.screens()[monitor].geometry
        self.window.setGeometry(area.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN))
        self.spin()

    def close_scene(self) -> None:
        """Close the scene, as the menu does."""
        self._world.scene.Clear(0)
        self.spin()

    def pixels(self, view_name: str) -> np.ndarray:
        """Return what a slice view shows now as (height, width, RGB), row 0 at the top."""
        view = self.view(view_name)
        view.forceRender()
        return view.VTKWidget().pixels()

    def grab(self, path: Path | str) -> Path:
        """Save what the window shows on the screen, with whatever covers it, as a PNG."""
        for widget in self._views():
            widget.forceRender()
        self.spin()
        screen = self.window.screen()
        frame = self.window.frameGeometry.translated(-screen.geometry.topLeft())
        picture = screen.grabWindow(0, frame.x(), frame.y(), frame.width(), frame.height())
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if not picture.save(str(path)):
            raise OSError(f"cannot write {path}")
        return Path(path)

    def _views(self) -> Iterator[qMRMLSliceView]:
        for name in self.app.layoutManager().sliceViewNames():
            if self.view(name).isVisible():
                yield self.view(name)


def _described(condition: Callable[[], Any]) -> str:
    code = getattr(condition, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(condition)


def _on_qt_message(kind: QtMsgType, context: Any, message: str) -> None:
    serious = kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)
    if serious and not any(noise in message for noise in QT_NOISE):
        PROBLEMS.add(f"Qt: {message}")


def _watch_vtk() -> None:
    def on_error(caller: Any, event: str, text: str) -> None:
        PROBLEMS.add(f"VTK: {text}")

    on_error.CallDataType = "string0"
    vtk.vtkOutputWindow.GetInstance().AddObserver("ErrorEvent", on_error)
