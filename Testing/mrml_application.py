"""The real MRML of 3D Slicer, without its window: what the ``slicer-core`` wheel holds."""

import types
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mrml:
    """The parts of Slicer's application that tests reach for.

    Attributes
    ----------
    scene : vtkMRMLScene
        Also ``slicer.mrmlScene``, so that most of ``slicer.util`` works.
    application : vtkSlicerApplicationLogic
        Knows the slice logics.
    volumes : vtkSlicerVolumesLogic
        Reads volumes.
    segmentations : vtkSlicerSegmentationsModuleLogic
        The logic of the module Segmentations.
    """

    scene: Any
    application: Any
    volumes: Any
    segmentations: Any


def start_scene() -> tuple[Any, Any]:
    """Return a scene and its application logic, with what Slicer itself adds before modules."""
    import slicer
    import vtk

    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    colors = application.GetColorLogic()
    colors.SetMRMLScene(scene)
    colors.AddDefaultColorNodes()
    application.SetModuleLogic("Colors", colors)
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    factory.SetMRMLApplicationLogic(application)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    return scene, application


def start_mrml() -> Mrml:
    """Make a scene with Slicer's logics; once per process."""
    import slicer

    scene, application = start_scene()
    # Without a scene: with one it looks for the dictionaries that only Slicer itself installs.
    application.SetModuleLogic("Terminologies", slicer.vtkSlicerTerminologiesModuleLogic())
    volumes = _module_logic(application, scene, "Volumes", slicer.vtkSlicerVolumesLogic())
    segmentations = _module_logic(
        application, scene, "Segmentations", slicer.vtkSlicerSegmentationsModuleLogic()
    )
    slicer.mrmlScene = scene
    slicer.modules = types.SimpleNamespace(
        volumes=types.SimpleNamespace(logic=lambda: volumes),
        segmentations=types.SimpleNamespace(logic=lambda: segmentations),
    )
    return Mrml(scene, application, volumes, segmentations)


def _module_logic(application: Any, scene: Any, name: str, logic: Any) -> Any:
    logic.SetMRMLScene(scene)
    logic.SetMRMLApplicationLogic(application)
    application.SetModuleLogic(name, logic)
    return logic
