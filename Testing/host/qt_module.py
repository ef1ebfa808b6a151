"""The modules ``qt`` and ``ctk`` that a scripted module imports."""

import sys
import types
from typing import Any
from xml.etree import ElementTree

import PySide6.QtUiTools
from PySide6 import QtCore, QtGui, QtWidgets

from Testing.host import ctk_slider, ctk_widgets, mrml_widgets, segments_table
from Testing.host.problems import PROBLEMS
from Testing.host.pythonqt import MODULES

STAND_INS = {
    name: thing
    for module in (ctk_widgets, ctk_slider, mrml_widgets, segments_table)
    for name, thing in vars(module).items()
    if isinstance(thing, type) and "_plays_native" in vars(thing)
}


NOT_IN_PYTHONQT = ("ClassInfo", "Property", "QEnum", "QFlag", "SIGNAL", "SLOT", "Signal", "Slot")


class QImage(QtGui.QImage):
    """An image that, as under PythonQt, cannot be made of bytes."""

    def __init__(self, *arguments: Any) -> None:
        if arguments and isinstance(arguments[0], (bytes, bytearray, memoryview)):
            raise ValueError("Could not find matching overload for given arguments: QImage(bytes)")
        super().__init__(*arguments)


class QUiLoader(PySide6.QtUiTools.QUiLoader):
    """Loads ``.ui`` files with the stand-ins for the widgets of CTK and of Slicer."""

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._made: list[QtWidgets.QWidget] = []

    def createWidget(
        self, className: str, parent: QtWidgets.QWidget | None = None, name: str = ""
    ) -> QtWidgets.QWidget:
        if className in STAND_INS:
            widget = STAND_INS[className](parent)
            widget.setObjectName(name)
        else:
            if not hasattr(QtWidgets, className):
                PROBLEMS.add(f"{name} is a {className}, for which there is no stand-in")
            widget = super().createWidget(className, parent, name)
        self._made.append(widget)
        return widget

    def load(self, file: Any, parent: QtWidgets.QWidget | None = None) -> Any:
        """Load a file; connections that hand on VTK's objects are made here, not by Qt."""
        document = ElementTree.fromstring(file.readAll().data())
        handed = [c for c in document.iter("connection") if "vtk" in c.findtext("signal", "")]
        for connections in document.iter("connections"):
            for connection in handed:
                if connection in connections:
                    connections.remove(connection)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(document))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        top = super().load(buffer, parent)
        if top is None:
            return None
        for connection in handed:
            self._connect(top, connection)
        top.__dict__["_widgets_of_ui_file"] = self._made  # or Python would forget their state
        return top

    def _connect(self, top: QtWidgets.QWidget, connection: ElementTree.Element) -> None:
        sender, receiver = (
            top if top.objectName == name else top.findChild(QtWidgets.QWidget, name)
            for name in (connection.findtext("sender"), connection.findtext("receiver"))
        )
        slot = getattr(receiver, connection.findtext("slot", "").partition("(")[0], None)
        if slot is None or sender is None:
            PROBLEMS.add(f"cannot connect {ElementTree.tostring(connection, 'unicode')}")
        else:
            sender.connect(connection.findtext("signal"), slot)


def install() -> None:
    """Make ``import qt`` and ``import ctk`` work, and put Slicer's widgets into ``slicer``."""
    import slicer

    qt, ctk = types.ModuleType("qt"), types.ModuleType("ctk")
    for module in MODULES:
        names = (name for name in dir(module) if not name.startswith("_"))
        vars(qt).update({name: getattr(module, name) for name in names})
    for name in NOT_IN_PYTHONQT:
        vars(qt).pop(name, None)
    qt.QImage, qt.QUiLoader = QImage, QUiLoader
    for name, widget in STAND_INS.items():
        setattr(ctk if name.startswith("ctk") else slicer, name, widget)
    sys.modules["qt"], sys.modules["ctk"] = qt, ctk
