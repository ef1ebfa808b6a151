"""The DICOM files that a volume of the scene was loaded from."""

from pathlib import Path

import slicer

from GazeSAMLib.errors import OutputError
from GazeSAMLib.scans.dicom import read_frames
from GazeSAMLib.scans.dicom_frames import Frame

UIDS_ATTRIBUTE = "DICOM.instanceUIDs"
"""Of a volume node: SOP Instance UIDs, separated by spaces; the module DICOM writes it."""


def source_frames(volume_node: "slicer.vtkMRMLScalarVolumeNode") -> tuple[Frame, ...]:
    """Return the slices that a volume was loaded from, in order.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The scan.

    Raises
    ------
    OutputError
        If the volume was not loaded by the DICOM module, or its files are gone from the database.
    ScanError
        If a file cannot be read, or holds no slice.
    """
    name = volume_node.GetName()
    uids = (volume_node.GetAttribute(UIDS_ATTRIBUTE) or "").split()
    if not uids:
        raise OutputError(
            f"'{name}' was not loaded from DICOM, and a DICOM segmentation refers to the slices of "
            "its scan: import the series in the module DICOM and segment that, or export NRRD"
        )
    database = getattr(slicer, "dicomDatabase", None)
    found = [database.fileForInstance(uid) if database is not None else "" for uid in uids]
    missing = [uid for uid, file in zip(uids, found, strict=True) if not file]
    missing += [file for file in found if file and not Path(file).is_file()]
    if missing:
        raise OutputError(
            f"{len(missing)} of {len(uids)} slices of '{name}' are not in Slicer's DICOM database "
            f"(such as {missing[0]}): import the series in the module DICOM again, or export NRRD"
        )
    return read_frames([Path(file) for file in found])
