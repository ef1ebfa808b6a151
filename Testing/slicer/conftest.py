"""The real MRML of 3D Slicer, without its window: what the ``slicer-core`` wheel holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from Testing.mrml_application import Mrml, start_mrml
from Testing.rendering import RenderedView, why_nothing_is_rendered

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MrmlSliceView:
    """A slice view: its logic, its slice node and the layer of its background volume."""

    logic: Any
    node: Any

    @property
    def layer(self) -> Any:
        return self.logic.GetBackgroundLayer()

    @property
    def ras_from_view_xy(self) -> Matrix:
        return _array(self.node.GetXYToRAS())

    @property
    def directions(self) -> Matrix:
        """Columns: right and up on the view, and toward the reader, in RAS."""
        return _array(self.node.GetSliceToRAS())[:3, :3]

    def turn_to(self, directions: Matrix, origin_ras: Matrix | None = None) -> None:
        """Set `directions`, and the middle of the view where `origin_ras` is given."""
        ras_from_slice = _array(self.node.GetSliceToRAS())
        ras_from_slice[:3, :3] = directions
        if origin_ras is not None:
            ras_from_slice[:3, 3] = origin_ras
        self.node.GetSliceToRAS().DeepCopy(ras_from_slice.ravel().tolist())
        self.node.UpdateMatrices()

    def ijk_from_view(self, x: float, y: float) -> tuple[float, float, float]:
        """Return where Slicer itself finds a view position in the background volume."""
        return self.layer.GetXYToIJKTransform().TransformDoublePoint(x, y, 0.0)

    def resliced(self) -> npt.NDArray[Any]:
        """Return the values that Slicer shows before window and level, row 0 at the top."""
        reslice = self.layer.GetReslice()
        reslice.Update()
        return _pixels(reslice.GetOutput())[:, :, 0]

    def shown(self) -> npt.NDArray[np.uint8]:
        """Return the grey values that Slicer shows, row 0 at the top."""
        producer = self.layer.GetImageDataConnection().GetProducer()
        producer.Update()
        return _pixels(producer.GetOutputDataObject(0))[:, :, 0]


def _pixels(image: Any) -> npt.NDArray[Any]:
    from vtk.util.numpy_support import vtk_to_numpy

    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return pixels[::-1].copy()


def _array(matrix: Any) -> Matrix:
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


@pytest.fixture(scope="session")
def mrml() -> Mrml:
    """Slicer's scene and logics, started once for all tests."""
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    return start_mrml()


@pytest.fixture
def a_volume(mrml: Mrml) -> Iterator[Callable[..., Any]]:
    """Return a factory: ``a_volume(voxels_kji, ras_from_ijk, world_from_ras=None)``."""
    import slicer.util
    import vtk

    made = []

    def make(
        voxels_kji: npt.NDArray[Any], ras_from_ijk: Matrix, world_from_ras: Matrix | None = None
    ) -> Any:
        volume = slicer.util.addVolumeFromArray(voxels_kji, ijkToRAS=np.asarray(ras_from_ijk))
        made.append(volume)
        if world_from_ras is not None:
            parent = mrml.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
            matrix = vtk.vtkMatrix4x4()
            matrix.DeepCopy(np.asarray(world_from_ras).ravel().tolist())
            parent.SetMatrixTransformToParent(matrix)
            volume.SetAndObserveTransformNodeID(parent.GetID())
            made.append(parent)
        return volume

    yield make
    for node in made:
        mrml.scene.RemoveNode(node)


@pytest.fixture
def a_slice_view(mrml: Mrml) -> Iterator[Callable[..., MrmlSliceView]]:
    """Return a factory: ``a_slice_view(volume, orientation, width, height)``.

    The view shows the volume as a whole, at the slice nearest to its middle; sizes are in
    device pixels.
    """
    import slicer

    made = []
    numbers = count()

    def make(
        volume: Any, orientation: str = "Axial", width: int = 300, height: int = 200
    ) -> MrmlSliceView:
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(mrml.application)
        mrml.application.GetSliceLogics().AddItem(logic)
        logic.SetMRMLScene(mrml.scene)
        node = logic.AddSliceNode(f"View{next(numbers)}")
        made.append(logic)
        node.SetOrientation(orientation)
        logic.ResizeSliceNode(width, height)
        logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        logic.FitSliceToBackground()
        logic.SnapSliceOffsetToIJK()
        return MrmlSliceView(logic, node)

    yield make
    for logic in made:
        mrml.application.GetSliceLogics().RemoveItem(logic)
        nodes = (logic.GetSliceCompositeNode(), logic.GetSliceNode())
        logic.SetMRMLScene(None)
        for node in nodes:
            mrml.scene.RemoveNode(node)


@pytest.fixture
def a_segmentation(mrml: Mrml) -> Iterator[Callable[..., Any]]:
    """Return a factory: ``a_segmentation(scene_volume)``, an empty one of that volume."""
    from GazeSAMLib.hosts.slicer.segmentation_setup import new_segmentation

    made = []

    def make(scene_volume: Any) -> Any:
        made.append(new_segmentation(scene_volume))
        return made[-1]

    yield make
    for node in made:
        display = node.GetDisplayNode()
        mrml.scene.RemoveNode(node)
        mrml.scene.RemoveNode(display)


@pytest.fixture
def a_segment_editor(mrml: Mrml) -> Iterator[Any]:
    """The settings of the module Segment Editor, as Slicer makes them when it is opened."""
    import slicer

    editor = slicer.vtkMRMLSegmentEditorNode()
    editor.SetSingletonTag("SegmentEditor")
    mrml.scene.AddNode(editor)
    yield editor
    mrml.scene.RemoveNode(editor)


@pytest.fixture(scope="session")
def gl() -> None:
    """Skips where nothing can be rendered."""
    reason = why_nothing_is_rendered()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def a_rendered_view(mrml: Mrml, gl: None) -> Iterator[Callable[..., RenderedView]]:  # noqa: ARG001
    """Return a factory: ``a_rendered_view(view)`` draws a slice view off screen."""
    made = []

    def make(view: MrmlSliceView) -> RenderedView:
        made.append(RenderedView(view.logic))
        return made[-1]

    yield make
    for rendered in made:
        rendered.close()
