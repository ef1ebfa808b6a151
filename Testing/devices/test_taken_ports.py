"""A port that another program has: one sentence, from whoever wants to send."""

import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from GazeSAMLib.gaze.lsl_library import LOOPBACK_CONFIGURATION
from Testing.devices.live import ROOT

BRIDGE = str(ROOT / "GazeSAMLib/hosts/cli/bridge/tobii_bridge.py")


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables of a liblsl that may use two ports, both of which are taken."""
    with socket.create_server(("0.0.0.0", 0)) as one:
        port = one.getsockname()[1]
        with socket.create_server(("0.0.0.0", port + 1)):
            path = tmp_path / "lsl_api.cfg"
            ports = f"[ports]\nBasePort = {port}\nPortRange = 2\nAllowRandomPorts = 0\n"
            path.write_text(
                LOOPBACK_CONFIGURATION.replace("[ports]\n", ports)
                + f"[lab]\nSessionID = {uuid.uuid4().hex}\n"
            )
            yield {"LSLAPICFG": str(path)}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, cwd=ROOT,
        env=os.environ | variables,
    )  # fmt: skip


def test_a_replayed_recording_without_a_port_is_told(taken, recording_folder) -> None:
    told = run(
        "-m", "Testing.devices.gazesam", "bridge", "simulate", str(recording_folder), **taken
    )
    assert told.returncode == 1
    assert "no stream can be opened" in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr


def test_the_tobii_bridge_without_a_port_says_so(taken, recording_folder, tmp_path) -> None:
    path = tmp_path / "standin.json"
    path.write_text(json.dumps({"recording": str(recording_folder), "trackers": ["A-1"]}))
    modules = os.pathsep.join([str(ROOT / "Testing/devices"), str(ROOT)])
    told = run(BRIDGE, PYTHONPATH=modules, TOBII_STANDIN=str(path), **taken)
    assert told.returncode == 1
    assert "no stream can be opened" in told.stderr.splitlines()[-1]
    assert "Traceback" not in told.stderr
