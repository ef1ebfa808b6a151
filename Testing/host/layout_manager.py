"""The views on the screen: MRML's layout logic says which, these widgets show them."""

from typing import Any
from xml.etree import ElementTree

import shiboken6
import slicer
from PySide6.QtCore import Property, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QTabWidget, QVBoxLayout, QWidget

from Testing.host.pythonqt import plays_native
from Testing.host.slice_view import qMRMLSliceWidget


@plays_native
class qMRMLThreeDView(QLabel):
    """Where Slicer shows 3D: here an empty field."""

    def __init__(self, node: Any, parent: QWidget | None = None) -> None:
        super().__init__("3D", parent)
        self._node = node
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setStyleSheet("background: #9c9cc8; color: #5c5c88")

    def mrmlViewNode(self) -> Any:
        return self._node

    def scheduleRender(self) -> None:
        """Render nothing."""

    forceRender = resetFocalPoint = resetCamera = scheduleRender


@plays_native
class qMRMLThreeDWidget(QWidget):
    """The frame around a 3D view."""

    def __init__(self, node: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = qMRMLThreeDView(node, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)

    def threeDView(self) -> qMRMLThreeDView:
        return self._view

    def mrmlViewNode(self) -> Any:
        return self._view.mrmlViewNode()


@plays_native
class qSlicerLayoutManager(QObject):
    """Shows the views of the scene's layout node, and keeps the others hidden."""

    layoutChanged = Signal(int)

    def __init__(self, viewport: QWidget, application_logic: Any) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._application_logic = application_logic
        self._widgets: dict[str, QWidget] = {}
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._shown: str | None = None

    def setMRMLScene(self, scene: Any) -> None:
        self._logic.SetMRMLScene(scene)
        self._logic.GetLayoutNode().AddObserver("ModifiedEvent", self._on_layout_node)

    def _on_layout_node(self, caller: Any, event: str) -> None:
        description = caller.GetCurrentLayoutDescription()
        if description and description != self._shown:
            self._shown = description
            self._arrange(ElementTree.fromstring(description))
            self.layoutChanged.emit(caller.GetViewArrangement())

    def _arrange(self, description: ElementTree.Element) -> None:
        for widget in self._widgets.values():
            widget.hide()
            widget.setParent(self._viewport)
        if self._viewport.layout() is not None:
            shiboken6.delete(self._viewport.layout())
        for tabs in self._viewport.findChildren(QTabWidget):
            shiboken6.delete(tabs)
        layout = self._layout(description)
        layout.setContentsMargins(0, 0, 0, 0)
        self._viewport.setLayout(layout)

    def _layout(self, element: ElementTree.Element) -> QLayout:
        """Return the layout that a description asks for, with its views shown in it."""
        kind = element.get("type", "horizontal")
        layout = QHBoxLayout() if kind == "horizontal" else QVBoxLayout()
        layout.setSpacing(2)
        if kind == "tab":
            layout.addWidget(self._tabs(element))
            return layout
        for item in element:
            for content in item:
                if content.tag == "layout":
                    layout.addLayout(self._layout(content), 1)
                else:
                    widget = self._widget(content)
                    layout.addWidget(widget, 1)
                    widget.show()
        return layout

    def _tabs(self, element: ElementTree.Element) -> QTabWidget:
        tabs = QTabWidget(self._viewport)
        for item in element:
            for content in item:
                tabs.addTab(self._widget(content), content.get("singletontag"))
        return tabs

    def _widget(self, view: ElementTree.Element) -> QWidget:
        """Return the widget of a view, made when it is first needed."""
        tag, kind = view.get("singletontag"), view.get("class")
        key = f"{kind} {tag}"
        if key not in self._widgets:
            node = self._logic.GetMRMLScene().GetSingletonNode(tag, kind)
            if kind == "vtkMRMLSliceNode":
                made = qMRMLSliceWidget(node, self._application_logic, self._viewport)
            else:
                made = qMRMLThreeDWidget(node, self._viewport)
            made.setObjectName(f"qMRML{'Slice' if 'Slice' in kind else 'ThreeD'}Widget{tag}")
            self._widgets[key] = made
        return self._widgets[key]

    def _of(self, kind: type) -> list[Any]:
        return [widget for widget in self._widgets.values() if isinstance(widget, kind)]

    def mrmlScene(self) -> Any:
        return self._logic.GetMRMLScene()

    def layoutLogic(self) -> Any:
        return self._logic

    def viewport(self) -> QWidget:
        return self._viewport

    def setLayout(self, number: int) -> None:
        self._logic.GetLayoutNode().SetViewArrangement(int(number))

    layout = Property(int, lambda self: self._logic.GetLayoutNode().GetViewArrangement(), setLayout)
    threeDViewCount = Property(int, lambda self: len(self._of(qMRMLThreeDWidget)))
    tableViewCount = Property(int, lambda self: 0)
    plotViewCount = Property(int, lambda self: 0)

    def sliceViewNames(self) -> tuple[str, ...]:
        """Return the names of all slice views there are, hidden ones too."""
        return tuple(
            widget.mrmlSliceNode().GetLayoutName() for widget in self._of(qMRMLSliceWidget)
        )

    def sliceWidget(self, name: str) -> qMRMLSliceWidget | None:
        return self._widgets.get(f"vtkMRMLSliceNode {name}")

    def threeDWidget(self, which: int | str) -> qMRMLThreeDWidget | None:
        if isinstance(which, str):
            return self._widgets.get(f"vtkMRMLViewNode {which}")
        widgets = self._of(qMRMLThreeDWidget)
        return widgets[which] if 0 <= which < len(widgets) else None

    def viewWidget(self, node: Any) -> QWidget | None:
        return self._widgets.get(f"{node.GetClassName()} {node.GetSingletonTag()}")

    def mrmlSliceLogics(self) -> Any:
        return self._application_logic.GetSliceLogics()

    def resetSliceViews(self) -> None:
        for widget in self._of(qMRMLSliceWidget):
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        """There is nothing to reset."""

    def pauseRender(self) -> None:
        for widget in self._of(qMRMLSliceWidget):
            widget.sliceView().pauseRender()

    def resumeRender(self) -> None:
        for widget in self._of(qMRMLSliceWidget):
            widget.sliceView().resumeRender()

    def setRenderPaused(self, paused: bool) -> None:
        self.pauseRender() if paused else self.resumeRender()
