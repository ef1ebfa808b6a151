"""How long was looked where: maps in seconds, blurred by how far the gaze may be off."""

from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.research.slice_gaze import SliceGaze
from GazeSAMLib.scans.atomic import replacing

Heat = npt.NDArray[np.float32]

_SCANNER = 1  # NIfTI's code for coordinates of the scanner


def heat_image(gaze: SliceGaze) -> Heat:
    """Return the seconds of gaze per pixel of a slice image, shape ``gaze.grid.shape``.

    Each sample is a Gaussian of the gaze's uncertainty, in the plane; what of it would lie
    beyond the image's edge is left out.
    """
    heat = np.zeros(gaze.grid.shape, dtype=np.float64)
    height, width = gaze.grid.shape
    for sigma_px in sorted(set(gaze.sigma_px)):
        seconds = np.zeros_like(heat)
        for points_uv, each_s, sigma in zip(
            gaze.points_uv, gaze.seconds, gaze.sigma_px, strict=True
        ):
            if sigma == sigma_px:
                columns, rows = np.floor(points_uv + 0.5).astype(np.intp).T
                at = (rows.clip(0, height - 1), columns.clip(0, width - 1))
                np.add.at(seconds, at, each_s)
        heat += gaussian_filter(seconds, sigma_px, mode="constant", truncate=3.0)
    return heat.astype(np.float32)


def heat_volume(gazes: Sequence[SliceGaze], volume: VolumeGeometry) -> Heat:
    """Return the seconds of gaze per voxel, shape (k, j, i).

    The gaze is known to lie on the slice that was shown, so that nothing is blurred across
    slices; on oblique slices a pixel's time goes to the voxel that it cuts.
    """
    heat_kji = np.zeros(volume.shape_kji, dtype=np.float32)
    for gaze in gazes:
        image = heat_image(gaze)
        rows, columns = np.nonzero(image > 0.0)
        points_uv = np.stack((columns, rows, np.zeros_like(rows)), axis=1)
        at_ijk = apply(volume.ijk_from_local_ras @ gaze.grid.local_ras_from_image_uv, points_uv)
        index = np.floor(at_ijk + 0.5).astype(np.intp)
        inside = np.all((index >= 0) & (index < volume.shape_ijk), axis=1)
        i, j, k = index[inside].T
        np.add.at(heat_kji, (k, j, i), image[rows[inside], columns[inside]])
    return heat_kji


def write_heat_volume(path: Path, heat_kji: Heat, volume: VolumeGeometry) -> None:
    """Write a heat map as NIfTI on the scan's own grid, seconds per voxel.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    image = nibabel.Nifti1Image(heat_kji.transpose(2, 1, 0), volume.local_ras_from_ijk)
    image.header.set_xyzt_units("mm")
    image.set_sform(volume.local_ras_from_ijk, code=_SCANNER)
    with replacing(path) as beside:
        nibabel.save(image, beside)
