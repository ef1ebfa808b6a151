"""The scan digest: one name for the same voxels in the same place, in every host."""

import hashlib

import numpy as np
import numpy.typing as npt

from GazeSAMLib.geometry.affine import round_steadily
from GazeSAMLib.geometry.volume import VolumeGeometry


def scan_digest(voxels_kji: npt.NDArray[np.generic], volume: VolumeGeometry) -> str:
    """Return the BLAKE2b-256 digest of a scan as 64 hexadecimal digits.

    Hashed in this order: the shape (k, j, i) as three little-endian int64; the 16 values
    of ``local_ras_from_ijk`` row by row, rounded steadily to 1e-4, as little-endian float64;
    the voxels in k, j, i order as little-endian float32. A scan with left-handed axes enters
    with k reversed, matrix and voxels alike, as Slicer reads it. Parent transforms do not
    enter, so moving a volume in a scene does not make it another scan.

    Parameters
    ----------
    voxels_kji : ndarray, shape (k, j, i)
        Voxel values of any real type; may be a memory map (read slice by slice).
    volume : VolumeGeometry
        The grid of `voxels_kji`.

    Raises
    ------
    GeometryError
        If `voxels_kji` does not have the volume's shape.
    """
    volume.check_shape(voxels_kji)
    matrix = volume.local_ras_from_ijk
    if np.linalg.det(volume.axes_mm) < 0.0:
        voxels_kji = voxels_kji[::-1]
        matrix = matrix.copy()
        matrix[:3, 3] += (volume.shape_kji[0] - 1) * matrix[:3, 2]
        matrix[:3, 2] *= -1.0
    digest = hashlib.blake2b(digest_size=32)
    digest.update(np.asarray(volume.shape_kji, dtype="<i8").tobytes())
    digest.update(round_steadily(matrix, 4).astype("<f8").tobytes())
    for slice_ji in voxels_kji:
        # Adding zero turns -0.0 into 0.0: a scan stored as integers has none.
        values = np.asarray(slice_ji, dtype="<f4") + np.float32(0.0)
        digest.update(np.ascontiguousarray(values, dtype="<f4").data)
    return digest.hexdigest()
