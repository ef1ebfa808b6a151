"""A session fed by a live source, and processes that pretend to be devices."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.gaze.source import GazeSource
from GazeSAMLib.hosts.cli.bridge.player import StreamPlayer
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, replay
from GazeSAMLib.simulation.faults import Fault, deliveries
from Testing.recorded_scan import DISPLAY

ROOT = Path(__file__).resolve().parents[2]
QUIET_S = 4.0  # more than the longest gap that a fault makes


class Desk:
    """A session on the scan, with an engine that answers at once."""

    def __init__(self, scan_path: Path) -> None:
        scan = read_scan(scan_path)
        self.labelmap = Labelmap(scan.volume.shape_kji)
        self.session = GazeSession(scan.volume, DISPLAY, self.labelmap)
        self.segmenter = Segmenter(make_engine("region"), scan.voxels_kji, scan.volume)

    def take(self, reaction) -> None:
        while reaction.request is not None:
            reaction = self.session.receive(self.segmenter.answer(reaction.request))

    def replay(self, recording: Recording) -> np.ndarray:
        for _ in replay(self.session, recording, self.segmenter.answer):
            pass
        return self.labelmap.labels_kji

    def live(
        self, source: GazeSource, recording: Recording, patience_s: float = 30.0
    ) -> np.ndarray:
        """Feed the session from `source`, and the keys of `recording` at their times."""
        events = list(recording.events)
        recorded_ns = {(s.device_t_ns or 0) // 1000: s.t_ns for s in recording.samples}
        last_ns = recording.samples[-1].t_ns
        shift_ns, latest_ns = None, -1
        give_up_s = time.monotonic() + patience_s
        self.samples: list[GazeSample] = []
        heard_s = time.monotonic() + patience_s
        while time.monotonic() < min(give_up_s, heard_s + QUIET_S):
            for sample in source.read():
                heard_s = time.monotonic()
                if shift_ns is None:
                    # By the device's clock: the first samples may have gone before we listened.
                    shift_ns = sample.t_ns - recorded_ns[(sample.device_t_ns or 0) // 1000]
                assert sample.t_ns > latest_ns
                latest_ns = sample.t_ns
                self.samples.append(sample)
                while events and events[0].t_ns + shift_ns <= sample.t_ns:
                    self.press(events.pop(0), shift_ns)
                self.take(self.session.add_sample(sample))
            if shift_ns is not None and latest_ns - shift_ns >= last_ns - 1_000_000:
                break
            time.sleep(0.002)
        for event in events:
            self.press(event, shift_ns or 0)
        return self.labelmap.labels_kji

    def press(self, event, shift_ns: int) -> None:
        self.take(self.session.handle(replace(event, t_ns=event.t_ns + shift_ns)))


def dice(one: np.ndarray, other: np.ndarray, label: int) -> float:
    a, b = one == label, other == label
    return 2.0 * (a & b).sum() / max(a.sum() + b.sum(), 1)


def read_until(
    source: GazeSource, enough: Callable[[list[GazeSample]], bool], patience_s: float = 10.0
) -> list[GazeSample]:
    """Read until there is enough; fail where it does not come."""
    samples: list[GazeSample] = []
    give_up_s = time.monotonic() + patience_s
    while not enough(samples):
        samples += source.read()
        assert time.monotonic() < give_up_s, f"{len(samples)} samples, trouble: {source.trouble!r}"
        time.sleep(0.002)
    return samples


@contextmanager
def playing(recording: Recording, faults: Collection[Fault] = ()) -> Iterator[StreamPlayer]:
    """Play a recording as a stream from a thread, from when somebody receives it."""
    player = StreamPlayer(recording, deliveries(recording.samples, faults))
    stopped = threading.Event()

    def play() -> None:
        while not stopped.is_set() and not player.wait_for_reader(0.1):
            pass
        player.play(stopped.is_set)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield player
    finally:
        stopped.set()
        thread.join()
        player.close()


@contextmanager
def process(arguments: list[str], log: Path, **variables: str) -> Iterator[subprocess.Popen]:
    """Run a program of this checkout; what it says goes to `log`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, *arguments], stdout=output, stderr=output, env=environment, cwd=ROOT
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(10.0)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def wait_for(what: Callable[[], bool], patience_s: float = 10.0) -> None:
    give_up_s = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < give_up_s, "it did not happen in time"
        time.sleep(0.02)
