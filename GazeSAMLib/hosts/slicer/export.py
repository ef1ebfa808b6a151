"""Save a segmentation node as a file of its own, outside Slicer's scene."""

import gzip
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import slicer

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_volumes import SegmentVolumes
from GazeSAMLib.scans.atomic import replacing

NRRD_EXTENSION = ".seg.nrrd"
NIFTI_EXTENSION = ".nii.gz"
# How far the axes of a grid may be from right angles for NIfTI (cosine).
RIGHT_ANGLE = 1e-4
BLOCK_BYTES = 1 << 22


def export_nrrd(segmentation_node: "slicer.vtkMRMLSegmentationNode", path: Path) -> None:
    """Write a ``.seg.nrrd`` file: segments with names, colours, terminology, and overlaps.

    The file appears whole or not at all.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        What is written.
    path : Path
        Ends in ``.seg.nrrd``.

    Raises
    ------
    OutputError
        If there is nothing to write, or the file cannot be written.
    """
    check_exportable(segmentation_node, path, NRRD_EXTENSION)
    # A storage node of its own: the node's says where the user saved the scene.
    storage = slicer.vtkMRMLSegmentationStorageNode()
    with replacing(path) as beside:
        storage.SetFileName(str(beside))
        if not storage.WriteData(segmentation_node):
            raise OutputError(_FAILED.format(path=path))
        with beside.open("rb") as file:
            while file.readline().strip():  # the header ends with an empty line
                pass
            _check_whole(file, path)


def export_nifti(
    segmentation_node: "slicer.vtkMRMLSegmentationNode", scene_volume: SceneVolume, path: Path
) -> str:
    """Write all segments as one NIfTI label map on the grid of the scan.

    Labels count from 1 in the order of the segments; a table beside the file, ``.labels.csv``,
    names them. A file appears whole or not at all.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        What is written.
    scene_volume : SceneVolume
        The scan that was segmented.
    path : Path
        Ends in ``.nii.gz``.

    Returns
    -------
    str
        What the reader should know, one sentence, or empty.

    Raises
    ------
    OutputError
        If there is nothing to write, NIfTI cannot hold the scan's grid, or the file cannot be
        written.
    """
    check_exportable(segmentation_node, path, NIFTI_EXTENSION)
    axes = scene_volume.volume.axes_mm / scene_volume.volume.spacing_mm
    if np.abs(axes.T @ axes - np.eye(3)).max() > RIGHT_ANGLE:
        raise OutputError(
            f"could not write {path}: the slices of '{scene_volume.name}' are sheared against "
            "each other, which NIfTI files of Slicer cannot say; export NRRD instead"
        )
    segmentation = segmentation_node.GetSegmentation()
    segmentation.CollapseBinaryLabelmaps(False)  # what does not overlap comes into one layer
    with (
        replacing(path) as beside,
        tempfile.TemporaryDirectory(prefix=".gazesam-", dir=path.parent) as folder,
    ):
        slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsBinaryLabelmapRepresentationToFiles(
            folder, segmentation_node, None, "nii.gz", True, scene_volume.node
        )
        labelmap = next(Path(folder).glob("*.nii.gz"), None)
        table = next(Path(folder).glob("*.labels.csv"), None)
        if labelmap is None or table is None:
            raise OutputError(_FAILED.format(path=path))
        with labelmap.open("rb") as file:
            _check_whole(file, path)
        table.replace(path.with_name(path.name.removesuffix(NIFTI_EXTENSION) + ".labels.csv"))
        labelmap.replace(beside)
    return _OVERLAP if segmentation.GetNumberOfLayers() > 1 else ""


_FAILED = "could not write {path}: check that the disk is not full, or choose another folder"
_OVERLAP = (
    "Some segments overlap, which a NIfTI label map cannot hold: there the later segment was "
    "written. The NRRD export keeps both."
)


def check_exportable(
    segmentation_node: "slicer.vtkMRMLSegmentationNode", path: Path, extension: str
) -> None:
    """Find out before the work whether there is something to write, and a place for it.

    Raises
    ------
    OutputError
        If not.
    """
    if not path.name.endswith(extension):
        raise OutputError(f"cannot write {path}: let its name end in {extension}")
    if not path.parent.is_dir():
        raise OutputError(f"could not write {path}: the folder {path.parent} does not exist")
    if not any(SegmentVolumes().in_ml(segmentation_node).values()):
        raise OutputError(
            f"the segmentation '{segmentation_node.GetName()}' is empty: accept a mask first"
        )


def _check_whole(file: BinaryIO, path: Path) -> None:
    """Raise OutputError unless `file` ends with a whole gzip stream, checksum included.

    Slicer's writers do not always say that a disk is full.
    """
    size = 0
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            while block := stream.read(BLOCK_BYTES):
                size += len(block)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise OutputError(_FAILED.format(path=path)) from error
    if size == 0:
        raise OutputError(_FAILED.format(path=path))
