"""Gaze inside Slicer: Qt's sockets and its timer, and no thread of Python's."""

import importlib.util
import itertools
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from Testing.devices.live import ROOT, Desk, dice, playing, wait_for
from Testing.devices.lockstep import as_the_wire_carries
from Testing.devices.opengaze_server import OpenGazeServer

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("PySide6", "slicer")),
    reason="PySide6 and slicer-core stand behind the module qt",
)


class Reader:
    """A feed in a process with Qt's event loop."""

    def __init__(self, running: subprocess.Popen) -> None:
        self._running = running
        self.samples: list[GazeSample] = []
        self.delays_ns: list[int] = []
        self.troubles: list[str] = []
        self.last: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    @property
    def trouble(self) -> str:
        return self.troubles[-1] if self.troubles else "not begun"

    def end(self) -> None:
        if self._running.poll() is None:
            self._running.stdin.write(b"\n")
            self._running.stdin.flush()
        self._thread.join(20.0)
        assert self._running.wait(10.0) == 0

    def _listen(self) -> None:
        for line in self._running.stdout:
            told = json.loads(line)
            if "samples" in told:
                came = [sample_of(values) for values in told["samples"]]
                self.delays_ns += [told["read_ns"] - sample.t_ns for sample in came]
                self.samples += came
            elif "trouble" in told:
                self.troubles.append(told["trouble"])
            else:
                self.last |= told


def sample_of(values: list) -> GazeSample:
    t_ns, left, right, device_t_ns = values
    return GazeSample(t_ns, eye_of(left), eye_of(right), device_t_ns)


def eye_of(values: list | None) -> EyeSample | None:
    return None if values is None else EyeSample(DisplayPoint(*values[0]), values[1], values[2])


