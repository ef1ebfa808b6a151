"""What a DICOM segmentation says of a segment: name, colour and codes."""

import numpy as np
from pydicom.dataset import Dataset

from GazeSAMLib.scans.coded_segments import CodedSegment
from GazeSAMLib.scans.dicom_values import numbers, text
from GazeSAMLib.scans.terminology import UNKNOWN, Code, Terminology
from GazeSAMLib.segmentation.segment import Segment, VoxelPatch, new_segment

_WHITE_D65 = np.array((0.95047, 1.0, 1.08883))
_SRGB_FROM_XYZ = np.array(
    ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))
)


def coded_segment(number: int, item: Dataset, patch: VoxelPatch) -> CodedSegment:
    """Return what an item of the segment sequence describes; `number` counts from 1."""
    plain = new_segment(number, text(item, "SegmentLabel") or None)
    segment = Segment(plain.id, plain.name, _color(item) or plain.color_rgb)
    category = _code(item, "SegmentedPropertyCategoryCodeSequence")
    kind = _code(item, "SegmentedPropertyTypeCodeSequence")
    if category is None or kind is None:
        return CodedSegment(segment, patch, UNKNOWN)
    kind_item = item.SegmentedPropertyTypeCodeSequence[0]
    region = _code(item, "AnatomicRegionSequence")
    return CodedSegment(
        segment,
        patch,
        Terminology(
            category,
            kind,
            _code(kind_item, "SegmentedPropertyTypeModifierCodeSequence"),
            region,
            region and _code(item.AnatomicRegionSequence[0], "AnatomicRegionModifierSequence"),
        ),
    )


def _code(item: Dataset, sequence: str) -> Code | None:
    if not item.get(sequence):
        return None
    code = item[sequence][0]
    value = text(code, "CodeValue") or text(code, "LongCodeValue") or text(code, "URNCodeValue")
    found = Code(value, text(code, "CodingSchemeDesignator"), text(code, "CodeMeaning"))
    return found if found.value and found.scheme and found.meaning else None


def _color(item: Dataset) -> tuple[float, float, float] | None:
    """Return the recommended colour as sRGB, 0 to 1; None where there is none.

    DICOM scales CIE L*a*b* to whole numbers (PS3.3 C.10.7.1.1). The white point is that of
    highdicom and pixelmed, D65.
    """
    stored = numbers(item, "RecommendedDisplayCIELabValue", 3)
    if stored is None:
        return None
    lightness, a, b = np.array(stored) / 65535.0 * (100.0, 255.0, 255.0) - (0.0, 128.0, 128.0)
    middle = (lightness + 16.0) / 116.0
    bent = np.array((middle + a / 500.0, middle, middle - b / 200.0))
    xyz = np.where(bent**3 > 0.008856, bent**3, (bent - 16.0 / 116.0) / 7.787) * _WHITE_D65
    linear = np.clip(_SRGB_FROM_XYZ @ xyz, 0.0, 1.0)
    srgb = np.where(linear > 0.0031308, 1.055 * linear ** (1.0 / 2.4) - 0.055, 12.92 * linear)
    red, green, blue = np.round(srgb, 3).tolist()
    return (red, green, blue)
