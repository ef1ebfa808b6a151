"""NRRD and MetaImage files, as ITK understands them; both may be sheared.

ITK's readers for these two keep a direction matrix whose columns are not perpendicular; its
NIfTI and DICOM series readers do not, which is why those have files of their own here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK

from GazeSAMLib.errors import GeometryError, ScanError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.lps import ras_from_lps
from GazeSAMLib.scans.parts import chosen_part
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.scans.voxels import Voxels, compact, luminance
from GazeSAMLib.scans.window import default_window

NRRD = "NrrdImageIO"
META_IMAGE = "MetaImageIO"


@dataclass(frozen=True, eq=False)
class ItkImage:
    """What a file holds.

    Attributes
    ----------
    values : ndarray, shape (time, k, j, i, component)
        As stored.
    volume : VolumeGeometry
        The grid of one volume.
    header : mapping
        The file's own keys and values, as text.
    """

    values: Voxels
    volume: VolumeGeometry
    header: Mapping[str, str]


def read_itk(path: Path, image_io: str, series: str | None = None) -> Scan:
    """Read a NRRD or MetaImage file, its data inside or in files of their own.

    Parameters
    ----------
    path : Path
        The file, or the header of detached data (``.nhdr``, ``.mhd``).
    image_io : str
        :data:`NRRD` or :data:`META_IMAGE`.
    series : str, optional
        The volume, from 1, of a file with several.

    Raises
    ------
    ScanError
        If the file or its data is damaged or missing, holds several volumes and none was
        chosen, or its voxels have no size.
    """
    image = open_itk(path, image_io)
    times, components = image.values.shape[0], image.values.shape[-1]
    notes: tuple[str, ...] = ()
    values = image.values
    if components in (3, 4) and values.dtype == np.uint8:
        grey, notes = luminance(values)
        values, components = grey[..., None], 1
    part = chosen_part(path, times * components, "volumes", series)
    if times * components > 1:
        notes = (*notes, f"volume {part + 1} of {times * components}")
    chosen = np.ascontiguousarray(values[part // components, ..., part % components])
    voxels_kji, changes = compact(path, chosen)
    window, level = default_window(voxels_kji)
    return Scan(
        voxels_kji, image.volume, path.stem, path, "", window, level, notes=(*notes, *changes)
    )


def open_itk(path: Path, image_io: str) -> ItkImage:
    """Return all that a NRRD or MetaImage file holds.

    Raises
    ------
    ScanError
        If the file or its data is damaged or missing, or its voxels have no size.
    """
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(image_io)
    try:
        image = reader.Execute()
        values = SimpleITK.GetArrayFromImage(image)
    except (RuntimeError, MemoryError) as error:
        raise ScanError(f"{path} is damaged: {_cause(error)}") from error
    if image.GetNumberOfComponentsPerPixel() == 1:
        values = values[..., None]
    axes = image.GetDimension()
    if axes > 4:
        raise ScanError(f"{path} has {axes} axes: a scan has three")
    values = values.reshape((1,) * (4 - axes) + values.shape)
    try:
        volume = VolumeGeometry(values.shape[1:4], _local_ras_from_ijk(image))
    except GeometryError as error:
        raise ScanError(f"{path} has no usable geometry: {error}") from error
    return ItkImage(
        values, volume, {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    )


def _local_ras_from_ijk(image: SimpleITK.Image) -> np.ndarray:
    axes = image.GetDimension()
    used = min(axes, 3)
    direction = np.reshape(image.GetDirection(), (axes, axes))[:used, :used]
    matrix = np.eye(4)
    matrix[:used, :used] = direction * np.array(image.GetSpacing()[:used])
    matrix[:used, 3] = image.GetOrigin()[:used]
    return ras_from_lps(matrix)


def _cause(error: BaseException) -> str:
    """Return the last line of what ITK says: the deepest cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
