"""A session on a live device whose time passes only while samples do."""

import select
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.gaze.source import GazeSource
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, Reaction
from Testing.recorded_scan import DISPLAY

NEVER_COMES_S = 0.05
WIRE_DECIMALS = 5


class Clock:
    """Stands still until it is set."""

    def __init__(self, now_ns: int = 0) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns


class Server(Protocol):
    """A simulated device."""

    def poll(self, wait_s: float = 0.0) -> bool: ...
    def send(self, sample: GazeSample) -> None: ...
    def disconnect(self) -> None: ...


class SessionOnDevice:
    """Samples go through the device, events to the session; afterwards there are labels."""

    def __init__(self, scan_path: Path) -> None:
        scan = read_scan(scan_path)
        self.labelmap = Labelmap(scan.volume.shape_kji)
        self.sample_count = 0
        self._session = GazeSession(scan.volume, DISPLAY, self.labelmap)
        self._segmenter = Segmenter(make_engine("region"), scan.voxels_kji, scan.volume)

    def take(self, item: GazeSample | Event) -> None:
        if isinstance(item, Event):
            self._react(self._session.handle(item))
        else:
            self.sample_count += 1
            self._react(self._session.add_sample(item))

    @property
    def labels(self) -> np.ndarray:
        return self.labelmap.labels_kji

    def _react(self, reaction: Reaction) -> None:
        if reaction.request is not None:
            self._session.receive(self._segmenter.answer(reaction.request))


def as_the_wire_carries(sample: GazeSample) -> GazeSample:
    """The sample with as many decimals as trackers send, and the device's time as its own."""
    left, right = (
        replace(
            eye, point_display=DisplayPoint(*(round(v, WIRE_DECIMALS) for v in eye.point_display))
        )
        for eye in (sample.left, sample.right)
        if isinstance(eye, EyeSample)
    )
    return replace(sample, left=left, right=right, device_t_ns=sample.t_ns)


def load(recording: Path) -> tuple[list[GazeSample], Sequence[Event]]:
    """Samples as trackers send them, and events."""
    read = read_recording(recording)
    return [as_the_wire_carries(sample) for sample in read.samples], read.events


def in_order(samples: Iterable[GazeSample], events: Sequence[Event]) -> list[GazeSample | Event]:
    """Both in the order in which they happen; samples stay in the order in which they are sent."""
    merged: list[GazeSample | Event] = []
    waiting = list(events)
    for sample in samples:
        while waiting and waiting[0].t_ns <= sample.t_ns:
            merged.append(waiting.pop(0))
        merged.append(sample)
    return merged + waiting


def drive(
    session: SessionOnDevice,
    items: Iterable[GazeSample | Event],
    server: Server,
    source: GazeSource,
    clock: Clock,
    expected: Callable[[GazeSample], bool] = lambda _: True,
) -> None:
    """Send each sample and read it back before the next; one that is not expected may not come."""
    for item in items:
        if isinstance(item, Event):
            session.take(item)
            continue
        clock.now_ns = max(clock.now_ns, item.t_ns)
        server.send(item)
        for sample in _read(source, expected(item)):
            session.take(sample)


def _read(source: GazeSource, expected: bool) -> list[GazeSample]:
    for _ in range(2000 if expected else 1):
        samples = source.read()
        if samples:
            return samples
        select.select([], [], [], NEVER_COMES_S / 100)
    assert not expected, "a sample was sent and never came"
    return []
