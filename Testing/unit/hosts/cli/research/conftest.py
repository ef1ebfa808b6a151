"""A recording of two balls with the errors of a real tracker, and everything known of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.hosts.cli.research.gaze_table import GazeTable, gaze_table
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.options import ReaderOptions
from Testing.recorded_scan import OBLIQUE, look_at, record, write_scan


@pytest.fixture(scope="session")
def scan_path(tmp_path_factory) -> Path:
    return write_scan(tmp_path_factory.mktemp("scan") / "Doe^Jane.nii.gz", OBLIQUE)


@pytest.fixture(scope="session")
def opened(scan_path: Path) -> Scan:
    return read_scan(scan_path)


@pytest.fixture(scope="session")
def recording_path(tmp_path_factory, scan_path: Path) -> Path:
    looks = [
        look_at(scan_path, "bright ball", ras_from_ijk=OBLIQUE, rotated=False),
        look_at(scan_path, "bright ball", ras_from_ijk=OBLIQUE, along_mm=8.0),
        look_at(scan_path, "grey ball", ras_from_ijk=OBLIQUE),
    ]
    options = ReaderOptions(accuracy_deg=0.0, one_eye_losses_per_min=20.0)
    return record(tmp_path_factory.mktemp("gaze") / "gaze", scan_path, looks, options=options)


@pytest.fixture(scope="session")
def recording(recording_path: Path) -> Recording:
    """With an offset that is to be taken out."""
    read = read_recording(recording_path)
    return replace(read, header=replace(read.header, offset_deg=(0.3, -0.2)))


@pytest.fixture(scope="session")
def table(recording: Recording, opened: Scan) -> GazeTable:
    return gaze_table(recording, opened.volume)
