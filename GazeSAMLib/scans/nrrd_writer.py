"""Write NRRD files: voxels, where they lie (shear included), and keys with values.

Format: http://teem.sourceforge.net/nrrd/format.html
"""

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.lps import lps_from_ras
from GazeSAMLib.scans.voxels import Voxels

_TYPES = {
    "uint8": "unsigned char",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "int",
    "float32": "float",
}


def write_nrrd(
    path: Path, voxels_kji: Voxels, volume: VolumeGeometry, keys: Mapping[str, str]
) -> None:
    """Write voxels and `keys` to `path`, compressed; the file appears whole or not at all.

    Parameters
    ----------
    path : Path
        Ends in ``.nrrd``.
    voxels_kji : ndarray, shape (k, j, i)
        Of a type that a scan keeps.
    volume : VolumeGeometry
        The grid of `voxels_kji`.
    keys : mapping
        Written in this order; line breaks in values are kept.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    matrix = lps_from_ras(volume.local_ras_from_ijk)
    header = [
        "NRRD0005",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        f"type: {_TYPES[voxels_kji.dtype.name]}",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(map(str, volume.shape_ijk)),
        "space directions: " + " ".join(_vector(matrix[:3, axis]) for axis in range(3)),
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(matrix[:3, 3])}",
        *(f"{key}:={_escaped(value)}" for key, value in keys.items()),
    ]
    data = np.ascontiguousarray(voxels_kji, dtype=voxels_kji.dtype.newbyteorder("<"))
    with replacing(path) as beside, beside.open("wb") as file:
        file.write(("\n".join(header) + "\n\n").encode())
        # No name and no time in the stream: the same segmentation gives the same file.
        with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as stream:
            stream.write(data.data)


def _vector(numbers: Voxels) -> str:
    return f"({','.join(repr(number) for number in (numbers + 0.0).tolist())})"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\r\n", "\n").replace("\n", "\\n")
