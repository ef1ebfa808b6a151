"""Slice views drawn off screen, by the displayable managers that Slicer itself uses."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_PROBE = """
import vtk
window = vtk.vtkRenderWindow()
window.SetOffScreenRendering(1)
window.AddRenderer(vtk.vtkRenderer())
window.Render()
"""


def why_nothing_is_rendered() -> str:
    """Return why this machine cannot draw off screen, or an empty text where it can."""
    # Where the libraries are missing VTK ends the process, so another one tries.
    tried = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, check=False, timeout=120
    )
    if tried.returncode == 0:
        return ""
    return "no OpenGL library: install Debian's libegl1 and libgl1-mesa-dri, or libosmesa6"


class RenderedView:
    """A slice view drawn into memory: the slice, and the segmentations over it.

    Parameters
    ----------
    slice_logic : vtkMRMLSliceLogic
        The view's logic; its slice node's dimensions are the picture's size.
    """

    def __init__(self, slice_logic: Any) -> None:
        import slicer
        import vtk

        width, height, _ = slice_logic.GetSliceNode().GetDimensions()
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(width, height)
        self.renderer = vtk.vtkRenderer()
        self.window.AddRenderer(self.renderer)
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255.0)
        mapper.SetColorLevel(127.5)
        mapper.SetInputConnection(slice_logic.GetImageDataConnection())
        actor = vtk.vtkActor2D()
        actor.SetMapper(mapper)
        self.renderer.AddViewProp(actor)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self.window)
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        manager = "vtkMRMLSegmentationsDisplayableManager2D"
        if not factory.IsDisplayableManagerRegistered(manager):
            factory.RegisterDisplayableManager(manager)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.Initialize(factory, self.renderer)
        self._group.SetMRMLDisplayableNode(slice_logic.GetSliceNode())

    def picture(self) -> npt.NDArray[np.uint8]:
        """Return what is drawn now: (height, width, 3), row 0 at the top."""
        import vtk
        from vtk.util.numpy_support import vtk_to_numpy

        self.window.Render()
        grabbed = vtk.vtkWindowToImageFilter()
        grabbed.SetInput(self.window)
        grabbed.ReadFrontBufferOff()
        grabbed.Update()
        width, height, _ = grabbed.GetOutput().GetDimensions()
        pixels = vtk_to_numpy(grabbed.GetOutput().GetPointData().GetScalars())
        return pixels.reshape(height, width, 3)[::-1].copy()

    def save(self, path: Path) -> None:
        """Write the picture, to be looked at."""
        Image.fromarray(self.picture()).save(path)

    def close(self) -> None:
        """Take the view down before its nodes go."""
        self._group.SetMRMLDisplayableNode(None)
        self._group = None
        self.window.Finalize()
