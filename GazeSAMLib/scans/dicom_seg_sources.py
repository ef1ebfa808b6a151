"""The DICOM files that a segmentation refers to: their headers, checked and made to fit.

What is changed in memory is what a segmentation has once for all of its frames, while scans have
it for every slice (direction, pixel measures) or do not say it well.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pydicom.valuerep import DSfloat

from GazeSAMLib.errors import OutputError
from GazeSAMLib.scans.dicom_frames import Frame
from GazeSAMLib.scans.dicom_seg_pixels import are_even, slice_gaps_mm
from GazeSAMLib.scans.dicom_values import PYDICOM_FAILURES, number, text

# What a segmentation needs of every slice; of the first one it takes patient and study too.
_OF_EVERY_SLICE = [
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Rows",
    "Columns",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "PixelSpacing",
    "SliceThickness",
]
_UIDS = {
    "SOPInstanceUID": "SOP Instance UID",
    "SOPClassUID": "SOP Class UID",
    "StudyInstanceUID": "Study Instance UID",
    "SeriesInstanceUID": "Series Instance UID",
    "FrameOfReferenceUID": "Frame of Reference UID",
}
_SHARED = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
# Elements that must be there, though they may be empty.
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
_CURE = "export the scan with its UIDs from the archive, or write .seg.nrrd instead"


def read_sources(frames: Sequence[Frame]) -> list[Dataset]:
    """Return the headers of the files that hold some frames: one each, or one of several frames.

    Parameters
    ----------
    frames : sequence of Frame
        The slices of one volume, in order.

    Raises
    ------
    OutputError
        If a segmentation cannot refer to them: UIDs are missing, malformed or not unique, the
        slices carry no positions, or they lie in several multi-frame files.
    """
    files = list(dict.fromkeys(frame.file.path for frame in frames))
    for frame in frames:
        if None in (frame.position_lps, frame.orientation_lps, frame.spacing_mm):
            raise OutputError(
                f"{frame.file.path} does not say where its slices lie, which a DICOM segmentation "
                "must repeat: write .seg.nrrd instead"
            )
    if len(files) > 1 and any(frame.file.frame_count > 1 for frame in frames):
        raise OutputError(
            f"{files[0].parent} holds the scan in {len(files)} files of several frames each, and a "
            "DICOM segmentation can refer to one such file: write .seg.nrrd instead"
        )
    headers = [_header(path, whole=n == 0) for n, path in enumerate(files)]
    _check_uids(files, headers)
    _complete(headers[0])
    _make_alike(headers, frames)
    return headers


def _header(path: Path, *, whole: bool) -> Dataset:
    try:
        with warnings.catch_warnings(action="ignore"):  # broken rules that do not matter here
            header = pydicom.dcmread(
                path,
                stop_before_pixels=True,
                force=True,
                specific_tags=None if whole else _OF_EVERY_SLICE,
            )
            for element in list(header):
                if element.is_empty:  # says nothing, and breaks the rules of the copy
                    del header[element.tag]
            return header
    except PYDICOM_FAILURES as error:
        raise OutputError(
            f"the slice {path} cannot be read any more ({error}), and a DICOM segmentation refers "
            "to it: put the scan back where it was"
        ) from error


def _check_uids(files: Sequence[Path], headers: Sequence[Dataset]) -> None:
    first_with: dict[str, Path] = {}
    for path, header in zip(files, headers, strict=True):
        for keyword, name in _UIDS.items():
            uid = text(header, keyword)
            if not uid:
                raise OutputError(
                    f"{path} has no {name}, and a DICOM segmentation refers to it by that: {_CURE}"
                )
            if not UID(uid).is_valid:
                raise OutputError(f"{path} has the {name} {uid!r}, which is malformed: {_CURE}")
            if keyword == "SOPClassUID" and UID(uid).is_private:
                raise OutputError(
                    f"{path} is of a kind of its maker's own ({name} {uid}), to which a DICOM "
                    f"segmentation cannot refer: {_CURE}"
                )
            if keyword in _SHARED and uid != text(headers[0], keyword):
                raise OutputError(
                    f"{path} and {files[0]} are slices of one volume but differ in their {name}, "
                    f"and a DICOM segmentation has one: {_CURE}"
                )
        uid = text(header, "SOPInstanceUID")
        if uid in first_with:
            raise OutputError(
                f"{path} and {first_with[uid]} have the same SOP Instance UID, so that a DICOM "
                f"segmentation cannot tell them apart: {_CURE}"
            )
        first_with[uid] = path


def _complete(header: Dataset) -> None:
    """Put in what a segmentation copies and must have, and scans often lack."""
    is_anonymous = text(header, "PatientIdentityRemoved") == "YES"
    if is_anonymous and "DeidentificationMethodCodeSequence" not in header:
        header.setdefault("DeidentificationMethod", "not stated by the scan")
    for keyword in _MAY_BE_EMPTY:
        if keyword not in header:
            setattr(header, keyword, "")


def _make_alike(headers: Sequence[Dataset], frames: Sequence[Frame]) -> None:
    """Give all slices one direction and true distances: headers are often wrong on those."""
    first = frames[0]
    measures = Dataset()
    measures.PixelSpacing = list(first.spacing_mm or ())
    gaps = slice_gaps_mm(frames)
    between = float(gaps.mean()) if len(gaps) else first.step_mm
    thickness = number(headers[0], "SliceThickness") or first.step_mm or between
    if thickness:
        measures.SliceThickness = DSfloat(thickness, auto_format=True)
    if between and are_even(frames):
        measures.SpacingBetweenSlices = DSfloat(between, auto_format=True)
    shared = headers[0].get("SharedFunctionalGroupsSequence")
    if shared:
        orientation = Dataset()
        orientation.ImageOrientationPatient = list(first.orientation_lps or ())
        shared[0].PlaneOrientationSequence = [orientation]
        shared[0].PixelMeasuresSequence = [measures]
        return
    for header in headers:
        header.ImageOrientationPatient = headers[0].ImageOrientationPatient
        header.pop("SpacingBetweenSlices", None)
        header.update(measures)
