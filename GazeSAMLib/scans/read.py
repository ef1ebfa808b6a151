"""Open a scan, whatever its format."""

import gzip
import zlib
from pathlib import Path

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.dicom import read_dicom
from GazeSAMLib.scans.dicom_header import is_dicom
from GazeSAMLib.scans.itk_file import META_IMAGE, NRRD, read_itk
from GazeSAMLib.scans.nifti import read_nifti
from GazeSAMLib.scans.picture import read_picture
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.scans.scan import Scan

FORMATS = (
    "DICOM (folder or file), NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd), "
    "PNG, JPEG, TIFF"
)

_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"BM")
_NIFTI_SIZES = (b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"\x1c\x02\0\0", b"\0\0\x02\x1c")


def read_scan(path: str | Path, *, series: str | None = None, progress: Progress = silent) -> Scan:
    """Read a scan: DICOM, NIfTI, NRRD, MetaImage or a picture.

    The format is found by content; a wrong extension does no harm.

    Parameters
    ----------
    path : str or Path
        A file, or a folder of DICOM files (nested folders too).
    series : str, optional
        Which one, where there are several: the number or UID of a DICOM series
        (:func:`GazeSAMLib.scans.dicom.list_series`), the number of a volume or page, from 1.
    progress : Progress
        Called as slices are read.

    Raises
    ------
    ScanError
        If there is nothing to read, the format is unknown, the file is damaged or has no
        usable geometry, or it holds several scans and none was chosen.
    """
    path = Path(path)
    if path.is_dir():
        return read_dicom(path, series, progress=progress)
    kind = scan_kind(path)
    if kind == "dicom":
        return read_dicom(path, series, progress=progress)
    if kind == "nifti":
        return read_nifti(path, series)
    if kind == "picture":
        return read_picture(path, series)
    return read_itk(path, NRRD if kind == "nrrd" else META_IMAGE, series)


def scan_kind(path: Path) -> str:
    """Return the format of a file by its content: dicom, nifti, nrrd, meta or picture.

    Raises
    ------
    ScanError
        If the file is missing, empty, or of no known format.
    """
    head = _head(path)
    if not head:
        raise ScanError(f"{path} is an empty file")
    if head.startswith(b"NRRD000"):
        return "nrrd"
    if head[:4] in _NIFTI_SIZES:
        return "nifti"
    if head[128:132] == b"DICM":
        return "dicom"
    if head.startswith(_PICTURES):
        return "picture"
    text = head.lstrip()
    if text.startswith((b"ObjectType", b"NDims", b"Comment")) and b"NDims" in head:
        return "meta"
    if is_dicom(head):
        return "dicom"
    raise ScanError(f"{path} is not a scan that GazeSAM can read: it reads {FORMATS}")


def _head(path: Path) -> bytes:
    """Return the first kilobyte of a file, decompressed if it is a gzip file."""
    try:
        with path.open("rb") as file:
            head = file.read(1024)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as stream:
                return stream.read(1024)
    except FileNotFoundError as error:
        raise ScanError(f"{path} does not exist") from error
    except (OSError, EOFError, zlib.error) as error:
        raise ScanError(f"{path} cannot be read: {error}") from error
    return head
