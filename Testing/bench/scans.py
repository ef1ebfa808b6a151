"""How fast scans are read."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from GazeSAMLib.scans.dicom import read_dicom

SLICES = 300
ROUNDS = 3


def dicom_load_ratio() -> float:
    """Return our time to load a CT of 300 x 512 x 512 over that of plain SimpleITK.

    Both find the series in the folder, sort it and give Hounsfield units; the files are in the
    system's cache. Median of three rounds in turn.
    """
    with tempfile.TemporaryDirectory(prefix="gazesam-bench-") as name:
        folder = Path(name)
        _write_ct(folder)
        _load_with_simpleitk(folder)  # brings the files into the cache
        rounds = [
            (_seconds(lambda: read_dicom(folder)), _seconds(lambda: _load_with_simpleitk(folder)))
            for _ in range(ROUNDS)
        ]
    return statistics.median(ours / plain for ours, plain in rounds)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _load_with_simpleitk(folder: Path) -> object:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    return SimpleITK.GetArrayViewFromImage(image)


def _write_ct(folder: Path) -> None:
    """Write uncompressed slices with the elements that a scanner gives, names out of order."""
    rng = np.random.default_rng(0)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = CTImageStorage
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Modality, dataset.Manufacturer = "CT", "made"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20260101"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = "120000"
    dataset.PatientName, dataset.PatientID, dataset.PatientSex = "Made^Up", "1", "O"
    dataset.PatientPosition, dataset.KVP, dataset.ConvolutionKernel = "HFS", 120, "B"
    dataset.SliceThickness, dataset.PixelSpacing = 1.0, [0.75, 0.75]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.SeriesNumber, dataset.StudyID, dataset.AcquisitionNumber = 1, "1", 1
    dataset.Rows = dataset.Columns = 512
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.WindowWidth, dataset.WindowCenter = 400, 40
    for k, number in enumerate(rng.permutation(SLICES).tolist()):
        dataset.SOPInstanceUID = generate_uid()
        dataset.InstanceNumber = k + 1
        dataset.ImagePositionPatient = [-192.0, -192.0, 1.0 * k]
        dataset.SliceLocation = 1.0 * k
        dataset.PixelData = rng.integers(0, 3000, (512, 512), dtype=np.uint16).tobytes()
        dataset.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)
