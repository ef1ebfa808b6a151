"""DICOM files made to measure, and the real ones that come inside pydicom and nibabel."""

from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.read import read_scan

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class DicomFolder:
    """Writes CT slices into a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.series_uid = generate_uid()
        self._count = 0

    def add(
        self,
        position: Sequence[float] | None,
        pixels: np.ndarray | None = None,
        *,
        orientation: Sequence[float] | None = AXIAL,
        name: str | None = None,
        **elements: object,
    ) -> Path:
        """Write one slice; `elements` go into the dataset, None takes one out."""
        self._count += 1
        if pixels is None:
            pixels = np.full((4, 5), self._count, dtype=np.int16)
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = generate_uid()
        dataset.SeriesInstanceUID = self.series_uid
        dataset.SeriesNumber = 1
        dataset.SeriesDescription = "made"
        dataset.Modality = "CT"
        dataset.InstanceNumber = self._count
        if position is not None:
            dataset.ImagePositionPatient = [float(value) for value in position]
        if orientation is not None:
            dataset.ImageOrientationPatient = [float(value) for value in orientation]
        dataset.PixelSpacing = [0.5, 0.75]
        dataset.SliceThickness = 2.0
        dataset.Rows, dataset.Columns = pixels.shape[:2]
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        dataset.PixelData = pixels.tobytes()
        for keyword, value in elements.items():
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
        self.path.mkdir(parents=True, exist_ok=True)
        file = self.path / (name or f"slice{self._count:03d}.dcm")
        dataset.save_as(file, enforce_file_format=True)
        return file


@pytest.fixture
def dicom_folder(tmp_path: Path) -> DicomFolder:
    """An empty folder for slices."""
    return DicomFolder(tmp_path / "dicom")


@pytest.fixture
def more_folders(tmp_path: Path) -> Callable[[str], DicomFolder]:
    """Further folders by name, each with a series of its own."""
    return lambda name: DicomFolder(tmp_path / name)


@pytest.fixture(scope="session")
def pydicom_files() -> Path:
    """The test files that lie inside the pydicom package."""
    return Path(pydicom.__file__).parent / "data" / "test_files"


@pytest.fixture(scope="session")
def nibabel_files() -> Path:
    """The test files that lie inside the nibabel package."""
    return Path(nibabel.__file__).parent / "tests" / "data"


@pytest.fixture(scope="session")
def nibabel_dicoms() -> Path:
    """The DICOM test files that lie inside the nibabel package."""
    return Path(nibabel.__file__).parent / "nicom" / "tests" / "data"


@pytest.fixture
def reads_or_names() -> Callable[[Path], None]:
    """Checks that reading a file gives a sound scan, or a ScanError that names the file."""

    def check(path: Path) -> None:
        try:
            scan = read_scan(path)
        except ScanError as error:
            if str(path) not in str(error):
                raise
            return
        assert scan.voxels_kji.shape == scan.volume.shape_kji
        assert np.isfinite(scan.voxels_kji).all()
        assert np.isfinite(scan.volume.ijk_from_local_ras).all()
        assert 0.0 < scan.window < np.inf
        assert np.isfinite(scan.level)

    return check
