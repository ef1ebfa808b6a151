"""Scripted modules: found, imported, shown, reloaded and unloaded as Slicer does it."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from Testing.host.ctk_widgets import stored
from Testing.host.mrml_widgets import qMRMLWidget
from Testing.host.problems import PROBLEMS
from Testing.host.pythonqt import plays_native


@plays_native
class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The frame that Slicer makes for a module's panel."""

    def __init__(self, module: "qSlicerScriptedLoadableModule") -> None:
        super().__init__()
        self._module = module
        self._self: Any = None
        self._entered = False
        self.setLayout(QVBoxLayout())

    isEntered = Property(bool, lambda self: self._entered)

    def self(self) -> Any:
        return self._self

    def instantiate(self) -> None:
        """Make the widget class's object; an exception is printed, as in Slicer."""
        name = f"{self._module.name}Widget"
        made = getattr(sys.modules[self._module.name], name)
        self._self = self._called(made, self)
        setattr(slicer.modules, name, self._self)

    def reload(self) -> None:
        self.instantiate()
        self.call("setup")

    def enter(self) -> None:
        self._entered = True
        self.call("enter")

    def exit(self) -> None:
        self._entered = False
        self.call("exit")

    def call(self, method: str) -> None:
        """Call a method of the panel that may be missing."""
        if hasattr(self._self, method):
            self._called(getattr(self._self, method))

    def _called(self, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception:  # noqa: BLE001 - Slicer prints whatever it is and goes on
            PROBLEMS.unhandled(*sys.exc_info())
            return None


@plays_native
class qSlicerScriptedLoadableModule(QObject):
    """What a module's class describes in its constructor, and what others ask it for."""

    title = stored(str, "title", "")
    categories = stored("QStringList", "categories", [])
    contributors = stored("QStringList", "contributors", [])
    dependencies = stored("QStringList", "dependencies", [])
    associatedNodeTypes = stored("QStringList", "associatedNodeTypes", [])
    helpText = stored(str, "helpText", "")
    acknowledgementText = stored(str, "acknowledgementText", "")
    icon = stored(QIcon, "icon", QIcon())
    hidden = stored(bool, "hidden", False)
    index = stored(int, "index", -1)
    widgetRepresentationCreationEnabled = stored(bool, "creationEnabled", True)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._widget: qSlicerScriptedLoadableModuleWidget | None = None
        self.setObjectName(path.stem)

    name = Property(str, lambda self: self._path.stem)
    path = Property(str, lambda self: str(self._path))
    isInstalled = Property(bool, lambda self: False)
    isBuiltIn = Property(bool, lambda self: False)

    def widgetRepresentation(self) -> qSlicerScriptedLoadableModuleWidget:
        """Return the panel, made and set up when it is first asked for."""
        if self._widget is None:
            self._widget = qSlicerScriptedLoadableModuleWidget(self)
            self._widget.setObjectName(f"{self.name}ModuleWidget")
            self._widget.setWindowTitle(self.title)
            self._widget.instantiate()
            self._widget.call("setup")
        return self._widget

    def forget_widget(self) -> None:
        """Delete the panel."""
        if self._widget is not None:
            self._widget.setParent(None)
            self._widget.deleteLater()
            self._widget = None


@plays_native
class qSlicerModuleManager(QObject):
    """The modules that are loaded."""

    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._modules: dict[str, qSlicerScriptedLoadableModule] = {}

    def factoryManager(self) -> "qSlicerModuleManager":
        return self

    def loadedModuleNames(self) -> tuple[str, ...]:
        return tuple(self._modules)

    modulesNames = loadedModuleNames

    def module(self, name: str) -> qSlicerScriptedLoadableModule | None:
        return self._modules.get(name)

    def load(self, path: Path) -> qSlicerScriptedLoadableModule | None:
        """Import the module in the file `path`; None where that fails, which is recorded."""
        folder, name = str(path.parent), path.stem
        if folder not in sys.path:
            sys.path.append(folder)
        module = qSlicerScriptedLoadableModule(path)
        try:
            spec = importlib.util.spec_from_file_location(name, path)
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
            instance = getattr(sys.modules[name], name)(module)
        except Exception:  # noqa: BLE001 - as in Slicer, a module that fails is not there
            PROBLEMS.unhandled(*sys.exc_info())
            return None
        missing = [one for one in module.dependencies if not hasattr(slicer.modules, one.lower())]
        if missing:
            PROBLEMS.add(f"{name} is not loaded: it depends on {', '.join(missing)}")
            return None
        self._modules[name] = module
        setattr(slicer.modules, name.lower(), module)
        setattr(slicer.modules, f"{name}Instance", instance)
        self.moduleLoaded.emit(name)
        return module

    def unload(self, name: str) -> None:
        """Let go of a module and its panel."""
        self.moduleAboutToBeUnloaded.emit(name)
        module = self._modules.pop(name)
        folder = str(Path(module.path).parent)
        module.forget_widget()
        for attribute in (name.lower(), f"{name}Instance", f"{name}Widget"):
            if hasattr(slicer.modules, attribute):
                delattr(slicer.modules, attribute)
        sys.modules.pop(name, None)
        if folder in sys.path:
            sys.path.remove(folder)


@plays_native
class qSlicerModuleSelectorToolBar(QObject):
    """The list of modules: shows one module's panel and tells both of enter and exit."""

    moduleSelected = Signal(str)

    def __init__(self, manager: qSlicerModuleManager, panel: QScrollArea) -> None:
        super().__init__(panel)
        self._manager = manager
        self._panel = panel
        self._selected = ""

    def selectModule(self, name: str) -> None:
        """Leave the present module and enter another; '' leaves it."""
        module = self._manager.module(name)
        if name and (module is None or not module.categories):
            return  # such a module is not in the list
        if self._selected:
            self._manager.module(self._selected).widgetRepresentation().exit()
            self._panel.takeWidget().setParent(None)
        self._selected = name
        if module is not None:
            widget = module.widgetRepresentation()
            self._panel.setWidget(widget)
            widget.setMRMLScene(slicer.mrmlScene)
            widget.show()
            widget.enter()
            self.moduleSelected.emit(name)

    selectedModule = Property(str, lambda self: self._selected)

    def panel(self) -> QWidget:
        return self._panel
