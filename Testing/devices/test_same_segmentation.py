"""What a session makes of a device is what it makes of the recording that the device plays."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.gaze.lsl_source import LslSource
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.simulation.faults import Fault
from Testing.devices.live import ROOT, Desk, dice, playing, process
from Testing.recorded_scan import SHAPE_KJI

BRIDGE = str(ROOT / "GazeSAMLib/hosts/cli/bridge/tobii_bridge.py")


@pytest.fixture(scope="module")
def direct(scan_path: Path, recording: Recording) -> np.ndarray:
    labels = Desk(scan_path).replay(recording)
    assert set(np.unique(labels)) == {0, 1, 2}
    return labels


def scan_plane(along_mm: float) -> int:
    """The scan's layer that a look `along_mm` beside the balls' middle shows."""
    middle_k = (SHAPE_KJI[0] - 1) // 2 + 1
    return middle_k - round(along_mm / 3.0)


@pytest.fixture
def source():
    source = LslSource()
    source.start()
    yield source
    source.stop()


def test_a_stream_gives_the_same_segmentation(
    source, direct, scan_path, recording, recording_folder, tmp_path
) -> None:
    play = ["-m", "Testing.devices.gazesam", "bridge", "simulate", str(recording_folder)]
    desk = Desk(scan_path)
    with process(play, tmp_path / "log"):
        labels = desk.live(source, recording)
    assert len(desk.samples) == len(recording.samples)
    np.testing.assert_array_equal(labels, direct)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.DISCONNECT])
def test_a_fault_costs_no_look(fault, source, direct, scan_path, recording) -> None:
    desk = Desk(scan_path)
    with playing(recording, [fault]):
        labels = desk.live(source, recording)
    for label in (1, 2):
        assert dice(labels, direct, label) > 0.97, label


def test_a_stream_that_ends_and_begins_anew_is_read_on(source, scan_path, long_recording) -> None:
    direct, desk = Desk(scan_path).replay(long_recording), Desk(scan_path)
    with playing(long_recording, [Fault.DISCONNECT]):
        labels = desk.live(source, long_recording)
    last_look = scan_plane(-6.0)
    assert dice(labels[last_look], direct[last_look], 2) > 0.97
    gap_ns = max(b.t_ns - a.t_ns for a, b in itertools.pairwise(desk.samples))
    assert gap_ns > 1_000_000_000


def test_the_tobii_bridge_gives_the_same_segmentation(
    source, direct, scan_path, recording, recording_folder, tmp_path
) -> None:
    script = tmp_path / "standin.json"
    script.write_text(
        json.dumps({"recording": str(recording_folder), "trackers": ["S-1"], "lead_s": 1.5})
    )
    path = f"{ROOT / 'Testing/devices'}:{ROOT}"
    desk = Desk(scan_path)
    with process([BRIDGE], tmp_path / "log", PYTHONPATH=path, TOBII_STANDIN=str(script)):
        labels = desk.live(source, recording)
    for label in (1, 2):
        assert dice(labels, direct, label) > 0.99, (tmp_path / "log").read_text()
    assert source.tracker is not None
    assert source.tracker.serial == "S-1"
