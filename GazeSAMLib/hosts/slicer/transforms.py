"""Points through Slicer's transforms, linear or not."""

import numpy as np
import numpy.typing as npt
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from GazeSAMLib.geometry.affine import Matrix


def transform_between(
    source: "slicer.vtkMRMLTransformNode | None", target: "slicer.vtkMRMLTransformNode | None"
) -> vtk.vtkGeneralTransform:
    """Return what maps RAS under `source` to RAS under `target`; None is the world."""
    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(source, target, transform)
    return transform


def through(transform: vtk.vtkAbstractTransform, points: npt.ArrayLike) -> Matrix:
    """Map points, shape (n, 3), in double precision."""
    given = vtk.vtkPoints()
    given.SetData(numpy_to_vtk(np.ascontiguousarray(points, dtype=np.float64), deep=True))
    mapped = vtk.vtkPoints()
    mapped.SetDataTypeToDouble()
    transform.TransformPoints(given, mapped)
    return vtk_to_numpy(mapped.GetData()).reshape(-1, 3).copy()
