"""From one DICOM file's header to its frames.

A classic file is one frame. An enhanced multi-frame file keeps the same facts in its shared
and per-frame functional groups; where both are silent, the top level counts.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.dicom_frames import TRAITS, DicomFile, Frame, PixelFormat
from GazeSAMLib.scans.dicom_values import PYDICOM_FAILURES, number, numbers, text, values

NOT_SCANS = frozenset(
    (
        *("SEG", "SR", "PR", "KO", "DOC", "REG", "FID", "ECG", "HD", "AU"),
        *("RTSTRUCT", "RTPLAN", "RTDOSE", "RTRECORD", "RTIMAGE"),
    )
)
"""Modalities of objects that are no scan, with or without pixels."""

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"

_PIXELS = b"\xe0\x7f\x10\0"
_FLOAT_PIXELS = (b"\xe0\x7f\x08\0", b"\xe0\x7f\x09\0")

# Facts that a multi-frame file keeps in functional groups: keyword, and its group's sequence.
_GROUPS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
    "StackID": "FrameContentSequence",
    "TemporalPositionIndex": "FrameContentSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "DiffusionBValue": "MRDiffusionSequence",
    "NominalCardiacTriggerDelayTime": "CardiacSynchronizationSequence",
    "FrameType": "MRImageFrameTypeSequence",
}

_WANTED = [
    Tag(keyword)
    for keyword in (
        *_GROUPS,
        *TRAITS,
        "SOPClassUID",
        "Modality",
        "SeriesInstanceUID",
        "SeriesNumber",
        "SeriesDescription",
        "InstanceNumber",
        "SliceLocation",
        "ImagerPixelSpacing",
        "NumberOfFrames",
        "Rows",
        "Columns",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "ModalityLUTSequence",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
    )
]


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """What was found in a file: `kind` is its modality, `frames` is empty if it is no scan."""

    kind: str
    frames: tuple[Frame, ...]


def is_dicom(head: bytes) -> bool:
    """Tell by the first 132 bytes whether a file is DICOM, with or without its preamble."""
    if head[128:132] == b"DICM":
        return True
    # Old files start with a data element of group 2 or 8, low element number, right away.
    return len(head) >= 8 and head[0] in (2, 8) and head[1] == 0 and head[3] == 0


def read_header(path: Path) -> DicomHeader | None:
    """Return what a DICOM file's header says, or None if the file is not DICOM.

    Raises
    ------
    ScanError
        If the file is DICOM but damaged.
    """
    try:
        with path.open("rb") as stream:
            if not is_dicom(stream.read(132)):
                return None
            stream.seek(0)
            # Values that break a rule of the standard are common; what matters is checked.
            with warnings.catch_warnings(action="ignore"):
                dataset = pydicom.dcmread(
                    stream, stop_before_pixels=True, force=True, specific_tags=list(_WANTED)
                )
                return _header(path, dataset, stream)
    except PYDICOM_FAILURES as error:
        raise ScanError(f"{path} is damaged: its DICOM header cannot be read ({error})") from error


def _header(path: Path, dataset: Dataset, stream: BinaryIO) -> DicomHeader:
    modality = text(dataset, "Modality")
    rows, columns = number(dataset, "Rows"), number(dataset, "Columns")
    is_segmentation = text(dataset, "SOPClassUID") == _SEGMENTATION
    if modality in NOT_SCANS or is_segmentation or not rows or not columns:
        return DicomHeader(modality or ("SEG" if is_segmentation else ""), ())
    encoding = str(dataset.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian))
    bits = int(number(dataset, "BitsAllocated", 16.0))
    stored = int(number(dataset, "BitsStored", bits))
    element, pixel_offset = _pixel_element(stream, encoding)
    if max(1, bits // 8) not in ((4, 8) if element in _FLOAT_PIXELS else (1, 2, 4, 8)):
        raise ValueError(f"pixels cannot have {bits} bits")
    is_signed = number(dataset, "PixelRepresentation") == 1.0
    pixels = PixelFormat(
        int(rows),
        int(columns),
        int(number(dataset, "SamplesPerPixel", 1.0)),
        "f" if element in _FLOAT_PIXELS else "i" if is_signed else "u",
        bits,
        stored,
        int(number(dataset, "HighBit", stored - 1)),
        text(dataset, "PhotometricInterpretation"),
        encoding,
        "ModalityLUTSequence" in dataset,
    )
    frame_count = max(1, int(number(dataset, "NumberOfFrames", 1.0)))
    size = path.stat().st_size
    least = int(rows * columns) * bits // 8 if pixel_offset is not None else 8  # bytes a frame
    if frame_count > 1 and frame_count * least > size:
        raise ValueError(f"{frame_count} frames cannot be in {size} bytes")
    file = DicomFile(
        path,
        pixels,
        frame_count,
        pixel_offset if bits in (8, 16, 32) else None,
        text(dataset, "SeriesInstanceUID"),
        number(dataset, "SeriesNumber", 0.0),
        text(dataset, "SeriesDescription"),
        modality,
        values(dataset, "ImageType"),
    )
    shared = list(dataset.get("SharedFunctionalGroupsSequence") or ())[:1]
    per_frame = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    frames = tuple(
        _frame(file, index, [*per_frame[index : index + 1], *shared], dataset)
        for index in range(file.frame_count)
    )
    return DicomHeader(modality, frames)


def _pixel_element(stream: BinaryIO, encoding: str) -> tuple[bytes, int | None]:
    """Return the tag of the element where `stream` stands, and where plain pixels begin there.

    pydicom stops reading at the pixels; the offset is None unless they are plain whole numbers
    in little-endian order.
    """
    start = stream.tell()
    element = stream.read(12)
    tag = element[:4]
    if tag == _PIXELS and encoding == ImplicitVRLittleEndian:
        return tag, start + 8
    is_explicit = element[4:8] in (b"OW\0\0", b"OB\0\0")
    if tag == _PIXELS and encoding == ExplicitVRLittleEndian and is_explicit:
        return tag, start + 12
    return tag, None


def _frame(file: DicomFile, index: int, groups: list[Dataset], dataset: Dataset) -> Frame:
    def holder(keyword: str) -> Dataset:
        sequence = _GROUPS.get(keyword)
        if sequence is not None:
            for group in groups:
                items: Sequence[Dataset] = group.get(sequence) or ()
                if items and keyword in items[0]:
                    return items[0]
        return dataset

    def some(keyword: str, count: int) -> tuple[float, ...] | None:
        return numbers(holder(keyword), keyword, count)

    def one(keyword: str, default: float) -> float:
        return number(holder(keyword), keyword, default)

    width, center = one("WindowWidth", 0.0), one("WindowCenter", 0.0)
    instance = number(dataset, "InstanceNumber")
    return Frame(
        file,
        index,
        some("ImagePositionPatient", 3),
        some("ImageOrientationPatient", 6),
        some("PixelSpacing", 2) or numbers(dataset, "ImagerPixelSpacing", 2),
        one("SpacingBetweenSlices", 0.0) or one("SliceThickness", 0.0) or None,
        one("RescaleSlope", 1.0) or 1.0,
        one("RescaleIntercept", 0.0),
        (width, center) if width > 0.0 else None,
        instance,
        number(dataset, "SliceLocation", instance) if file.frame_count == 1 else float(index),
        tuple("/".join(values(holder(trait), trait)) for trait in TRAITS),
    )
