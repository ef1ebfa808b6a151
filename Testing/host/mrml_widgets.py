"""Stand-ins for the widgets of Slicer that show nodes of the MRML scene."""

from typing import Any

import slicer
from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QVBoxLayout, QWidget

from Testing.host.ctk_widgets import stored
from Testing.host.pythonqt import plays_native

ADDED, REMOVED, IMPORTED, CLOSED = (
    slicer.vtkMRMLScene.NodeAddedEvent,
    slicer.vtkMRMLScene.NodeRemovedEvent,
    slicer.vtkMRMLScene.EndImportEvent,
    slicer.vtkMRMLScene.EndCloseEvent,
)


@plays_native
class qMRMLWidget(QWidget):
    """A panel that knows the scene and tells its children."""

    mrmlSceneChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        """Take the scene; a ``.ui`` file's connections hand it to the widgets inside."""
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


@plays_native
class qMRMLCollapsibleButton(QFrame):
    """Kept for ``.ui`` files that name it."""


@plays_native
class qMRMLNodeComboBox(QWidget):
    """A list of the scene's nodes of some types, kept current, one of them chosen."""

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAddedByUserAction = Signal(object)
    nodeAboutToBeRemoved = Signal(object)
    nodeActivated = Signal(object)
    currentNodeRenamed = Signal(str)

    CREATE = "Create new {}"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._observers: list[tuple[Any, int]] = []
        self._watched: list[tuple[Any, int]] = []
        self._types: list[str] = []
        self._current_id = ""
        self._filling = False
        self._attributes: list[tuple[str, str, Any]] = []
        self._box = QComboBox(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self.setFocusProxy(self._box)
        self._box.activated.connect(self._on_chosen)
        self.setEnabled(False)
        self.destroyed.connect(self._forget_scene)

    def _forget_scene(self) -> None:
        for subject, tag in [*self._observers, *self._watched]:
            subject.RemoveObserver(tag)
        self._observers, self._watched = [], []

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._forget_scene()
        self._scene = scene
        self.setEnabled(scene is not None)
        if scene is not None:
            for event in (ADDED, REMOVED, IMPORTED, CLOSED):
                self._observers.append((scene, scene.AddObserver(event, self._on_scene)))
        self._fill()

    def _on_scene(self, caller: Any, event: str) -> None:
        if not self._scene.IsBatchProcessing() or event in ("EndImportEvent", "EndCloseEvent"):
            self._fill()

    def _on_node(self, caller: Any, event: str) -> None:
        index = self._box.findData(caller.GetID())
        if index >= 0 and self._box.itemText(index) != caller.GetName():
            self._box.setItemText(index, caller.GetName())
            if caller.GetID() == self._current_id:
                self.currentNodeRenamed.emit(caller.GetName())

    def nodes(self) -> tuple[Any, ...]:
        """Return the nodes in the list."""
        if self._scene is None:
            return ()
        found = []
        for kind in self._types:
            for index in range(self._scene.GetNumberOfNodesByClass(kind)):
                node = self._scene.GetNthNodeByClass(index, kind)
                if self._is_listed(node, kind) and node not in found:
                    found.append(node)
        return tuple(found)

    def _is_listed(self, node: Any, kind: str) -> bool:
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        if not self.showChildNodeTypes and node.GetClassName() != kind:
            return False
        if any(node.IsA(hidden) for hidden in self.hideChildNodeTypes):
            return False
        return all(
            node.GetAttribute(name) is not None and value in (None, node.GetAttribute(name))
            for wanted, name, value in self._attributes
            if wanted == kind
        )

    def _fill(self) -> None:
        """Show the nodes that there are; choose anew where the chosen one is gone."""
        nodes = self.nodes()
        ids = [node.GetID() for node in nodes]
        for node, tag in self._watched:
            node.RemoveObserver(tag)
        self._watched = [(node, node.AddObserver("ModifiedEvent", self._on_node)) for node in nodes]
        self._filling = True
        self._box.clear()
        if self._none_enabled:
            self._box.addItem(self.noneDisplay, "")
        for node in nodes:
            self._box.addItem(node.GetName(), node.GetID())
        if self.addEnabled and self._types and self._scene is not None:
            self._box.addItem(self.CREATE.format(self._tag()), "create")
        self._filling = False
        if self._current_id in ids:
            self._box.setCurrentIndex(self._box.findData(self._current_id))
        else:
            self._set_current_id(ids[0] if ids and not self._none_enabled else "")

    def _tag(self) -> str:
        made = self._scene.CreateNodeByClass(self._types[0])
        made.UnRegister(None)
        return made.GetNodeTagName()

    def _on_chosen(self, index: int) -> None:
        chosen = self._box.itemData(index)
        if chosen == "create":
            self.nodeAddedByUserAction.emit(self.addNode())
        else:
            self._set_current_id(chosen)
        self.nodeActivated.emit(self.currentNode())

    def _set_current_id(self, node_id: str) -> None:
        self._box.setCurrentIndex(self._box.findData(node_id))
        if node_id == self._current_id:
            return
        self._current_id = node_id
        node = self.currentNode()
        self.currentNodeChanged[object].emit(node)
        self.currentNodeChanged[bool].emit(node is not None)
        self.currentNodeIDChanged.emit(node_id)

    def addNode(self, kind: str | None = None) -> Any:
        """Add a node as if the user had chosen `Create new`, and choose it."""
        node = self._scene.CreateNodeByClass(kind or self._types[0])
        node.UnRegister(None)
        node.SetName(self._scene.GenerateUniqueName(self.baseName or node.GetNodeTagName()))
        for wanted, name, value in self._attributes:
            if node.IsA(wanted):
                node.SetAttribute(name, value)
        self._scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        return node

    def removeCurrentNode(self) -> None:
        self._scene.RemoveNode(self.currentNode())

    def currentNode(self) -> Any:
        return self._scene.GetNodeByID(self._current_id) if self._current_id else None

    def setCurrentNode(self, node: Any) -> None:
        """Choose a node; one that is not in the list counts as None."""
        node_id = node if isinstance(node, str) else (node.GetID() if node is not None else "")
        self._set_current_id(node_id if self._box.findData(node_id) >= 0 else "")

    def setCurrentNodeID(self, node_id: str) -> None:
        self.setCurrentNode(node_id or "")

    def setCurrentNodeIndex(self, index: int) -> None:
        self.setCurrentNode(self.nodeFromIndex(index))

    def nodeFromIndex(self, index: int) -> Any:
        nodes = self.nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def nodeCount(self) -> int:
        return len(self.nodes())

    def addAttribute(self, kind: str, name: str, value: Any = None) -> None:
        self._attributes.append((kind, name, value))
        self._fill()

    def setNodeTypes(self, kinds: Any) -> None:
        self._types = list(kinds)
        self._fill()

    def setNoneEnabled(self, enabled: bool) -> None:
        self.__dict__["_noneEnabled"] = enabled
        self._fill()

    def setAddEnabled(self, enabled: bool) -> None:
        self.__dict__["_addEnabled"] = enabled
        self._fill()

    @property
    def _none_enabled(self) -> bool:
        return self.__dict__.get("_noneEnabled", False)

    currentNodeID = Property(str, lambda self: self._current_id, setCurrentNodeID)
    nodeTypes = Property("QStringList", lambda self: tuple(self._types), setNodeTypes)
    noneEnabled = Property(bool, lambda self: self._none_enabled, setNoneEnabled)
    addEnabled = Property(bool, lambda self: self.__dict__.get("_addEnabled", True), setAddEnabled)
    removeEnabled = stored(bool, "removeEnabled", True)
    renameEnabled = stored(bool, "renameEnabled", False)
    editEnabled = stored(bool, "editEnabled", False)
    showHidden = stored(bool, "showHidden", False)
    showChildNodeTypes = stored(bool, "showChildNodeTypes", True)
    hideChildNodeTypes = stored("QStringList", "hideChildNodeTypes", [])
    selectNodeUponCreation = stored(bool, "selectNodeUponCreation", True)
    noneDisplay = stored(str, "noneDisplay", "None")
    baseName = stored(str, "baseName", "")
    interactionNodeSingletonTag = stored(str, "interactionNodeSingletonTag", "")
