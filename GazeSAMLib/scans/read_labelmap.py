"""Read a segmentation from a file, and bring it to the grid of a scan."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.itk_file import META_IMAGE, NRRD, ItkImage, open_itk
from GazeSAMLib.scans.label_table import label_names
from GazeSAMLib.scans.nifti import open_nifti
from GazeSAMLib.scans.read import scan_kind
from GazeSAMLib.scans.read_dicom_seg import read_dicom_seg
from GazeSAMLib.scans.segmentation_keys import segment_labels
from GazeSAMLib.scans.voxels import Voxels, integer_type

Labels = npt.NDArray[np.integer]

_PROBES = 100_000


def read_labelmap(path: str | Path) -> tuple[Labels, VolumeGeometry, dict[int, str]]:
    """Return labels, shape (k, j, i), their grid, and the names that the file gives them.

    Reads NIfTI, NRRD, MetaImage, 3D Slicer's ``.seg.nrrd`` and DICOM segmentations. A DICOM
    segmentation and a ``.seg.nrrd`` of several layers are flattened: the n-th segment gets label
    n, from 1, and where segments overlap the later one wins.

    Raises
    ------
    ScanError
        If the file cannot be read or does not hold whole numbers in three dimensions.
    """
    path = Path(path)
    kind = scan_kind(path)
    if kind == "nifti":
        values, volume, image, _ = open_nifti(path)
        names = label_names(extension.content for extension in image.header.extensions)
        return whole_labels(path, values), volume, names
    if kind == "dicom":
        found = read_dicom_seg(path)
        coded = enumerate(found.segments, start=1)
        return found.flat(), found.volume, {value: one.segment.name for value, one in coded}
    if kind not in ("nrrd", "meta"):
        raise ScanError(
            f"{path} is no label map: NIfTI, NRRD, MetaImage, .seg.nrrd and DICOM segmentations "
            "are read"
        )
    held = open_itk(path, NRRD if kind == "nrrd" else META_IMAGE)
    layers, names = _layers(path, held)
    return layers, held.volume, names


def _layers(path: Path, held: ItkImage) -> tuple[Labels, dict[int, str]]:
    segments = list(segment_labels(held.header))
    if held.values.shape[0] != 1:
        raise ScanError(f"{path} is no label map: it holds {held.values.shape[0]} volumes")
    layers = whole_labels(path, held.values[0])
    if layers.shape[-1] == 1:
        return layers[..., 0], {label: name for layer, label, name in segments if layer == 0}
    if not segments:
        raise ScanError(f"{path} is no label map: its voxels have {layers.shape[-1]} values each")
    flat = np.zeros(layers.shape[:3], dtype=np.uint8 if len(segments) < 256 else np.uint16)
    for value, (layer, label, _) in enumerate(segments, start=1):
        if layer < layers.shape[-1]:
            flat[layers[..., layer] == label] = value
    return flat, {value: name for value, (_, _, name) in enumerate(segments, start=1)}


def whole_labels(path: Path, values: Voxels) -> Labels:
    """Return voxels that hold labels, as stored, as whole numbers.

    Raises
    ------
    ScanError
        If they are not.
    """
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind in "iu":
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.dtype.kind == "f" and np.array_equal(values, np.rint(values)):
        dtype = integer_type(int(values.min()), int(values.max()))
        if dtype is not np.float32:
            return values.astype(dtype)
    raise ScanError(f"{path} is no label map: its voxels are not whole numbers")


def align_labels(labels_kji: Labels, grid: VolumeGeometry, volume: VolumeGeometry) -> Labels:
    """Return labels on the grid of a scan, by position in space.

    Each voxel of the scan gets the label at its centre (nearest neighbour); 0 beyond the
    labels' grid. Any two grids will do: other orientation, spacing, oblique or sheared.

    Parameters
    ----------
    labels_kji : ndarray of int, shape (k, j, i)
        The labels.
    grid : VolumeGeometry
        Their grid.
    volume : VolumeGeometry
        The scan's grid.

    Raises
    ------
    ScanError
        If there are labels and none lies within the scan.
    """
    found = np.flatnonzero(labels_kji)
    probes = found[:: max(1, len(found) // _PROBES)]
    kji = np.stack(np.unravel_index(probes, labels_kji.shape), axis=-1)
    scan_from_labels = volume.ijk_from_local_ras @ grid.local_ras_from_ijk
    at_ijk = apply(scan_from_labels, kji[:, ::-1])
    inside = ((at_ijk >= -0.5) & (at_ijk < np.array(volume.shape_ijk) - 0.5)).all(axis=1)
    if len(probes) and not inside.any():
        raise ScanError("the labels lie outside the scan: they belong to another patient or scan")
    labels_from_scan = grid.ijk_from_local_ras @ volume.local_ras_from_ijk
    # scipy counts axes as numpy does: k, j, i.
    aligned: Labels = ndimage.affine_transform(
        labels_kji,
        labels_from_scan[:3, :3][::-1, ::-1],
        labels_from_scan[:3, 3][::-1],
        output_shape=volume.shape_kji,
        order=0,
        mode="grid-constant",
        cval=0,
    )
    return aligned
