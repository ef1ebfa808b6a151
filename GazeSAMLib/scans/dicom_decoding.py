"""Decode the frames of a DICOM file that cannot simply be read: compressed, coloured, looked up.

pydicom decodes what it can; what it has no decoder for (JPEG lossless, JPEG-LS, 12-bit JPEG)
goes to GDCM within SimpleITK.
"""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import UID, JPEGExtended12Bit, SecondaryCaptureImageStorage, generate_uid

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.dicom_frames import DicomFile
from GazeSAMLib.scans.dicom_values import PYDICOM_FAILURES
from GazeSAMLib.scans.voxels import Voxels

_IMAGE_PIXEL = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def decoded_frames(file: DicomFile, indices: Sequence[int]) -> Iterator[Voxels]:
    """Give the frames of `file` with these indices, in this order.

    Grey frames have shape (rows, columns) and stored values, before slope and intercept but
    after a lookup table; colour frames have shape (rows, columns, 3), red, green, blue.

    Raises
    ------
    ScanError
        If pixels are missing or damaged, or their compression is not supported.
    """
    decoded = _decode(file, indices)
    for index in indices:
        try:
            # Deviations from the standard are common; a wrong size is found below.
            with warnings.catch_warnings(action="ignore"):
                values = next(decoded)
        except PYDICOM_FAILURES as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
            raise ScanError(
                f"{file.path}: the pixels of frame {index + 1} "
                f"({UID(file.pixels.encoding, config.IGNORE).name}) are missing, damaged or not "
                f"supported: {reason}"
            ) from error
        yield values


def _decode(file: DicomFile, indices: Sequence[int]) -> Iterator[Voxels]:
    pixels = file.pixels
    uid = UID(pixels.encoding, config.IGNORE)
    if not _pydicom_decodes(uid, pixels.bits_stored):
        yield from _decoded_by_gdcm(file, indices)
        return
    dataset = pydicom.dcmread(file.path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = uid
    shape = (pixels.rows, pixels.columns, *((pixels.samples,) if pixels.samples > 1 else ()))
    for values in iter_pixels(dataset, indices=indices, raw=not pixels.is_color):
        if values.shape != shape:
            raise ValueError(f"the decoded frame has shape {values.shape}, not {shape}")
        if pixels.photometric == "PALETTE COLOR":
            yield apply_color_lut(values, dataset)
        elif pixels.has_lookup:
            yield np.asarray(apply_modality_lut(values, dataset))
        else:
            yield values


def _pydicom_decodes(uid: UID, bits_stored: int) -> bool:
    if not uid.is_compressed or uid.is_deflated:
        return True
    if uid == JPEGExtended12Bit and bits_stored > 8:  # Pillow, which it uses, stops at 8
        return False
    return bool(get_decoder(uid).is_available)


def _decoded_by_gdcm(file: DicomFile, indices: Sequence[int]) -> Iterator[Voxels]:
    """Decode with GDCM.

    Each frame goes through a file of its own without rescale, so that what comes back are the
    stored values.
    """
    pixels = file.pixels
    dataset = pydicom.dcmread(file.path, force=True)
    alone = Dataset()
    alone.file_meta = FileMetaDataset()
    alone.file_meta.TransferSyntaxUID = UID(pixels.encoding, config.IGNORE)
    alone.SOPClassUID = SecondaryCaptureImageStorage
    alone.SOPInstanceUID = generate_uid()
    for keyword in _IMAGE_PIXEL:
        setattr(alone, keyword, dataset.get(keyword))
    shape = (pixels.rows, pixels.columns, *((pixels.samples,) if pixels.samples > 1 else ()))
    with tempfile.TemporaryDirectory(prefix="gazesam-") as folder:
        single = Path(folder) / "frame.dcm"
        for index in indices:
            data = get_frame(dataset.PixelData, index, number_of_frames=file.frame_count)
            alone.PixelData = encapsulate([data])
            alone["PixelData"].is_undefined_length = True
            alone.save_as(single, enforce_file_format=True)
            yield SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(single)).reshape(shape)
