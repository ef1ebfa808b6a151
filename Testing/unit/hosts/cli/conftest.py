"""A finished job on a scan of which the truth is known."""

from pathlib import Path

import pytest

from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.hosts.cli.answering import in_process
from GazeSAMLib.hosts.cli.segmenting import Job, Segmented, segment
from Testing.recorded_scan import look_at, record, write_scan


@pytest.fixture(scope="session")
def scan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scan(tmp_path_factory.mktemp("scan") / "balls.nii.gz")


@pytest.fixture(scope="session")
def gaze_path(tmp_path_factory: pytest.TempPathFactory, scan_path: Path) -> Path:
    """Three accepted looks on two slices; one more that is undone."""
    looks = (
        look_at(scan_path, "bright ball"),
        look_at(scan_path, "grey ball"),
        look_at(scan_path, "bright ball", along_mm=6.0),
        look_at(scan_path, "grey ball", along_mm=-9.0),
        look_at(scan_path, "grey ball", along_mm=-9.0, key=EventKind.UNDO),
    )
    return record(tmp_path_factory.mktemp("gaze") / "recording", scan_path, looks)


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory, scan_path: Path, gaze_path: Path) -> Segmented:
    """The finished job."""
    output = tmp_path_factory.mktemp("done") / "out.nii.gz"
    return segment(Job(scan_path, gaze_path, (output,)), answering=in_process)


@pytest.fixture(scope="session")
def propagated(tmp_path_factory: pytest.TempPathFactory, scan_path: Path) -> Segmented:
    """A finished job that carried looks at both balls on to the other slices."""
    looks = (
        look_at(scan_path, "bright ball"),
        look_at(scan_path, "bright ball", along_mm=-9.0),
        look_at(scan_path, "grey ball"),
    )
    folder = tmp_path_factory.mktemp("propagated")
    gaze = record(folder / "recording", scan_path, looks)
    job = Job(scan_path, gaze, (folder / "out.nii.gz",), engine="region", propagate=True)
    return segment(job, answering=in_process)
