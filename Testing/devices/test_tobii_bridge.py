"""The bridge in a process of its own, with the stand-in for Tobii's SDK, over real LSL."""

import itertools
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from GazeSAMLib.gaze.lsl_source import LslSource
from GazeSAMLib.hosts.cli.bridge import tobii_bridge
from Testing.devices import tobii_research
from Testing.devices.live import ROOT, process, read_until, wait_for

BRIDGE = ROOT / "GazeSAMLib/hosts/cli/bridge/tobii_bridge.py"
PYTHON_310 = Path.home() / ".pyenv/versions/3.10.13/bin/python"


@pytest.fixture
def standin(tmp_path, recording_folder):
    """Return the variables that put the stand-in, with this script, in the SDK's place."""

    def variables(**script) -> dict[str, str]:
        path = tmp_path / "standin.json"
        path.write_text(json.dumps({"recording": str(recording_folder), **script}))
        return {"PYTHONPATH": f"{ROOT / 'Testing/devices'}:{ROOT}", "TOBII_STANDIN": str(path)}

    return variables


@pytest.fixture
def source():
    source = LslSource()
    source.start()
    yield source
    source.stop()


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BRIDGE), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={"LSLAPICFG": "/dev/null", "PATH": "/usr/bin"} | variables,
    )


def test_trackers_are_listed_in_order(standin) -> None:
    told = run("--list", **standin(trackers=["B-2", "A-1"]))
    assert told.returncode == 0, told.stderr
    assert [line.split("\t")[0] for line in told.stdout.splitlines()] == [
        "tobii-prp://A-1",
        "tobii-prp://B-2",
    ]


@pytest.mark.parametrize(
    ("arguments", "script", "says"),
    [
        ([], {"trackers": []}, "no Tobii eye tracker was found"),
        (["--list"], {"trackers": []}, "no Tobii eye tracker was found"),
        ([], {"trackers": ["A", "B"]}, "choose one with --address"),
        (["--address", "tobii-prp://C"], {"trackers": ["A"]}, "no tracker answers at"),
        (["--rate", "1000"], {"trackers": ["A"]}, "does not do 1000 Hz; it does: 60, 120, 250"),
        (["--rate", "60"], {"trackers": ["A"], "licence": False}, "want of a licence"),
        ([], {"trackers": ["A"], "licence": False}, "want of a licence"),
    ],
)
def test_what_cannot_work_is_told_in_one_sentence(standin, arguments, script, says) -> None:
    told = run(*arguments, **standin(**script))
    assert told.returncode == 1
    assert says in told.stderr.splitlines()[-1]
    assert "Traceback" not in told.stderr


