"""Write a segmentation to a file: for 3D Slicer (``.seg.nrrd``), NRRD or NIfTI."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel
import numpy as np

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.label_table import CARET_CODE, label_table
from GazeSAMLib.scans.nrrd_writer import write_nrrd
from GazeSAMLib.scans.segmentation_keys import segmentation_keys
from GazeSAMLib.scans.terminology import Terminology
from GazeSAMLib.scans.voxels import Voxels
from GazeSAMLib.segmentation.segment import Segment

LABELMAP_EXTENSIONS = (".seg.nrrd", ".nrrd", ".nii.gz", ".nii")

_SCANNER = 1  # NIFTI_XFORM_SCANNER_ANAT


def write_labelmap(
    path: str | Path,
    labels_kji: Voxels,
    volume: VolumeGeometry,
    segments: Sequence[Segment],
    codes: Mapping[str, Terminology] | None = None,
) -> None:
    """Write labels to `path`; the file appears whole or not at all.

    ``.seg.nrrd`` opens in 3D Slicer as a segmentation with names and colours; ``.nrrd`` holds
    the same. ``.nii`` and ``.nii.gz`` hold names and colours as a label table. All keep the
    scan's grid, shear included; a sheared NIfTI has an sform only, which some programs refuse.

    Parameters
    ----------
    path : str or Path
        Where to; its extension chooses the format.
    labels_kji : ndarray of int or bool, shape (k, j, i)
        0 for no segment, n for the n-th of `segments`, from 1.
    volume : VolumeGeometry
        The grid of `labels_kji`.
    segments : sequence of Segment
        In the order of their labels.
    codes : mapping, optional
        What the segments are, by their ids; NRRD holds that, NIfTI does not.

    Raises
    ------
    OutputError
        If the extension is none of :data:`LABELMAP_EXTENSIONS`, labels do not fit `volume` or
        `segments`, or the file cannot be written.
    """
    path = Path(path)
    if not path.name.endswith(LABELMAP_EXTENSIONS):
        raise OutputError(
            f"cannot write {path}: choose one of the extensions {', '.join(LABELMAP_EXTENSIONS)}"
        )
    labels_kji = _checked(path, labels_kji, volume, segments)
    if path.name.endswith(".nrrd"):
        write_nrrd(path, labels_kji, volume, segmentation_keys(volume, segments, codes))
    else:
        _write_nifti(path, labels_kji, volume, segments)


def _checked(
    path: Path, labels_kji: Voxels, volume: VolumeGeometry, segments: Sequence[Segment]
) -> Voxels:
    if labels_kji.shape != volume.shape_kji:
        raise OutputError(
            f"cannot write {path}: the labels' shape {labels_kji.shape} is not the scan's "
            f"{volume.shape_kji}"
        )
    low, high = (int(labels_kji.min()), int(labels_kji.max()))
    if low < 0 or high > len(segments):
        raise OutputError(
            f"cannot write {path}: labels go from {low} to {high}, but there are "
            f"{len(segments)} segments"
        )
    return labels_kji.astype(np.uint8 if len(segments) < 256 else np.uint16, copy=False)


def _write_nifti(
    path: Path, labels_kji: Voxels, volume: VolumeGeometry, segments: Sequence[Segment]
) -> None:
    image = nibabel.Nifti1Image(labels_kji.transpose(2, 1, 0), volume.local_ras_from_ijk)
    header = image.header
    header.set_xyzt_units("mm")
    image.set_sform(volume.local_ras_from_ijk, code=_SCANNER)
    axes = volume.axes_mm / np.array(volume.spacing_mm)
    is_sheared = np.abs(axes.T @ axes - np.eye(3)).max() > 1e-5
    # A quaternion cannot hold shear: then it is marked as not to be used.
    image.set_qform(volume.local_ras_from_ijk, code=0 if is_sheared else _SCANNER)
    header.extensions.append(nibabel.nifti1.Nifti1Extension(CARET_CODE, label_table(segments)))
    with replacing(path) as beside:
        nibabel.save(image, beside)
