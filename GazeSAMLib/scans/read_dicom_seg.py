"""Read a DICOM segmentation: binary, fractional (from one half on) and label map."""

import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset

from GazeSAMLib.errors import GeometryError, ScanError
from GazeSAMLib.scans.coded_segments import CodedSegments, Mask
from GazeSAMLib.scans.dicom_seg_grid import grid_of_frames
from GazeSAMLib.scans.dicom_seg_items import coded_segment
from GazeSAMLib.scans.dicom_values import PYDICOM_FAILURES, number, text
from GazeSAMLib.segmentation.placement import EMPTY
from GazeSAMLib.segmentation.segment import VoxelPatch

SEGMENTATION_STORAGE = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""SOP classes: Segmentation, and Label Map Segmentation."""

_Cuts = dict[int, list[tuple[int, int, int, Mask]]]  # by segment: slice, row, column, mask


def read_dicom_seg(path: str | Path) -> CodedSegments:
    """Return the segments of a DICOM segmentation, overlaps kept.

    Files leave slices without a segment out. The grid goes from the first frame to the last in
    steps of what the file says lies between slices, else of the smallest gap; where the gaps are
    no multiples of that, each layer is as the frame that is nearest.

    Parameters
    ----------
    path : str or Path
        The file.

    Raises
    ------
    ScanError
        If the file is no DICOM segmentation, is damaged, or its frames do not make a volume.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # broken rules that do not matter here
            dataset = pydicom.dcmread(path)
            if text(dataset, "SOPClassUID") not in SEGMENTATION_STORAGE:
                raise ScanError(f"{path} is no DICOM segmentation but an image or another object")
            return _segments(path, dataset)
    except GeometryError as error:
        raise ScanError(f"{path} has no usable geometry: {error}") from error
    except PYDICOM_FAILURES as error:
        raise ScanError(f"{path} is damaged: its segments cannot be read ({error})") from error


def _segments(path: Path, dataset: Dataset) -> CodedSegments:
    described = {int(item.SegmentNumber): item for item in dataset.SegmentSequence}
    described.pop(0, None)  # the background of a label map
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    frame_count = int(dataset.NumberOfFrames)
    if len(groups) != frame_count or not described:
        raise ScanError(
            f"{path} is damaged: it describes {len(groups)} of {frame_count} frames and "
            f"{len(described)} segments"
        )
    shared = dataset.SharedFunctionalGroupsSequence[0]
    layers, volume, notes = grid_of_frames(path, dataset, shared, groups)
    cuts: _Cuts = defaultdict(list)
    for own_layers, group, values in zip(layers, groups, _pixels(dataset), strict=True):
        for segment_number in _numbers_in(dataset, group, shared, values, described):
            is_there = values == segment_number if _is_label_map(dataset) else values
            cut = _cropped(is_there)
            if cut is not None:
                cuts[segment_number] += [(layer, *cut) for layer in own_layers]
    return CodedSegments(
        volume,
        tuple(
            coded_segment(n, item, _patch(cuts.get(segment_number, [])))
            for n, (segment_number, item) in enumerate(sorted(described.items()), start=1)
        ),
        notes,
    )


def _is_label_map(dataset: Dataset) -> bool:
    return text(dataset, "SegmentationType") == "LABELMAP"


def _numbers_in(
    dataset: Dataset,
    group: Dataset,
    shared: Dataset,
    values: npt.NDArray[np.generic],
    described: dict[int, Dataset],
) -> list[int]:
    """Return the numbers of the segments that a frame holds."""
    if _is_label_map(dataset):
        return [value for value in np.unique(values).tolist() if value in described]
    holder = group if "SegmentIdentificationSequence" in group else shared
    found = int(holder.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
    if found not in described:
        raise ValueError(f"a frame belongs to segment {found}, which is not described")
    return [found]


def _pixels(dataset: Dataset) -> Iterator[npt.NDArray[np.generic]]:
    """Give the frames one after another: bool, or labels where the file is a label map."""
    from pydicom.pixels.utils import iter_pixels, unpack_bits  # of pydicom 3

    rows, columns = int(dataset.Rows), int(dataset.Columns)
    size, count = rows * columns, int(dataset.NumberOfFrames)
    if int(dataset.BitsAllocated) == 1 and not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        raw = dataset.PixelData
        if 8 * len(raw) < count * size:
            raise ValueError(f"{count} frames cannot be in {len(raw)} bytes")
        for first in range(0, count * size, size):  # frames need not begin with a byte
            byte = first // 8
            bits = unpack_bits(raw[byte : (first + size + 7) // 8])
            yield np.asarray(bits)[first - 8 * byte :][:size].reshape(rows, columns).astype(bool)
        return
    fractional = text(dataset, "SegmentationType") == "FRACTIONAL"
    half = number(dataset, "MaximumFractionalValue", 255.0) / 2.0
    for values in iter_pixels(dataset):
        frame = np.asarray(values).reshape(rows, columns)
        yield frame >= half if fractional else frame if _is_label_map(dataset) else frame > 0


def _cropped(mask: npt.NDArray[np.generic]) -> tuple[int, int, Mask] | None:
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return int(rows[0]), int(columns[0]), box.astype(bool)


def _patch(cuts: list[tuple[int, int, int, Mask]]) -> VoxelPatch:
    if not cuts:
        return EMPTY
    boxes = np.array([((k, j, i), (k + 1, j + m.shape[0], i + m.shape[1])) for k, j, i, m in cuts])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    patch = np.zeros(high - low, dtype=bool)
    for (first, last), (*_, mask) in zip(boxes - low, cuts, strict=True):
        patch[first[0], first[1] : last[1], first[2] : last[2]] |= mask
    k, j, i = low.tolist()
    return VoxelPatch((k, j, i), patch)
