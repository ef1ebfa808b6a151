"""A host's worker: it comes back when it dies, and nothing hangs or stays behind."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.link import ENDS_IN_A_ROW
from GazeSAMLib.engines.messages import Cancel, Embedded, Outdated
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer, Segmenter
from GazeSAMLib.errors import EngineError, GeometryError, WorkerError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.volume import VolumeGeometry
from Testing.full_disk import limited_file_size
from Testing.phantom import AXIAL, OBLIQUE, VOLUME, look, phantom
from Testing.worker_of_test_engines import COMMAND, make_engine

posix = pytest.mark.skipif(os.name == "nt", reason="there are no such signals")


@pytest.fixture
def client(tmp_path):
    with WorkerClient(COMMAND, scan_parent=tmp_path, timeout_s=60.0) as client:
        yield client
    assert list(tmp_path.glob("gazesam-*")) == []


@pytest.fixture
def ready(client):
    client.open_scan(phantom(), VOLUME)
    client.use_engine("equal-grey")
    return client


def expected(request, voxels=None):
    voxels = phantom() if voxels is None else voxels
    return Segmenter(make_engine("equal-grey"), voxels, VOLUME).answer(request).candidates


def assert_same(answer, request, voxels=None):
    wanted = expected(request, voxels)
    assert answer.number == request.number
    for index in range(len(wanted)):
        np.testing.assert_array_equal(answer.candidates.mask(index), wanted.mask(index))
    np.testing.assert_array_equal(answer.candidates.scores, wanted.scores)
    np.testing.assert_array_equal(answer.candidates.low_res, wanted.low_res)


def kill(client):
    os.kill(client.connection.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def poll_until(client, kind, number):
    heard = []
    deadline_s = time.monotonic() + 60.0
    while time.monotonic() < deadline_s:
        heard += client.poll()
        if any(isinstance(message, kind) and message.number == number for message in heard):
            return heard
    raise AssertionError(f"no {kind.__name__} {number} among {heard}")


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<i4", "<f4", "f8"])
def test_answers_are_those_of_the_engine_in_this_process(client, dtype):
    voxels = phantom().clip(0, 255).astype(dtype)
    client.open_scan(voxels, VOLUME)
    client.use_engine("equal-grey")
    for number, plane in enumerate((AXIAL, OBLIQUE, AXIAL)):
        assert_same(client.answer(look(number, plane)), look(number, plane), voxels)


def test_voxels_of_another_shape_are_refused(client):
    with pytest.raises(GeometryError, match="the volume's shape"):
        client.open_scan(phantom().T, VOLUME)


def test_another_scan_takes_the_place_of_the_first(ready, tmp_path):
    ready.answer(look(1))
    other = phantom()[::-1]
    ready.open_scan(other, VOLUME)
    assert_same(ready.answer(look(2)), look(2), other)
    gc.collect()
    assert len(list(tmp_path.glob("gazesam-*/*.raw"))) == 1


def test_the_digest_comes_by_itself(ready):
    ready.open_scan(phantom(), VOLUME)
    deadline_s = time.monotonic() + 60.0
    while ready.connection.link.scan_digest is None and time.monotonic() < deadline_s:
        ready.poll()
    assert ready.connection.link.scan_digest == scan_digest(phantom(), VOLUME)


def test_progress_is_reported(tmp_path):
    reported = []
    with WorkerClient(
        COMMAND, scan_parent=tmp_path, on_progress=lambda *said: reported.append(said)
    ) as client:
        client.use_engine("equal-grey")
    assert ("loading the engine equal-grey", 0, 1) in reported


def test_requests_are_answered_without_waiting(ready):
    ready.request(EmbedRequest(1, OBLIQUE, 256.0, 100.0))
    ready.request(look(5, OBLIQUE))
    heard = poll_until(ready, SegmentAnswer, 5)
    (answer,) = (message for message in heard if isinstance(message, SegmentAnswer))
    assert_same(answer, look(5, OBLIQUE))
    if not any(isinstance(message, Embedded) for message in heard):
        poll_until(ready, Embedded, 1)


def test_of_a_flood_of_requests_the_newest_is_answered_soon(ready):
    for number in range(1000):
        ready.request(look(number))
    started_s = time.monotonic()
    assert_same(ready.answer(look(1000)), look(1000))
    assert time.monotonic() - started_s < 10.0
    heard = ready.poll()
    answered = {message.number for message in heard if isinstance(message, SegmentAnswer)}
    outdated = {n for message in heard if isinstance(message, Outdated) for n in message.requests}
    assert answered | outdated == set(range(1000))
    assert len(answered) < 500


def test_after_cancel_nothing_is_pending(ready):
    ready.request(look(1))
    ready.request(Cancel())
    assert_same(ready.answer(look(2)), look(2))


def test_an_error_of_the_engine_is_raised_here(ready):
    with pytest.raises(EngineError, match="does not cross the scan"):
        ready.answer(look(1, type(AXIAL)((0, 0, 900.0), (-1, 0, 0), (0, -1, 0))))
    with pytest.raises(EngineError, match="there is no engine 'sam9'"):
        ready.use_engine("sam9")
    ready.use_engine("equal-grey", raises="KeyError")
    with pytest.raises(EngineError, match="unexpectedly: KeyError"):
        ready.answer(look(2))
    assert ready.connection.restarts == 0


def test_a_worker_killed_while_idle_is_replaced(ready):
    ready.answer(look(1))
    for number in range(2, 2 * ENDS_IN_A_ROW):
        kill(ready)
        assert_same(ready.answer(look(number)), look(number))
    assert ready.connection.restarts == 2 * ENDS_IN_A_ROW - 2


def test_a_worker_that_dies_of_a_request_is_replaced_and_asked_again(client, tmp_path):
    client.open_scan(phantom(), VOLUME)
    client.use_engine("equal-grey", dies=str(tmp_path / "died"))
    assert_same(client.answer(look(1)), look(1))
    assert client.connection.restarts == 1


def test_a_ping_survives_a_kill(client):
    client.ping()
    kill(client)
    assert client.ping(b"still there?") == b"still there?"


def test_a_request_that_kills_every_worker_is_given_up(ready):
    ready.use_engine("equal-grey", dies="always")
    with pytest.raises(WorkerError, match=r"5 times in a row .*signal SIGABRT"):
        ready.answer(look(1))
    ready.use_engine("equal-grey")
    assert_same(ready.answer(look(2)), look(2))


@posix
def test_a_worker_that_hangs_is_ended_when_its_time_is_over(ready):
    pid = ready.connection.pid
    os.kill(pid, signal.SIGSTOP)
    # More than a pipe holds: sending must not wait for a worker that does not read.
    ready.request(look(1, previous=np.zeros((2000, 2000), dtype=np.float32)))
    with pytest.raises(WorkerError, match=r"did not answer within 0.2 s .*SIGKILL"):
        ready.answer(look(2), timeout_s=0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert_same(ready.answer(look(3)), look(3))


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["/nowhere/python"], r"cannot be started: /nowhere/python: No such file"),
        ([__file__], r"cannot be started: .*test_client.py: (Permission denied|Exec format)"),
        ([sys.executable, "-c", "import numpie"], r"does not start \(exit code 1: .*'numpie'"),
        ([sys.executable, "-c", ""], r"does not start \(exit code 0\)"),
        ([sys.executable, "-c", "print('>>>')"], r"does not start \(a frame must begin .*>>>"),
        ([sys.executable, "-c", "print('GS', end='')"], r"does not start"),
    ],
    ids=["missing", "no program", "raises", "ends", "talks", "half a frame"],
)
def test_a_command_that_is_no_worker_is_said(tmp_path, command, sentence):
    with (
        pytest.raises(WorkerError, match=sentence),
        WorkerClient(command, scan_parent=tmp_path) as client,
    ):
        client.open_scan(phantom(), VOLUME)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing_behind(client, tmp_path):
    small = VolumeGeometry((2, 48, 64), VOLUME.local_ras_from_ijk)
    with limited_file_size(phantom().nbytes // 2):
        with pytest.raises(EngineError, match="free some space"):
            client.open_scan(phantom(), VOLUME)
        assert list(tmp_path.glob("gazesam-*/*.raw")) == []
        client.open_scan(phantom()[:2], small)


# A host that opens a scan, tells its worker's process id, and asks on and on.
HOST = """
import sys
from pathlib import Path
from GazeSAMLib.engines.client import WorkerClient
from Testing.full_disk import limited_file_size
from Testing.phantom import VOLUME, look, phantom
from Testing.worker_of_test_engines import COMMAND
with WorkerClient(COMMAND, scan_parent=Path(sys.argv[1])) as client:
    client.open_scan(phantom(), VOLUME)
    client.use_engine("equal-grey", **eval(sys.argv[2]))
    client.request(look(1))
    print(client.connection.pid, flush=True)
    while True:
        client.answer(look(1))