def test_a_python_without_the_sdk_is_told_what_to_do() -> None:
    told = run("--list")
    assert told.returncode == 1
    assert "gazesam bridge setup-tobii --python PATH" in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_everything_the_tracker_says_is_forwarded(standin, source, recording, tmp_path) -> None:
    variables = standin(trackers=["A-1"], lead_s=1.0)
    with process(
        [str(BRIDGE), "--display-px", "1920x1080"], tmp_path / "log", **variables
    ) as bridge:
        samples = read_until(source, lambda got: len(got) >= 100)
        wait_for(lambda: source.tracker is not None)
        bridge.send_signal(signal.SIGINT)
        assert bridge.wait(10.0) == 0
    by_device_us = {s.device_t_ns // 1000: s for s in recording.samples}
    for sample in samples:
        taken = by_device_us[sample.device_t_ns // 1000]
        for mine, theirs in ((sample.left, taken.left), (sample.right, taken.right)):
            assert mine.valid == theirs.valid
            assert mine.pupil_mm == theirs.pupil_mm
            if theirs.valid:
                assert mine.point_display == theirs.point_display
    stream = source.description
    assert (stream.type, stream.rate_hz, stream.serial) == ("Gaze", 250.0, "A-1")
    assert (stream.manufacturer, stream.model) == ("Tobii", "Stand-in")
    assert stream.display_px == (1920.0, 1080.0)
    assert stream.display_mm == (531.0, 299.0)
    assert all(channel.label and channel.eye and channel.type for channel in stream.channels)
    assert all(channel.unit for channel in stream.channels)
    assert "stopped" in (tmp_path / "log").read_text()


def test_a_tracker_that_was_unplugged_streams_again_and_the_bridge_says_so(
    standin, source, tmp_path
) -> None:
    variables = standin(trackers=["A-1"], lead_s=1.0, unplugged_s=[2.0, 5.0], repeat=10)
    with process([str(BRIDGE)], tmp_path / "log", **variables):
        before = read_until(source, lambda got: len(got) >= 50)
        after = read_until(
            source, lambda got: bool(got) and got[-1].t_ns - before[-1].t_ns > 4e9, patience_s=20.0
        )
        wait_for(lambda: "is back" in (tmp_path / "log").read_text())
    gap_ns = max(b.t_ns - a.t_ns for a, b in itertools.pairwise(after))
    assert gap_ns > 1.5e9
    log = (tmp_path / "log").read_text()
    assert "connection lost" in log
    assert "has been silent for 2 s" in log


def test_stream_errors_and_overflows_are_told_once_and_gaze_goes_on(
    standin, source, tmp_path
) -> None:
    error = ["error", "STREAM_ERROR_INTERNAL_ERROR"]
    variables = standin(trackers=["A-1"], lead_s=1.0, says=[error, error, ["overflow", ""]])
    with process([str(BRIDGE)], tmp_path / "log", **variables):
        read_until(source, lambda got: len(got) >= 50)
    log = (tmp_path / "log").read_text()
    assert log.count("a stream error, stream_error_internal_error: as told") == 1
    assert log.count("reports: stream buffer overflow") == 1


def test_a_licence_that_ends_while_streaming_is_told(standin, tmp_path) -> None:
    told = ["error", "STREAM_ERROR_INSUFFICIENT_LICENSE"]
    variables = standin(trackers=["A-1"], lead_s=1.0, says=[told])
    with process([str(BRIDGE)], tmp_path / "log", **variables) as bridge:
        assert bridge.wait(20.0) == 1
    assert "want of a licence" in (tmp_path / "log").read_text().splitlines()[-1]


class Deaf:
    """A tracker that hands out its callbacks, for somebody who never reads the queue."""

    def __init__(self) -> None:
        self.callbacks = {}

    def subscribe_to(self, kind, callback, as_dictionary=False) -> None:
        assert as_dictionary
        self.callbacks[kind] = callback


def test_a_callback_returns_though_nobody_takes_what_it_brings() -> None:
    tracker = Deaf()
    subscription = tobii_bridge.Subscription(tobii_research, tracker)
    callback = tracker.callbacks[tobii_research.EYETRACKER_GAZE_DATA]
    for number in range(tobii_bridge.MOST_WAITING + 5):
        callback({"device_time_stamp": number})
    assert subscription.overflows == 5
    assert subscription.events.qsize() == tobii_bridge.MOST_WAITING


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no such means")
def test_no_port_is_open_to_the_network(standin, source, tmp_path) -> None:
    variables = standin(trackers=["A-1"], repeat=10)
    with process([str(BRIDGE)], tmp_path / "log", **variables) as bridge:
        read_until(source, bool)
        inodes = sockets_of(bridge.pid)
        ports = [
            (protocol, *line.split()[1].split(":"))
            for protocol in ("tcp", "udp", "tcp6", "udp6")
            for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]
            if line.split()[9] in inodes and line.split()[3] in ("0A", "07")
        ]
        assert {protocol for protocol, *_ in ports} == {"tcp", "udp"}
        for protocol, address, port in ports:
            if address != "0100007F":  # not 127.0.0.1: it must be bound to the interface then
                assert is_bound_to_loopback(protocol, int(port, 16)), (protocol, address, port)


def sockets_of(pid: int) -> set[str]:
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(link.readlink()))
        except OSError:
            continue
    return {text[8:-1] for text in links if text.startswith("socket:[")}


def is_bound_to_loopback(protocol: str, port: int) -> bool:
    """Whether another interface still has the port free: it is then not open there."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, other_interface())
        try:
            other.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def other_interface() -> bytes:
    names = [name for _, name in socket.if_nameindex() if name != "lo"]
    if not names:
        pytest.skip("this computer has no network interface besides loopback")
    return names[0].encode() + b"\0"


def test_tobiis_own_sdk_finds_no_tracker_and_says_so(tmp_path) -> None:
    if not PYTHON_310.is_file():
        pytest.skip(f"there is no Python 3.10 at {PYTHON_310}")
    made = subprocess.run(
        [PYTHON_310, "-m", "venv", tmp_path / "sdk"], capture_output=True, text=True, timeout=120
    )
    assert made.returncode == 0, made.stderr
    python = tmp_path / "sdk/bin/python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", "tobii_research>=2.1", "pylsl>=1.18"],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if installed.returncode != 0:
        pytest.skip(f"Tobii's SDK cannot be installed here: {installed.stderr[-200:]}")
    told = subprocess.run([python, BRIDGE], capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert told.stderr.startswith("gazesam bridge tobii: no Tobii eye tracker was found")
    assert len(told.stderr.splitlines()) == 1
