"""A slice view: Slicer's own slice logic, displayable managers and VTK, painted into a widget.

The widgets stand in for ``qMRMLSliceWidget`` and ``qMRMLSliceView``.
"""

from typing import Any

import slicer
import vtk
from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from Testing.host.pythonqt import plays_native
from Testing.host.render_widget import ctkVTKOpenGLNativeWidget

RENDER_INTERVAL_MS = 16
DISPLAYABLE_MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLScalarBarDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
)


@plays_native
class qMRMLSliceView(QWidget):
    """The picture of one slice; its displayable managers are Slicer's own."""

    resized = Signal(QSize)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._widget = ctkVTKOpenGLNativeWidget(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._widget)
        self.setFocusProxy(self._widget)
        self._paused = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(RENDER_INTERVAL_MS)
        self._timer.timeout.connect(self._render_if_allowed)
        self._node = None
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._build_renderers()
        self._start_displayable_managers()

    def _build_renderers(self) -> None:
        window = self.renderWindow()
        window.SetNumberOfLayers(2)
        renderer = vtk.vtkRenderer()
        renderer.GetActiveCamera().ParallelProjectionOn()
        window.AddRenderer(renderer)
        # Before the displayable managers, or overlays would be blended against black.
        actor = vtk.vtkActor2D()
        actor.SetMapper(self._mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        renderer.AddViewProp(actor)
        self._overlay = vtk.vtkRenderer()
        self._overlay.SetLayer(1)
        self._overlay.GetActiveCamera().ParallelProjectionOn()
        window.AddRenderer(self._overlay)

    def _start_displayable_managers(self) -> None:
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        for name in DISPLAYABLE_MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        renderer = self.renderWindow().GetRenderers().GetFirstRenderer()
        self._group = factory.InstantiateDisplayableManagers(renderer)
        self._group.AddObserver("UpdateEvent", self._on_request)
        self.interactor().AddObserver("RenderEvent", self._on_request)
        self.interactor().SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self._style = slicer.vtkMRMLSliceViewInteractorStyle()
        self._style.SetInteractor(self.interactor())
        self._style.SetDisplayableManagers(self._group)

    def _on_request(self, caller: Any, event: str) -> None:
        self.scheduleRender()

    def VTKWidget(self) -> ctkVTKOpenGLNativeWidget:
        return self._widget

    def renderWindow(self) -> Any:
        return self._widget.window_of_vtk()

    def interactor(self) -> Any:
        return self._widget.interactor()

    def interactorStyle(self) -> Any:
        return self.interactor().GetInteractorStyle()

    def interactorObserver(self) -> Any:
        return self._style

    def overlayRenderer(self) -> Any:
        return self._overlay

    def mrmlSliceNode(self) -> Any:
        return self._node

    def setMRMLSliceNode(self, node: Any) -> None:
        self._node = node
        self._group.SetMRMLDisplayableNode(node)

    def setImageDataConnection(self, connection: Any) -> None:
        self._mapper.SetInputConnection(connection)

    def displayableManagerByClassName(self, name: str) -> Any:
        return self._group.GetDisplayableManagerByClassName(name)

    def scheduleRender(self) -> None:
        """Render within 16 ms, once for all requests until then."""
        if not self._timer.isActive():
            self._timer.start()

    def forceRender(self) -> None:
        self._timer.stop()
        self._widget.render()

    def pauseRender(self) -> int:
        self._paused += 1
        return self._paused

    def resumeRender(self) -> int:
        self._paused -= 1
        self.scheduleRender()
        return self._paused

    def convertXYZToRAS(self, xyz: Any) -> tuple[float, ...]:
        ras = [0.0, 0.0, 0.0]
        self._crosshair().ConvertXYZToRAS(list(xyz), ras)
        return tuple(ras)

    def convertRASToXYZ(self, ras: Any) -> tuple[float, ...]:
        xyz = [0.0, 0.0, 0.0]
        self._crosshair().ConvertRASToXYZ(list(ras), xyz)
        return tuple(xyz)

    def convertDeviceToXYZ(self, xy: Any) -> tuple[float, ...]:
        xyz = [0.0, 0.0, 0.0]
        self._crosshair().ConvertDeviceToXYZ(*xy, xyz)
        return tuple(xyz)

    def setViewCursor(self, cursor: Any) -> None:
        self.setCursor(cursor)
        self._widget.setCursor(cursor)

    def unsetViewCursor(self) -> None:
        self.unsetCursor()
        self._widget.setCursor(Qt.CursorShape.ArrowCursor)

    def _crosshair(self) -> Any:
        return self.displayableManagerByClassName("vtkMRMLCrosshairDisplayableManager")

    def _render_if_allowed(self) -> None:
        if self._paused == 0 and self._widget.isVisible() and not self._is_loading():
            self._widget.render()

    def _is_loading(self) -> bool:
        scene = self._node.GetScene() if self._node else None
        return scene is None or bool(scene.IsBatchProcessing())

    def resizeEvent(self, event: Any) -> None:
        self.resized.emit(event.size())
        self.scheduleRender()

    def showEvent(self, event: Any) -> None:
        self.scheduleRender()


@plays_native
class qMRMLSliceWidget(QFrame):
    """A slice view under a bar with its name, where Slicer has its controller."""

    def __init__(self, node: Any, application_logic: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        application_logic.GetSliceLogics().AddItem(self._logic)
        self._logic.SetMRMLScene(node.GetScene())
        self._logic.SetSliceNode(node)
        self._view = qMRMLSliceView(self)
        self._view.setMRMLSliceNode(node)
        self._view.interactorObserver().SetSliceLogic(self._logic)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar(node))
        layout.addWidget(self._view, 1)
        self._view.resized.connect(self._resize_node)
        self._logic.AddObserver("ModifiedEvent", self._on_logic)
        self._on_logic(None, "")

    def _bar(self, node: Any) -> QLabel:
        bar = QLabel(f" {node.GetLayoutLabel()}")
        bar.setFixedHeight(20)
        red, green, blue = (int(255 * part) for part in node.GetLayoutColor())
        bar.setStyleSheet(f"background: rgb({red}, {green}, {blue}); color: black")
        return bar

    def _on_logic(self, caller: Any, event: str) -> None:
        self._view.setImageDataConnection(self._logic.GetImageDataConnection())
        self._view.scheduleRender()

    def event(self, event: Any) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:  # on another monitor now
            self._resize_node(self._view.size)
            self._view.scheduleRender()
        return super().event(event)

    def _resize_node(self, size: QSize) -> None:
        pixels = size * self.devicePixelRatioF()
        self._logic.ResizeSliceNode(pixels.width(), pixels.height())

    def sliceView(self) -> qMRMLSliceView:
        return self._view

    def sliceLogic(self) -> Any:
        return self._logic

    def mrmlSliceNode(self) -> Any:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def interactorStyle(self) -> Any:
        return self._view.interactorStyle()

    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()