@contextmanager
def reading(source: str, port: int = 0) -> Iterator[Reader]:
    with subprocess.Popen(
        [sys.executable, "-m", "Testing.devices.qt_reader", source, str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    ) as running:  # fmt: skip
        reader = Reader(running)
        try:
            yield reader
        finally:
            reader.end()
    assert reader.last["problems"] == []  # what Slicer would only have printed
    assert reader.last["threads"] == 1


def play(server: Any, samples: list[GazeSample]) -> None:
    """Send each sample when it is due."""
    begun_ns, first_ns = time.monotonic_ns(), samples[0].t_ns
    for sample in samples:
        due_ns = begun_ns + sample.t_ns - first_ns
        while (wait_ns := due_ns - time.monotonic_ns()) > 0:
            select.select([], [], [], wait_ns / 1e9)
        server.send(sample)


class Heard:
    """What a reader got, as a source for a session."""

    def __init__(self, samples: list[GazeSample]) -> None:
        self._waiting = list(samples)

    def read(self) -> list[GazeSample]:
        got, self._waiting = self._waiting, []
        return got


def sent_by(recording: Recording) -> list[GazeSample]:
    return [as_the_wire_carries(sample) for sample in recording.samples]


def check_segmentation(reader: Reader, scan_path: Path, recording: Recording) -> None:
    """The session makes of what came what it makes of the recording itself."""
    direct, desk = Desk(scan_path).replay(recording), Desk(scan_path)
    assert len(reader.samples) == len(recording.samples)
    came = [  # whose device's time has as many digits as the recording's
        replace(got, device_t_ns=sent.device_t_ns)
        for got, sent in zip(reader.samples, recording.samples, strict=True)
    ]
    labels = desk.live(Heard(came), recording)
    assert set(np.unique(direct)) == {0, 1, 2}
    for label in (1, 2):
        assert dice(labels, direct, label) > 0.99, label


def test_gazepoint_comes_through_qts_socket(scan_path: Path, recording: Recording) -> None:
    samples = sent_by(recording)
    with OpenGazeServer() as server, reading("opengaze", server.port) as reader:
        wait_for(lambda: server.poll(0.01))
        play(server, samples)
        wait_for(lambda: len(reader.samples) >= len(samples))
        assert reader.trouble == ""
    assert reader.last["tracker"][1] == "GP3HD"
    # Arrival is when Qt announces bytes; a timer of 16 ms takes them.
    assert np.median(reader.delays_ns) < 20e6
    steps_ns = np.diff([sample.t_ns for sample in reader.samples])
    assert np.abs(steps_ns - 4_000_000).max() < 50_000_000
    assert abs(np.median(steps_ns) - 4_000_000) < 20_000
    by_sent = {round(s.device_t_ns / 1e4): s for s in samples}
    for got in reader.samples:
        assert got.left == by_sent[round(got.device_t_ns / 1e4)].left
    check_segmentation(reader, scan_path, recording)


def test_pupil_comes_by_the_timer_alone(scan_path: Path, recording: Recording) -> None:
    pytest.importorskip("zmq", reason="pyzmq is not installed")
    pytest.importorskip("msgpack", reason="msgpack is not installed")
    from Testing.devices.pupil_server import PupilServer

    samples = sent_by(recording)
    with PupilServer() as server, reading("pupil", server.port) as reader:
        wait_for(lambda: server.poll(0.01))
        play(server, samples)
        wait_for(lambda: len(reader.samples) >= len(samples))
        assert reader.trouble == ""
    assert [s.device_t_ns for s in reader.samples] == [s.device_t_ns for s in samples]
    check_segmentation(reader, scan_path, recording)


def test_lsl_gives_the_same_segmentation_by_the_timer_alone(
    scan_path: Path, recording: Recording
) -> None:
    with reading("lsl") as reader:
        wait_for(lambda: reader.troubles != [], patience_s=20.0)
        with playing(recording):
            wait_for(lambda: len(reader.samples) >= len(recording.samples), patience_s=40.0)
    check_segmentation(reader, scan_path, recording)


def test_no_server_is_told_and_found_once_it_is_there() -> None:
    with OpenGazeServer() as server:
        port = server.port
    with reading("opengaze", port) as reader:
        wait_for(lambda: "does not answer" in reader.trouble)
        assert f"127.0.0.1:{port}" in reader.trouble
        with OpenGazeServer(port) as server:
            wait_for(lambda: server.poll(0.01))
            server.send(looking(0))
            wait_for(lambda: len(reader.samples) == 1)
            wait_for(lambda: reader.trouble == "")


def test_a_connection_that_breaks_is_made_again() -> None:
    with OpenGazeServer() as server, reading("opengaze", server.port) as reader:
        wait_for(lambda: server.poll(0.01))
        server.send(looking(0))
        wait_for(lambda: len(reader.samples) == 1)
        server.disconnect()
        wait_for(lambda: "closed the connection" in reader.trouble)
        wait_for(lambda: server.poll(0.01))
        server.send(looking(1))
        wait_for(lambda: len(reader.samples) == 2)
        wait_for(lambda: reader.trouble == "")


def test_another_program_at_the_port_is_told() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        reading("opengaze", listener.getsockname()[1]) as reader,
        listener.accept()[0] as stranger,
    ):
        stranger.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50)
        wait_for(lambda: "is not Gazepoint Control" in reader.trouble)


def test_garbage_among_the_records_costs_only_itself() -> None:
    with OpenGazeServer() as server, reading("opengaze", server.port) as reader:
        wait_for(lambda: server.poll(0.01))
        for number, junk in enumerate([b"\x00\xff<REC", b"<REC " + b"A" * 20_000, b"<REC TIME="]):
            server.send_bytes(junk + b"\r\n")
            server.send(looking(number))
        wait_for(lambda: len(reader.samples) == 3)
        assert reader.trouble == ""
    times = [sample.t_ns for sample in reader.samples]
    assert all(one < next_ for one, next_ in itertools.pairwise(times))


def looking(number: int) -> GazeSample:
    eye = EyeSample(DisplayPoint(0.25, 0.5), True, 3.0)
    return GazeSample(0, eye, eye, device_t_ns=10**9 + number * 16_666_670)