"""


def state_of(pid):
    """The letter that stands for what a process does; Z, as for a dead one, if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def is_running(pid):
    """Whether a process is there and has not ended (a dead child of nobody stays a zombie)."""
    return state_of(pid) != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
@pytest.mark.parametrize("options", [{}, {"spins": True}], ids=["answering", "in an engine"])
def test_a_host_that_is_killed_leaves_neither_worker_nor_scan(tmp_path, options):
    root = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path), str(options)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as host:
        worker = int(host.stdout.readline())
        assert list(tmp_path.glob("gazesam-*/*.raw"))
        host.kill()
    deadline_s = time.monotonic() + 20.0
    while is_running(worker) and time.monotonic() < deadline_s:
        pass
    assert not is_running(worker)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_where_host_and_worker_are_killed_the_next_host_removes_the_scan(tmp_path):
    root = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path), "{}"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as host:
        worker = int(host.stdout.readline())
        os.kill(worker, signal.SIGSTOP)  # it cannot tidy up
        deadline_s = time.monotonic() + 20.0
        while state_of(worker) != "T" and time.monotonic() < deadline_s:
            pass  # on a busy machine it goes on for a moment
        host.kill()
    os.kill(worker, signal.SIGKILL)
    assert list(tmp_path.iterdir()) != []
    with WorkerClient(COMMAND, scan_parent=tmp_path):
        assert list(tmp_path.iterdir()) == []
