"""Loading and saving nodes: what ``slicer.util.loadVolume`` and its like ask for."""

from pathlib import Path
from typing import Any

import slicer

SEGMENTATION_FORMATS = ("Segmentation (.seg.nrrd)", "Segmentation (.nrrd)")


class qSlicerCoreIOManager:
    """Reads volumes, segmentations and scenes; writes every node that has a storage node."""

    def fileType(self, fileName: str) -> str:
        name = str(fileName).lower()
        if name.endswith((".seg.nrrd", ".seg.nhdr")):
            return "SegmentationFile"
        return "SceneFile" if name.endswith(".mrml") else "VolumeFile"

    def loadNodes(self, fileType: str, properties: dict, loaded: Any, messages: Any = None) -> bool:
        """Load a file's nodes into the scene and add them to the collection `loaded`."""
        path = properties["fileName"]
        if not Path(path).exists():
            return False
        if fileType == "SceneFile":
            slicer.mrmlScene.SetURL(path)
            return bool(slicer.mrmlScene.Connect())
        if fileType == "SegmentationFile":
            node = self._load_segmentation(path)
        else:
            node = self._load_volume(path, properties)
        if node is not None:
            loaded.AddItem(node)
        return node is not None

    def _load_volume(self, path: str, properties: dict) -> Any:
        name = properties.get("name") or Path(path).name.split(".")[0]
        options = int(bool(properties.get("labelmap")))
        logic = slicer.app.moduleLogic("Volumes")
        node = logic.AddArchetypeVolume(path, name, options)
        if node is not None and properties.get("show", True):
            selection = slicer.app.applicationLogic().GetSelectionNode()
            selection.SetActiveVolumeID(node.GetID())
            slicer.app.applicationLogic().PropagateVolumeSelection()
        return node

    def _load_segmentation(self, path: str) -> Any:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", Path(path).name)
        storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
        storage.SetFileName(path)
        node.SetAndObserveStorageNodeID(storage.GetID())
        if not storage.ReadData(node):
            slicer.mrmlScene.RemoveNode(node)
            return None
        node.CreateDefaultDisplayNodes()
        return node

    def fileWriterFileType(self, node: Any) -> str:
        return "SegmentationFile" if node.IsA("vtkMRMLSegmentationNode") else "VolumeFile"

    def fileWriterExtensions(self, node: Any) -> tuple[str, ...]:
        if node.IsA("vtkMRMLSegmentationNode"):
            return SEGMENTATION_FORMATS
        return ("NRRD (.nrrd)", "NIfTI (.nii.gz)", "NIfTI (.nii)")

    def extractKnownExtension(self, fileName: str, node: Any) -> str:
        name = str(fileName).lower()
        known = (".seg.nrrd", ".nii.gz", ".nrrd", ".nii", ".mrml")
        return next((extension for extension in known if name.endswith(extension)), "")

    def saveNodes(self, fileType: str, properties: dict, messages: Any = None) -> bool:
        """Write a node, or the scene, into a file that becomes the node's own."""
        path = str(properties["fileName"])
        if fileType == "SceneFile":
            slicer.mrmlScene.SetURL(path)
            return bool(slicer.mrmlScene.Commit(path))
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode()
        storage = node.GetStorageNode()
        storage.SetFileName(path)
        return bool(storage.WriteData(node))

    def exportNodes(
        self,
        nodeIDs: Any,
        fileNames: Any,
        properties: dict,
        hardenTransforms: bool,
        messages: Any = None,
    ) -> bool:
        """Write nodes into files without making those the nodes' own."""
        for node_id, path in zip(nodeIDs, fileNames, strict=True):
            node = slicer.mrmlScene.GetNodeByID(node_id)
            storage = node.CreateDefaultStorageNode()
            storage.UnRegister(None)
            slicer.mrmlScene.AddNode(storage)
            storage.SetFileName(str(path))
            written = storage.WriteData(node)
            slicer.mrmlScene.RemoveNode(storage)
            if not written:
                return False
        return True
