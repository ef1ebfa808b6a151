"""NIfTI files, as nibabel understands them."""

import gzip
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.fileholders import FileHolder
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from GazeSAMLib.errors import GeometryError, ScanError
from GazeSAMLib.geometry.affine import Matrix
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.parts import chosen_part
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.scans.voxels import Voxels, compact, integer_type, luminance
from GazeSAMLib.scans.window import default_window

_MM_PER_UNIT = {1: ("metres", 1e3), 3: ("microns", 1e-3)}  # NIFTI_UNITS_METER, _MICRON


def read_nifti(path: Path, series: str | None = None) -> Scan:
    """Read a NIfTI-1 or NIfTI-2 file (``.nii``, ``.nii.gz`` or a pair ``.hdr``, ``.img``).

    The affine is nibabel's: the sform if its code is set, else the qform, else the voxel
    sizes around the centre. A sheared sform is kept.

    Parameters
    ----------
    path : Path
        The file; its content, not its name, says whether it is compressed.
    series : str, optional
        The volume, from 1, of a file with several.

    Raises
    ------
    ScanError
        If the file is damaged, holds several volumes and none was chosen, or its voxels have
        no size.
    """
    voxels_kji, volume, image, notes = open_nifti(path, series)
    voxels_kji, changes = compact(path, voxels_kji)
    low, high = float(image.header["cal_min"]), float(image.header["cal_max"])
    if np.isfinite((low, high)).all() and low < high:
        window, level = high - low, 0.5 * (low + high)
    else:
        window, level = default_window(voxels_kji)
    return Scan(
        voxels_kji,
        volume,
        path.name.removesuffix(".gz").removesuffix(".nii").removesuffix(".hdr"),
        path,
        window=window,
        level=level,
        notes=(*notes, *changes),
    )


def open_nifti(
    path: Path, series: str | None = None
) -> tuple[Voxels, VolumeGeometry, Any, tuple[str, ...]]:
    """Return the values, grid and nibabel image of a NIfTI file, and notes.

    The values are as stored, scaled where the header asks for it; shape (k, j, i).

    Raises
    ------
    ScanError
        As :func:`read_nifti`.
    """
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if compressed else path.open("rb") as stream:
            image = _image(path, stream)
            values, notes = _values(path, image, series)
        volume, remarks = _geometry(values, image)
    except GeometryError as error:
        raise ScanError(f"{path} has no usable geometry: {error}") from error
    except (
        ImageFileError,
        HeaderDataError,
        WrapStructError,
        OSError,
        EOFError,
        zlib.error,
        ValueError,
        OverflowError,
        MemoryError,
    ) as error:
        raise ScanError(f"{path} is damaged or not NIfTI: {error}") from error
    return values, volume, image, (*notes, *remarks)


def _image(path: Path, stream: Any) -> Any:  # noqa: ANN401 - nibabel has no types
    if path.suffix in (".hdr", ".img"):
        return nibabel.load(path, mmap=False)
    kind = nibabel.Nifti2Image if stream.read(4) in (b"\x1c\x02\0\0", b"\0\0\x02\x1c") else None
    stream.seek(0)
    holder = FileHolder(fileobj=stream)
    # By file map, not by name: the name may have any extension.
    return (kind or nibabel.Nifti1Image).from_file_map({"header": holder, "image": holder})


def _values(path: Path, image: Any, series: str | None) -> tuple[Voxels, tuple[str, ...]]:  # noqa: ANN401
    shape = image.shape
    if len(shape) < 2 or min(shape) < 1:
        raise ValueError(f"its dimensions are {shape}")
    count = int(np.prod(shape[3:], dtype=np.int64))
    part = chosen_part(path, count, "volumes", series)
    proxy = image.dataobj
    notes: tuple[str, ...] = ()
    if count > 1:
        at = np.unravel_index(part, shape[3:], order="F")
        values, notes = np.asarray(proxy[(..., *at)]), (f"volume {part + 1} of {count}",)
    else:
        values = np.asarray(proxy.get_unscaled())
        if values.dtype.names is not None:  # RGB24, RGBA32
            values, notes = luminance(np.stack([values[name] for name in "RGB"], axis=-1))
        values = _scaled(values, proxy.slope, proxy.inter)
    values_kji = values.reshape((*shape, 1)[:3], order="F").transpose(2, 1, 0)
    return np.ascontiguousarray(values_kji), notes


def _scaled(stored: Voxels, slope: float, inter: float) -> Voxels:
    """Apply the header's scale; whole numbers stay whole where the scale is whole."""
    if (slope, inter) == (1.0, 0.0):
        return stored
    if stored.dtype.kind in "iu" and float(slope).is_integer() and float(inter).is_integer():
        ends = [int(end) * int(slope) + int(inter) for end in (stored.min(), stored.max())]
        dtype = integer_type(min(ends), max(ends))
        if dtype is not np.float32:
            whole: Voxels = (stored * np.int64(slope) + np.int64(inter)).astype(dtype)
            return whole
    scaled = np.empty(stored.shape, dtype=np.float32, order="F")
    for k in range(stored.shape[-1]):  # in double precision, without a copy of the whole
        scaled[..., k] = stored[..., k] * np.float64(slope) + np.float64(inter)
    return scaled


def _geometry(values_kji: Voxels, image: Any) -> tuple[VolumeGeometry, tuple[str, ...]]:  # noqa: ANN401
    matrix: Matrix = np.array(image.affine, dtype=np.float64)
    notes = []
    unit = int(image.header["xyzt_units"]) & 7
    if unit in _MM_PER_UNIT:
        name, mm = _MM_PER_UNIT[unit]
        matrix[:3] *= mm
        notes.append(f"positions in {name} were turned into mm")
    if image.header["sform_code"] == 0 and image.header["qform_code"] == 0:
        notes.append("the file says nothing of its position: orientation and origin are a guess")
    return VolumeGeometry(values_kji.shape, matrix), tuple(notes)
