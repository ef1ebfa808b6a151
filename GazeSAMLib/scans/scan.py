"""A scan in memory: voxels, where they lie, and how a display would show them."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.dicom_frames import Frame


@dataclass(frozen=True, eq=False)
class Scan:
    """A scan as read from disk.

    Attributes
    ----------
    voxels_kji : ndarray, shape (k, j, i)
        Values after rescaling (Hounsfield units for CT), finite, int16, uint16, int32, uint8
        or float32.
    volume : VolumeGeometry
        Where the voxels lie; without parent transforms, so local RAS is RAS.
    name : str
        Series description or file name, for people.
    path : Path
        The file or folder it was read from.
    modality : str
        DICOM modality, empty where unknown.
    window, level : float
        Default display: the file's own, else by modality and percentiles.
    notes : tuple of str
        What the reader should know: gaps resampled, NaN replaced, tilt kept.
    source_files : tuple of Path
        The DICOM files, one a slice in k order, where the scan is a DICOM series.
    source_frames : tuple of Frame
        The slices as DICOM files hold them, in order; they are not the scan's layers
        where uneven gaps were resampled.
    """

    voxels_kji: npt.NDArray[np.generic]
    volume: VolumeGeometry
    name: str
    path: Path
    modality: str = ""
    window: float = 255.0
    level: float = 127.5
    notes: tuple[str, ...] = field(default=())
    source_files: tuple[Path, ...] = field(default=())
    source_frames: tuple[Frame, ...] = field(default=(), repr=False)
