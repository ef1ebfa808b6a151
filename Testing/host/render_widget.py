"""A widget that shows what VTK renders off-screen, where Slicer has one of OpenGL."""

from typing import Any

import numpy as np
import vtk
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget
from vtk.util.numpy_support import vtk_to_numpy

from Testing.host.interactor_input import forward
from Testing.host.pythonqt import plays_native


@plays_native
class ctkVTKOpenGLNativeWidget(QWidget):
    """Paints an off-screen render window and hands it the mouse and the keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(True)
        self._window.SetShowWindow(False)
        self._window.SetMultiSamples(0)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.EnableRenderOff()
        self._interactor.Initialize()
        self._picture = QImage()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def device_size(self) -> QSize:
        """Return the widget's size in device pixels."""
        return self.size * self.devicePixelRatioF()

    def render(self) -> None:
        """Render, and paint the result as soon as Qt comes to it."""
        size = self.device_size()
        if size.isEmpty():
            return
        width, height = size.width(), size.height()
        self._window.SetSize(width, height)
        self._window.Render()
        rows = self.pixels().tobytes()
        self._picture = QImage(rows, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def pixels(self) -> np.ndarray:
        """Return what was rendered as (height, width, RGB), row 0 at the top."""
        width, height = self._window.GetSize()
        pixels = vtk.vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 1, pixels, 0)
        return vtk_to_numpy(pixels).reshape(height, width, 3)[::-1].copy()

    def event(self, event: Any) -> bool:
        """Forward what is for VTK; it has the first word, as in Slicer."""
        if self.isEnabled() and forward(event, self._interactor, self.devicePixelRatioF()):
            event.accept()
            return True
        return super().event(event)

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect, self._picture)
        painter.end()

    def resizeEvent(self, event: Any) -> None:
        size = self.device_size()
        self._interactor.UpdateSize(size.width(), size.height())

    def window_of_vtk(self) -> Any:
        return self._window

    def interactor(self) -> Any:
        return self._interactor
