"""DICOM series made to measure, and other readers of what is written about them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def write_series(
    folder: Path,
    positions_lps: Sequence[Sequence[float]],
    shape: tuple[int, int],
    **elements: object,
) -> list[Path]:
    """Write a CT series, a file a position, in the given order; None takes an element out."""
    folder.mkdir(parents=True, exist_ok=True)
    uids = {
        name: generate_uid()
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    }
    files = []
    for number, position in enumerate(positions_lps, start=1):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
        for keyword, uid in uids.items():
            setattr(dataset, keyword, uid)
        dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "CT", 3, number
        dataset.PatientName, dataset.PatientID = "Made^Up", "17"
        dataset.PatientBirthDate, dataset.PatientSex = "19700101", "O"
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260101", "120000", "1"
        dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
        dataset.ImagePositionPatient = [float(value) for value in position]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.75], 2.0
        dataset.Rows, dataset.Columns = shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, 1
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
        dataset.PixelData = np.full(shape, number, dtype=np.int16).tobytes()
        for keyword, value in elements.items():
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
        files.append(folder / f"{number:03d}.dcm")
        dataset.save_as(files[-1], enforce_file_format=True)
    return files


def change_file(path: Path, **elements: object) -> None:
    """Set elements of a DICOM file; None takes one out."""
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)


def complaints(path: Path) -> list[str]:
    """Return the errors that David Clunie's validator finds in a DICOM file."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian's package dicom3tools)")
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert "Segmentation" in lines, lines  # it knows what it looks at
    return [line for line in lines if line.startswith(("Error", "Abort"))]


@dataclass(frozen=True, eq=False)
class DcmqiSegment:
    """A segment as dcmqi reads it."""

    image: SimpleITK.Image
    attributes: dict[str, object]

    @property
    def labels_kji(self) -> np.ndarray:
        return SimpleITK.GetArrayFromImage(self.image)


def by_dcmqi(path: Path, folder: Path) -> list[DcmqiSegment]:
    """Return the segments of a DICOM segmentation, read by dcmqi."""
    program = shutil.which("segimage2itkimage", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("dcmqi is not installed")
    folder.mkdir()
    command = [program, "--inputDICOM", path, "--outputDirectory", folder, "-t", "nrrd"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    described = json.loads((folder / "meta.json").read_text())["segmentAttributes"]
    return [
        DcmqiSegment(SimpleITK.ReadImage(folder / f"{number}.nrrd"), attributes)
        for number, (attributes,) in enumerate(described, start=1)
    ]
