"""Read the segments of a file with their names, colours and codes, whatever its format."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from GazeSAMLib.scans.coded_segments import CodedSegment, CodedSegments, patches_of_labels
from GazeSAMLib.scans.itk_file import META_IMAGE, NRRD, ItkImage, open_itk
from GazeSAMLib.scans.read import scan_kind
from GazeSAMLib.scans.read_dicom_seg import read_dicom_seg
from GazeSAMLib.scans.read_labelmap import Labels, read_labelmap, whole_labels
from GazeSAMLib.scans.segmentation_keys import segment_labels
from GazeSAMLib.scans.terminology import UNKNOWN, terminology_of_tags
from GazeSAMLib.segmentation.placement import EMPTY
from GazeSAMLib.segmentation.segment import Segment, VoxelPatch, new_segment

_MANY = 65535


def read_segments(path: str | Path) -> CodedSegments:
    """Return the segments that a file holds, on the file's own grid.

    Overlaps of a DICOM segmentation and of a ``.seg.nrrd`` of several layers are kept. Other
    label maps give a segment for each label; one without a name is called "label 5", or as the
    file if it is the only one.

    Raises
    ------
    ScanError
        If the file cannot be read or holds no label map.
    """
    path = Path(path)
    kind = scan_kind(path)
    if kind == "dicom":
        return read_dicom_seg(path)
    if kind in ("nrrd", "meta"):
        held = open_itk(path, NRRD if kind == "nrrd" else META_IMAGE)
        described = list(segment_labels(held.header))
        if described and held.values.shape[0] == 1:
            return _described(path, held, described)
    labels_kji, volume, names = read_labelmap(path)
    patches = dict(_patches_by_label(labels_kji))
    segments = []
    for number, (value, patch) in enumerate(patches.items(), start=1):
        fallback = path.name.split(".")[0] if len(patches) == 1 else f"label {value}"
        segments.append(CodedSegment(new_segment(number, names.get(value) or fallback), patch))
    return CodedSegments(volume, tuple(segments))


def _patches_by_label(labels_kji: Labels) -> Iterator[tuple[int, VoxelPatch]]:
    """Give the labels above zero that there are, in order, and their voxels."""
    most = int(labels_kji.max())
    values: Sequence[int] = range(1, most + 1)
    if most > _MANY:  # numbers may be as large as their type allows: count without gaps
        found, labels_kji = np.unique(np.maximum(labels_kji, 0), return_inverse=True)
        values = found[found > 0].tolist()
        labels_kji += int(found[0] > 0)
    for value, patch in zip(values, patches_of_labels(labels_kji, len(values)), strict=True):
        if patch.mask.size:
            yield value, patch


def _described(path: Path, held: ItkImage, described: list[tuple[int, int, str]]) -> CodedSegments:
    """Return the segments of a file of Slicer's, which says what they are."""
    layers = whole_labels(path, held.values[0])
    most: dict[int, int] = {}
    for layer, label, _ in described:
        most[layer] = max(label, most.get(layer, 0))
    patches = {
        layer: patches_of_labels(np.ascontiguousarray(layers[..., layer]), count)
        for layer, count in most.items()
        if 0 <= layer < layers.shape[-1]
    }
    segments = []
    for index, (layer, label, name) in enumerate(described):
        patch = patches[layer][label - 1] if layer in patches and label > 0 else EMPTY
        segments.append(_segment(held.header, index, name, patch))
    return CodedSegments(held.volume, tuple(segments))


def _segment(keys: Mapping[str, str], index: int, name: str, patch: VoxelPatch) -> CodedSegment:
    plain = new_segment(index + 1, name)
    own_id = keys.get(f"Segment{index}_ID", plain.id)
    color = _color(keys.get(f"Segment{index}_Color", "")) or plain.color_rgb
    codes = terminology_of_tags(keys.get(f"Segment{index}_Tags", "")) or UNKNOWN
    return CodedSegment(Segment(own_id, name, color), patch, codes)


def _color(text: str) -> tuple[float, float, float] | None:
    try:
        red, green, blue = (min(max(float(part), 0.0), 1.0) for part in text.split())
    except ValueError:
        return None
    return (red, green, blue)
