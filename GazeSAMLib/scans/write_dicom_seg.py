"""Write a segmentation as a DICOM object (Segmentation Storage) that refers to its scan."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from GazeSAMLib import __version__
from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.affine import Matrix
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.coded_segments import CodedSegment, CodedSegments
from GazeSAMLib.scans.dicom_frames import Frame
from GazeSAMLib.scans.dicom_seg_pixels import SlicePixels, are_even, by_position, slice_pixels
from GazeSAMLib.scans.dicom_seg_sources import read_sources
from GazeSAMLib.scans.dicom_values import PYDICOM_FAILURES, number
from GazeSAMLib.scans.terminology import Code

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription

DICOM_SEG_EXTENSION = ".dcm"

_NAME = "GazeSAM"
_FAMILY = Code("123110", "DCM", "Artificial Intelligence")
_SERIES = 1000  # added to the scan's series number, to stand behind it in lists
_LONGEST_LABEL = 64


def write_dicom_seg(
    path: str | Path,
    found: CodedSegments,
    frames: Sequence[Frame],
    *,
    places: Sequence[Matrix] | None = None,
    compress: bool = False,
) -> tuple[str, ...]:
    """Write segments to `path` as a DICOM segmentation; the file appears whole or not at all.

    It is a binary one. Its frames are the scan's own slices, uneven gaps and a tilted gantry
    included; where gaps are even, slices without a voxel of a segment are left out. Segments may
    overlap. A segment without voxels is described.

    Parameters
    ----------
    path : str or Path
        Where to.
    found : CodedSegments
        The segments.
    frames : sequence of Frame
        The scan's slices (:attr:`GazeSAMLib.scans.scan.Scan.source_frames`).
    places : sequence of ndarray, shape (4, 4), optional
        Where the slices' pixels, (column, row, 0), lie in the segments' grid; if not given, by
        position in space.
    compress : bool
        Deflate the file. Smaller by far, but not every archive takes it.

    Returns
    -------
    tuple of str
        What the reader should know: voxels that lie on no slice of the scan.

    Raises
    ------
    OutputError
        If highdicom is not installed, there is nothing to write, the scan is not DICOM or a
        segmentation cannot refer to it, a segment lies on none of its slices, or the file
        cannot be written.
    """
    path = Path(path)
    sources = dicom_seg_sources(path, frames)
    if not any(one.patch.mask.any() for one in found.segments):
        raise OutputError(f"cannot write {path}: the segmentation is empty")
    places = by_position(found.volume, frames) if places is None else places
    pixels = slice_pixels(found, places, frames)
    try:
        with warnings.catch_warnings(action="ignore"):  # of names and values that the scan has
            made = _segmentation(found.segments, sources, frames, pixels)
            if compress:
                made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
            with replacing(path) as beside:
                made.save_as(beside)
    except PYDICOM_FAILURES as error:
        raise OutputError(
            f"cannot write {path}: {frames[0].file.path} has a header that no DICOM segmentation "
            f"can be made from ({error}); write .seg.nrrd instead"
        ) from error
    return pixels.notes


def dicom_seg_sources(path: Path, frames: Sequence[Frame]) -> list[Dataset]:
    """Return the headers of a scan's files; also a way to find out whether writing will work.

    Parameters
    ----------
    path : Path
        What is to be written, for messages.
    frames : sequence of Frame
        The scan's slices.

    Raises
    ------
    OutputError
        If highdicom is not installed, the scan is not DICOM, or no segmentation can refer to it.
    """
    try:
        import highdicom  # noqa: F401
    except ImportError as error:
        raise OutputError(
            f"cannot write {path}: the package highdicom is not installed; install it, or write "
            ".seg.nrrd instead"
        ) from error
    if not frames:
        raise OutputError(
            f"cannot write {path}: the scan was not read from DICOM files, and a DICOM "
            "segmentation refers to those; write .seg.nrrd instead"
        )
    return read_sources(frames)


def _segmentation(
    segments: Sequence[CodedSegment],
    sources: list[Dataset],
    frames: Sequence[Frame],
    pixels: SlicePixels,
) -> "Segmentation":
    from highdicom.seg import Segmentation, SegmentationTypeValues

    scan = sources[0]
    made = Segmentation(
        source_images=sources,
        pixel_array=_in_file_order(pixels, frames),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(n, one) for n, one in enumerate(segments, start=1)],
        series_instance_uid=generate_uid(prefix=None),
        series_number=_SERIES + max(0, int(number(scan, "SeriesNumber"))),
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=_NAME,
        manufacturer_model_name=_NAME,
        software_versions=__version__,
        device_serial_number="1",
        content_label="SEGMENTATION",
        content_description="Segmentation by gaze",
        content_creator_name="",
        series_description="Segmentation",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        # Where gaps are uneven, only the empty frames tell a reader that they are empty.
        omit_empty_frames=are_even(frames) or frames[0].file.frame_count > 1,
    )
    made.ContentCreatorName = ""  # whoever it was, DICOM wants the element
    return made


def _in_file_order(pixels: SlicePixels, frames: Sequence[Frame]) -> np.ndarray:
    """Return the pixels frame by frame of a file with several, which may hold other volumes too."""
    count = frames[0].file.frame_count
    if count == 1:
        return pixels.values
    values = np.zeros((count, *pixels.values.shape[1:]), dtype=pixels.values.dtype)
    values[[frame.index for frame in frames]] = pixels.values
    return values


def _description(segment_number: int, one: CodedSegment) -> "SegmentDescription":
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription

    codes, name = one.terminology, "".join(c if c.isprintable() else " " for c in one.segment.name)
    description = SegmentDescription(
        segment_number=segment_number,
        segment_label=name.replace("\\", "/")[:_LONGEST_LABEL].strip()
        or f"Segment {segment_number}",
        segmented_property_category=_concept(codes.category),
        segmented_property_type=_concept(codes.type),
        algorithm_type=SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            name=_NAME, version=__version__, family=_concept(_FAMILY)
        ),
        anatomic_regions=None if codes.region is None else [_concept(codes.region)],
        display_color=CIELabColor.from_rgb(*(round(255 * part) for part in one.segment.color_rgb)),
    )
    if codes.type_modifier is not None:
        modified = description.SegmentedPropertyTypeCodeSequence[0]
        modified.SegmentedPropertyTypeModifierCodeSequence = [_concept(codes.type_modifier)]
    if codes.region is not None and codes.region_modifier is not None:
        modified = description.AnatomicRegionSequence[0]
        modified.AnatomicRegionModifierSequence = [_concept(codes.region_modifier)]
    return description


def _concept(code: Code) -> Any:  # noqa: ANN401 - a class of highdicom's, which may be missing
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning[:_LONGEST_LABEL])
