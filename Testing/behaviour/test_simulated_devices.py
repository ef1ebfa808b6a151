"""Every simulated device drives a session to the segmentation that the recording itself gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.opengaze_source import RETRY_NS, OpenGazeSource
from GazeSAMLib.gaze.pupil_source import PupilSource
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.gaze.source import GazeSource
from GazeSAMLib.simulation.faults import Fault
from Testing.devices.faults import sent
from Testing.devices.lockstep import Clock, Server, SessionOnDevice, drive, in_order, load
from Testing.devices.opengaze_server import OpenGazeServer


@contextmanager
def opengaze(clock: Clock) -> Iterator[tuple[Server, GazeSource]]:
    with OpenGazeServer() as server:
        source = OpenGazeSource(port=server.port, clock_ns=clock)
        source.start()
        _connect(server, source)
        yield server, source
        source.stop()


@contextmanager
def pupil(clock: Clock) -> Iterator[tuple[Server, GazeSource]]:
    pytest.importorskip("zmq", reason="pyzmq is not installed")
    pytest.importorskip("msgpack", reason="msgpack is not installed")
    from Testing.devices.pupil_server import PupilServer

    with PupilServer() as server:
        source = PupilSource(port=server.port, clock_ns=clock)
        source.start()
        _connect(server, source)
        yield server, source
        source.stop()


def _connect(server: Server, source: GazeSource) -> None:
    for _ in range(200):
        source.read()
        if server.poll(0.01):
            return
    pytest.fail(source.trouble)


DEVICES = {"opengaze": opengaze, "pupil": pupil}


def from_recording(scan: Path, samples: list[GazeSample], events) -> np.ndarray:
    session = SessionOnDevice(scan)
    for item in in_order(samples, events):
        session.take(item)
    return session.labels


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2.0 * float((one & other).sum()) / float(one.sum() + other.sum())


def repeats_or_goes_back(samples: list[GazeSample]) -> set[int]:
    """The places of samples that a source has to leave out."""
    places, latest_ns = set(), -(2**63)
    for place, sample in enumerate(samples):
        if 0 <= latest_ns - sample.device_t_ns <= 10**9:
            places.add(place)
        else:
            latest_ns = sample.device_t_ns
    return places


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_gives_the_segmentation_of_the_recording(device, scan, recording) -> None:
    samples, events = load(recording)
    clock, session = Clock(), SessionOnDevice(scan)
    with DEVICES[device](clock) as (server, source):
        drive(session, in_order(samples, events), server, source, clock)
    assert session.sample_count == len(samples)
    reference = from_recording(scan, samples, events)
    assert set(np.unique(reference)) == {0, 1, 2}
    np.testing.assert_array_equal(session.labels, reference)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.DISCONNECT])
@pytest.mark.parametrize("device", DEVICES)
def test_faults_cost_little(device, fault, scan, recording) -> None:
    samples, events = load(recording)
    reference = from_recording(scan, samples, events)
    played = sent(samples, fault)
    left_out = repeats_or_goes_back(played)
    comes = iter([place not in left_out for place in range(len(played))])
    clock, session = Clock(), SessionOnDevice(scan)
    with DEVICES[device](clock) as (server, source):
        items = in_order(played, events)
        drive(session, items, server, source, clock, lambda _: next(comes))
    assert session.sample_count == len(played) - len(left_out)
    for label in (1, 2):
        assert dice(session.labels == label, reference == label) > 0.95


def later(item: GazeSample | Event, by_ns: int) -> GazeSample | Event:
    if isinstance(item, Event):
        return replace(item, t_ns=item.t_ns + by_ns)
    return replace(item, t_ns=item.t_ns + by_ns, device_t_ns=item.device_t_ns + by_ns)


@pytest.mark.parametrize("device", DEVICES)
def test_a_session_goes_on_after_a_broken_connection(device, scan, recording) -> None:
    samples, events = load(recording)
    reference = from_recording(scan, samples, events)
    items = in_order(samples, events)
    accepts = [i for i, one in enumerate(items) if getattr(one, "kind", "") == "accept"]
    middle = accepts[-2] + 5
    clock, session = Clock(), SessionOnDevice(scan)
    with DEVICES[device](clock) as (server, source):
        drive(session, items[:middle], server, source, clock)
        server.disconnect()
        begun_ns = clock.now_ns  # meanwhile the reader waits
        while not source.trouble:
            source.read()
            clock.now_ns += 10_000_000
        clock.now_ns += RETRY_NS
        _connect(server, source)
        waited = [later(item, clock.now_ns - begun_ns) for item in items[middle:]]
        drive(session, waited, server, source, clock)
        assert source.trouble == ""
    assert session.sample_count == len(samples)
    for label in (1, 2):
        assert dice(session.labels == label, reference == label) > 0.95
