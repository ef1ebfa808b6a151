"""The worker as a process, spoken to through its pipes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib import __version__
from GazeSAMLib.engines.codec import frame, parse
from GazeSAMLib.engines.interpreter import worker_environment
from GazeSAMLib.engines.messages import (
    EngineReady,
    Failure,
    Hello,
    Opened,
    OpenScan,
    Outdated,
    Ping,
    Pong,
    Progress,
    ScanDigest,
    Shutdown,
    UseEngine,
)
from GazeSAMLib.engines.protocol import FrameDecoder, Message, encode
from GazeSAMLib.engines.scan_file import ScanFolder
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer, Segmenter
from GazeSAMLib.geometry.digest import scan_digest
from Testing.phantom import AXIAL, OBLIQUE, VOLUME, look, phantom
from Testing.worker_of_test_engines import COMMAND, make_engine

END_TIMEOUT_S = 20.0

posix = pytest.mark.skipif(os.name == "nt", reason="there are no named pipes and signals")


class Host:
    """A worker's pipes, read and written without any of the host's own code but frames."""

    def __init__(self, scan: Path) -> None:
        self.scan = scan
        self.process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=worker_environment(os.environ),
        )
        self.decoder = FrameDecoder()
        self.heard = []

    def say(self, *messages) -> None:
        self.say_bytes(b"".join(map(frame, messages)))

    def say_bytes(self, data: bytes) -> None:
        while data:
            data = data[self.process.stdin.write(data) :]

    def hear(self, kind):
        """Return the next message of that kind; the others before it stay in `heard`."""
        while True:
            for index, message in enumerate(self.heard):
                if isinstance(message, kind):
                    del self.heard[index]
                    return message
            data = self.process.stdout.read(1 << 16)
            assert data, f"the worker ended: {self.process.stderr.read().decode()}"
            self.heard += map(parse, self.decoder.feed(data))

    def set_up(self, **options) -> None:
        matrix = tuple(VOLUME.local_ras_from_ijk.ravel().tolist())
        self.say(
            OpenScan(1, str(self.scan), "<i2", VOLUME.shape_kji, matrix),
            UseEngine(2, "equal-grey", options),
        )
        self.hear(Opened)
        self.hear(EngineReady)
        self.hear(ScanDigest)
        self.heard.clear()

    def end_of_output(self) -> list:
        while data := self.process.stdout.read(1 << 16):
            self.heard += map(parse, self.decoder.feed(data))
        self.process.wait(END_TIMEOUT_S)
        return self.heard


@pytest.fixture
def scan(tmp_path):
    folder = ScanFolder(tmp_path)
    yield folder.write(phantom())
    folder.remove()


@pytest.fixture
def host(scan):
    host = Host(scan)
    yield host
    host.process.kill()
    host.process.wait()
    for pipe in (host.process.stdin, host.process.stdout, host.process.stderr):
        pipe.close()


def test_it_greets(host):
    assert host.hear(Hello) == Hello(("equal-grey",), __version__, host.process.pid)


def test_it_opens_a_scan_and_tells_its_digest(host):
    matrix = tuple(VOLUME.local_ras_from_ijk.ravel().tolist())
    host.say(OpenScan(5, str(host.scan), "<i2", VOLUME.shape_kji, matrix))
    assert host.hear(Opened) == Opened(5)
    assert host.hear(ScanDigest) == ScanDigest(5, scan_digest(phantom(), VOLUME))
    host.say(OpenScan(6, str(host.scan), "<i2", VOLUME.shape_kji, matrix, digest_wanted=False))
    assert host.hear(Opened) == Opened(6)
    host.say(Shutdown())
    assert not [m for m in host.end_of_output() if isinstance(m, ScanDigest)]


@pytest.mark.parametrize("plane", [AXIAL, OBLIQUE], ids=["axial", "oblique"])
def test_it_answers_as_the_engine_in_this_process(host, plane):
    here = Segmenter(make_engine("equal-grey"), phantom(), VOLUME)
    host.set_up()
    expected = here.answer(look(1, plane)).candidates
    refining = look(2, plane, previous=expected.low_res[0], box_image_uv=(3, 4, 40, 30))
    for request in (look(1, plane), refining):
        host.say(request)
        answer = host.hear(SegmentAnswer)
        expected = here.answer(request).candidates
        assert answer.number == request.number
        assert expected.mask().any()
        for index in range(3):
            np.testing.assert_array_equal(answer.candidates.mask(index), expected.mask(index))
        np.testing.assert_array_equal(answer.candidates.scores, expected.scores)
        np.testing.assert_array_equal(answer.candidates.low_res, expected.low_res)


def test_it_says_what_takes_its_time(host):
    host.set_up()
    host.say(look(1), look(2))
    assert host.hear(Progress) == Progress("embedding the slice", 0, 1)
    assert host.hear(Progress) == Progress("embedding the slice", 1, 1)
    host.say(UseEngine(3, "equal-grey"))
    assert host.hear(Progress) == Progress("loading the engine equal-grey", 0, 1)


def test_data_come_back(host):
    host.say(Ping(3, np.arange(7, dtype=np.uint8)))
    pong = host.hear(Pong)
    assert (pong.number, pong.data.tolist()) == (3, list(range(7)))


def test_what_engines_print_does_not_get_between_frames(host):
    host.set_up(loud=True)
    for number in range(3):
        host.say(look(number))
        assert host.hear(SegmentAnswer).number == number
    host.say(Shutdown())
    host.end_of_output()
    assert host.process.stderr.read().count(b"GSAM") == 12


MISSING_PLANE = look(1, type(AXIAL)((0, 0, 900.0), (-1, 0, 0), (0, -1, 0)))


@pytest.mark.parametrize(
    ("options", "request_", "error", "sentence"),
    [
        ({"raises": "EngineError"}, look(1), "EngineError", "on purpose"),
        ({"raises": "KeyError"}, look(1), "EngineError", "unexpectedly: KeyError: 'on purpose'"),
        ({}, MISSING_PLANE, "EngineError", "does not cross the scan"),
        ({}, EmbedRequest(1, AXIAL, -1.0, 0.0), "GeometryError", "window must be positive"),
    ],
    ids=["ours", "any", "plane", "embed"],
)
def test_a_failure_is_told_and_the_worker_goes_on(host, options, request_, error, sentence):
    host.set_up(**options)
    host.say(request_)
    failure = host.hear(Failure)
    assert (failure.number, failure.error) == (1, error)
    assert sentence in failure.sentence
    host.say(UseEngine(3, "equal-grey"), look(9))
    assert host.hear(SegmentAnswer).number == 9


def test_orders_that_cannot_be_followed_are_told(host):
    host.say(look(1))
    assert "no scan is open" in host.hear(Failure).sentence
    matrix = tuple(VOLUME.local_ras_from_ijk.ravel().tolist())
    bad = [
        (OpenScan(1, str(host.scan), "<i2", (20, 48, 65), matrix), "cannot be opened"),
        (OpenScan(2, str(host.scan) + "x", "<i2", VOLUME.shape_kji, matrix), "cannot be opened"),
        (OpenScan(3, str(host.scan), "<i2", (20, 48), matrix), "a shape of 3"),
        (OpenScan(4, str(host.scan), "<i2", VOLUME.shape_kji, (0.0,) * 16), "last row"),
        (UseEngine(5, "no such"), "there is no engine 'no such'"),
        (UseEngine(6, "equal-grey", {"wheels": 4}), "unexpectedly: TypeError"),
    ]
    for order, sentence in bad:
        host.say(order)
        failure = host.hear(Failure)
        assert failure.number == order.number
        assert sentence in failure.sentence
    host.say(OpenScan(7, str(host.scan), "<i2", VOLUME.shape_kji, matrix), look(1))
    assert "no engine is chosen" in host.hear(Failure).sentence


def test_messages_that_make_no_sense_are_told_and_the_worker_goes_on(host):
    for message in (
        Message("unheard of", {"number": 4}),
        Message("decode", {"number": 5}),
        Message("hello", {"engines": [], "version": "", "pid": 1}),
    ):
        host.say_bytes(encode(message))
        failure = host.hear(Failure)
        assert (failure.about, failure.error) == (message.kind, "ProtocolError")
        assert failure.number == message.fields.get("number", -1)
    host.say(Ping(1, np.zeros(0, dtype=np.uint8)))
    host.hear(Pong)


def test_garbage_ends_the_worker_with_a_sentence(host):
    host.hear(Hello)
    host.say_bytes(frame(Ping(1, np.zeros(1, dtype=np.uint8))) + b"GET / HTTP/1.1\r\n\r\n" * 50)
    pong, failure = host.end_of_output()
    assert isinstance(pong, Pong)
    assert (failure.about, failure.error) == ("frame", "ProtocolError")
    assert "must begin with" in failure.sentence


@pytest.mark.parametrize("last", [b"", frame(look(1))[:-5], frame(look(1))[:7]])
def test_it_ends_when_its_input_ends(host, last):
    host.set_up()
    host.say_bytes(last)
    host.process.stdin.close()
    assert host.end_of_output() == []
    assert host.process.returncode == 0
    assert host.process.stderr.read() == b""
    assert host.scan.exists()  # its host, this process, lives


def test_it_ends_when_its_input_ends_in_the_middle_of_work(host):
    host.set_up(spins=True)
    host.say(look(1))
    host.hear(Progress)
    host.process.stdin.close()
    host.process.wait(END_TIMEOUT_S)


@posix
def test_it_ends_when_its_input_ends_while_an_engine_waits(host, tmp_path):
    os.mkfifo(tmp_path / "gate")
    host.set_up(gate=str(tmp_path / "gate"))
    host.say(look(1))
    host.hear(Progress)
    host.process.stdin.close()
    host.process.wait(END_TIMEOUT_S)


def test_it_ends_when_nobody_reads_its_output(host):
    host.hear(Hello)
    host.process.stdout.close()
    host.say(Ping(1, np.zeros(1 << 20, dtype=np.uint8)))
    host.process.wait(END_TIMEOUT_S)


def test_it_finishes_what_it_began_when_told_to_end(host):
    host.set_up()
    host.say(look(1), UseEngine(3, "equal-grey"), Shutdown())
    kinds = [type(message) for message in host.end_of_output()]
    assert EngineReady in kinds
    assert host.process.returncode == 0


@posix
def test_ctrl_c_is_for_the_host_to_handle(host):
    host.hear(Hello)
    host.process.send_signal(signal.SIGINT)
    host.say(Ping(1, np.zeros(0, dtype=np.uint8)))
    host.hear(Pong)


def test_of_a_flood_of_looks_the_newest_is_answered_soon(host):
    host.set_up()
    previous = np.zeros((64, 64), dtype=np.float32)
    count = 1000
    host.say(*(look(number, previous=previous) for number in range(1, count + 1)))
    replied = set()
    answered = 0
    while count not in replied:
        reply = host.hear((SegmentAnswer, Outdated))
        if isinstance(reply, Outdated):
            replied.update(reply.requests)
        else:
            replied.add(reply.number)
            answered += 1
    assert replied == set(range(1, count + 1))
    assert answered < count / 2


def test_its_start_imports_nothing_heavy():
    heavy = {"torch", "scipy", "matplotlib", "typer", "rich", "pydicom", "SimpleITK", "nibabel"}
    code = (
        "import sys; import GazeSAMLib.hosts.worker;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())
    assert "numpy" in done.stdout.split()
