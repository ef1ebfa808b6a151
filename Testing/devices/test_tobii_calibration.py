"""Calibration through the bridge: its real window, real keys, and the stand-in for Tobii's SDK."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageGrab

from GazeSAMLib.gaze.lsl_source import LslSource
from Testing.devices.live import ROOT, process, read_until, wait_for
from Testing.host import x_display

BRIDGE = ROOT / "GazeSAMLib/hosts/cli/bridge/tobii_bridge.py"
PLACE = "800x600+100+50"
FIVE = ["0.5,0.5", "0.1,0.1", "0.1,0.9", "0.9,0.1", "0.9,0.9"]
CAN_SHOW = importlib.util.find_spec("tkinter") is not None and all(
    map(shutil.which, ("Xvfb", "xdotool", "xrandr"))
)
needs_window = pytest.mark.skipif(
    not CAN_SHOW, reason="no window can be opened here: it needs tkinter, Xvfb, xdotool, xrandr"
)


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """An X server without a screen; its name."""
    before = os.environ.get("DISPLAY")
    server = x_display.start_server()
    yield os.environ["DISPLAY"]
    server.terminate()
    server.wait()
    if before is None:
        del os.environ["DISPLAY"]
    else:
        os.environ["DISPLAY"] = before


class Calibration:
    """A bridge that calibrates: what it says and what the SDK was called for."""

    def __init__(self, folder: Path, recording: Path, script: dict) -> None:
        self._calls, self._told = folder / "calls.txt", folder / "told.txt"
        path = folder / "standin.json"
        calibration = {"log": str(self._calls), **script.pop("calibration", {})}
        path.write_text(
            json.dumps(
                {"recording": str(recording), "trackers": ["A-1"], "lead_s": 1.0, "repeat": 10}
                | script
                | {"calibration": calibration}
            )
        )
        self._variables = {
            "PYTHONPATH": f"{ROOT / 'Testing/devices'}{os.pathsep}{ROOT}",
            "TOBII_STANDIN": str(path),
        }

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.is_file() else []

    @property
    def told(self) -> str:
        return self._told.read_text()

    @contextmanager
    def run(self, *arguments: str, **variables: str) -> Iterator[subprocess.Popen]:
        arguments = (str(BRIDGE), "--window", PLACE, *arguments)
        with process([*arguments], self._told, **self._variables, **variables) as bridge:
            yield bridge


@pytest.fixture
def calibration(tmp_path: Path, recording_folder: Path) -> Callable[..., Calibration]:
    return lambda **script: Calibration(tmp_path, recording_folder, script)


@pytest.fixture
def source() -> Iterator[LslSource]:
    source = LslSource()
    source.start()
    yield source
    source.stop()


def begin(bridge: Calibration) -> None:
    wait_for(lambda: "enter" in bridge.calls)
    wait_for(lambda: bool(window()))
    x_display.act("key", "--window", window(), "space")


def window() -> str:
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "gazesam bridge tobii"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip()


@needs_window
@pytest.mark.parametrize("count", [5, 9])
def test_the_targets_are_collected_in_order_and_gaze_streams_afterwards(
    calibration, screen, source, count
) -> None:
    bridge = calibration(calibration={"off_by": [0.01, 0.0]})
    with bridge.run("--calibrate", str(count), DISPLAY=screen):
        begin(bridge)
        read_until(source, lambda got: len(got) >= 20, patience_s=30.0)
    collected = [line.removeprefix("collect ") for line in bridge.calls if "collect" in line]
    assert len(collected) == len(set(collected)) == count
    assert set(FIVE) <= set(collected)
    assert bridge.calls == [
        "enter", *(f"collect {place}" for place in collected), "compute", "leave",
    ]  # fmt: skip
    assert f"calibrated at {count} targets; the gaze lies 5 mm from them" in bridge.told


@needs_window
def test_each_target_is_on_screen_while_its_data_are_collected(calibration, screen) -> None:
    bridge = calibration(calibration={"collect_s": 1.0})
    with bridge.run("--calibrate", DISPLAY=screen):
        begin(bridge)
        for number, place in enumerate(FIVE, 1):
            wait_for(lambda n=number: sum("collect" in call for call in bridge.calls) == n)
            x, y = map(float, place.split(","))
            shown = np.asarray(ImageGrab.grab(xdisplay=screen).convert("L"), int)
            rows, columns = np.nonzero(abs(shown[50:650, 100:900] - 128) > 40)
            assert abs(columns.mean() - (800 * x - 0.5)) < 1.5, place
            assert abs(rows.mean() - (600 * y - 0.5)) < 1.5, place
            assert np.ptp(columns) < 20, place


@needs_window
def test_escape_breaks_off_and_the_tracker_leaves_calibration(calibration, screen) -> None:
    bridge = calibration()
    with bridge.run("--calibrate", DISPLAY=screen) as running:
        begin(bridge)
        wait_for(lambda: "collect 0.5,0.5" in bridge.calls)
        x_display.act("key", "--window", window(), "Escape")
        assert running.wait(10.0) == 1
    assert "broken off; the one before holds" in bridge.told
    assert bridge.calls[-1] == "leave"
    assert "compute" not in bridge.calls


@needs_window
def test_a_target_that_fails_is_tried_once_more_and_then_left_out(calibration, screen) -> None:
    bridge = calibration(calibration={"collect": {"0.1,0.1": 1, "0.9,0.9": 2}})
    with bridge.run("--calibrate", DISPLAY=screen):
        begin(bridge)
        wait_for(lambda: "leave" in bridge.calls, patience_s=30.0)
        wait_for(lambda: "calibrated at" in bridge.told)
    assert bridge.calls.count("collect 0.1,0.1") == 2
    assert bridge.calls.count("collect 0.9,0.9") == 2
    assert "0.1, 0.1" not in bridge.told
    assert "no gaze was found at the target 0.9, 0.9; it is left out" in bridge.told


@needs_window
@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        ("failure", 1, "the calibration did not succeed, and the one before holds"),
        ("success_left_eye", None, "calibrated for the left eye only"),
        ("success_right_eye", None, "calibrated for the right eye only"),
    ],
)
def test_the_status_that_the_sdk_returns_is_told(calibration, screen, status, code, says) -> None:
    bridge = calibration(calibration={"status": f"calibration_status_{status}"})
    with bridge.run("--calibrate", DISPLAY=screen) as running:
        begin(bridge)
        wait_for(lambda: says in bridge.told, patience_s=30.0)
        if code is not None:
            assert running.wait(10.0) == code


@needs_window
def test_a_calibration_is_kept_and_applied_again(calibration, screen, source, tmp_path) -> None:
    kept = tmp_path / "reader.calibration"
    bridge = calibration()
    with bridge.run("--calibrate", "--calibration", str(kept), DISPLAY=screen):
        begin(bridge)
        wait_for(kept.is_file, patience_s=30.0)
        wait_for(lambda: "is kept in" in bridge.told)
    before = kept.read_bytes()
    assert before.startswith(b"[(0.5, 0.5)")
    with bridge.run("--calibration", str(kept)):
        read_until(source, bool, patience_s=20.0)
    assert bridge.calls[-1] == f"apply {before.decode()}"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("tmp")] == []


def test_a_tracker_that_comes_back_gets_its_calibration_again(calibration, tmp_path) -> None:
    kept = tmp_path / "reader.calibration"
    kept.write_bytes(b"[(0.5, 0.5)]")
    bridge = calibration(unplugged_s=[1.5, 4.0])
    with bridge.run("--calibration", str(kept)):
        wait_for(lambda: bridge.calls == ["apply [(0.5, 0.5)]"] * 2, patience_s=20.0)


@needs_window
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"capabilities": ["capability_has_gaze_data"]}, "supports screen based calibration"),
        ({"calibration": {"busy": True}}, "already in calibration mode"),
    ],
)
def test_a_tracker_that_cannot_be_calibrated_says_why(calibration, screen, script, says) -> None:
    bridge = calibration(**script)
    with bridge.run("--calibrate", DISPLAY=screen) as running:
        assert running.wait(20.0) == 1
    assert "the tracker cannot be calibrated" in bridge.told
    assert says in bridge.told
    assert "Traceback" not in bridge.told


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "make it with --calibrate"), (b"garbage", "make it anew with --calibrate")],
)
def test_a_calibration_that_cannot_be_applied_is_told(calibration, tmp_path, content, says) -> None:
    kept = tmp_path / "reader.calibration"
    if content is not None:
        kept.write_bytes(content)
    bridge = calibration()
    with bridge.run("--calibration", str(kept)) as running:
        assert running.wait(20.0) == 1
    assert says in bridge.told.splitlines()[-1]
    assert "Traceback" not in bridge.told


def test_without_a_window_system_it_says_so(calibration) -> None:
    if not sys.platform.startswith("linux") or importlib.util.find_spec("tkinter") is None:
        pytest.skip("this system has windows, or no tkinter at all")
    bridge = calibration()
    with bridge.run("--calibrate", DISPLAY="") as running:
        assert running.wait(20.0) == 1
    assert "targets cannot be shown, no window opens" in bridge.told
    assert bridge.calls == []


def test_a_python_without_tkinter_is_told_what_to_do(calibration, tmp_path) -> None:
    (tmp_path / "tkinter.py").write_text("raise ImportError('No module named _tkinter')")
    bridge = calibration()
    path = os.pathsep.join([str(tmp_path), str(ROOT / "Testing/devices"), str(ROOT)])
    bridge._variables["PYTHONPATH"] = path
    with bridge.run("--calibrate") as running:
        assert running.wait(20.0) == 1
    assert "python3-tk" in bridge.told
    assert "Traceback" not in bridge.told
