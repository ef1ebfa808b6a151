"""Real Lab Streaming Layer on loopback, kept apart from every other stream of this computer."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_reader import read_recording
from Testing.lsl_session import keep_apart
from Testing.recorded_scan import PERFECT, look_at, record, write_scan


@pytest.fixture(scope="session", autouse=True)
def lsl_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """liblsl's configuration of these tests and of the processes that they start."""
    pytest.importorskip("pylsl", reason="Lab Streaming Layer is not installed (extra 'gaze')")
    return keep_apart(tmp_path_factory.mktemp("lsl"))


@pytest.fixture(scope="session")
def scan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scan(tmp_path_factory.mktemp("scan") / "balls.nii.gz")


def record_looks(folder: Path, scan_path: Path, planes_mm: Sequence[float]) -> Path:
    """A reader at 250 Hz who looks at both balls on each plane and accepts them."""
    looks = [
        look_at(scan_path, name, along_mm=along_mm)
        for along_mm in planes_mm
        for name in ("bright ball", "grey ball")
    ]
    return record(folder, scan_path, looks, options=replace(PERFECT, rate_hz=250.0))


@pytest.fixture(scope="session")
def recording_folder(tmp_path_factory: pytest.TempPathFactory, scan_path: Path) -> Path:
    return record_looks(tmp_path_factory.mktemp("gaze") / "looks", scan_path, (0.0,))


@pytest.fixture(scope="session")
def recording(recording_folder: Path) -> Recording:
    return read_recording(recording_folder)


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory: pytest.TempPathFactory, scan_path: Path) -> Recording:
    """Three times as long, on three planes."""
    folder = tmp_path_factory.mktemp("gaze") / "more"
    return read_recording(record_looks(folder, scan_path, (0.0, 6.0, -6.0)))
