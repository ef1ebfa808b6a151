"""The MRML side of the application: one scene, its logics, and Slicer's modules of C++."""

import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from Testing.host.terminologies import write_terminologies
from Testing.mrml_application import start_scene

MODULE_LOGICS = {
    "Volumes": slicer.vtkSlicerVolumesLogic,
    "Segmentations": slicer.vtkSlicerSegmentationsModuleLogic,
    "SubjectHierarchy": slicer.vtkSlicerSubjectHierarchyModuleLogic,
    "Terminologies": slicer.vtkSlicerTerminologiesModuleLogic,
    "Transforms": slicer.vtkSlicerTransformLogic,
    "Markups": slicer.vtkSlicerMarkupsLogic,
}


@dataclass(frozen=True)
class MrmlWorld:
    """A scene with its logics.

    Attributes
    ----------
    scene : vtkMRMLScene
    application_logic : vtkSlicerApplicationLogic
        Knows the slice logics, the selection and the other modules' logics.
    module_logics : dict of str to vtkMRMLAbstractLogic
        By the names of Slicer's modules.
    """

    scene: Any
    application_logic: Any
    module_logics: dict[str, Any]

    @classmethod
    def start(cls, share: Path) -> "MrmlWorld":
        """Build a scene and its logics in the order that Slicer needs.

        The folder `share` gets the files that a module of Slicer's would bring along.
        """
        scene, application_logic = start_scene()
        logics = {"Colors": application_logic.GetColorLogic()}
        for name, kind in MODULE_LOGICS.items():
            logic = kind()
            logic.SetMRMLApplicationLogic(application_logic)
            if name == "Terminologies":
                write_terminologies(share)
                logic.SetModuleShareDirectory(str(share))
            logic.SetMRMLScene(scene)
            application_logic.SetModuleLogic(name, logic)
            logics[name] = logic
        link = slicer.vtkMRMLSliceLinkLogic()
        link.SetMRMLApplicationLogic(application_logic)
        link.SetMRMLScene(scene)
        logics["SliceLink"] = link
        return cls(scene, application_logic, logics)

    def modules(self) -> types.SimpleNamespace:
        """Return what ``slicer.modules`` is before scripted modules are loaded."""
        return types.SimpleNamespace(
            **{
                name.lower(): types.SimpleNamespace(name=name, logic=lambda logic=logic: logic)
                for name, logic in self.module_logics.items()
            }
        )
