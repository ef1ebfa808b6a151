"""A Pupil Capture of our own, on loopback: Network API and Surface Tracker.

To try it out: ``python -m Testing.devices.pupil_server RECORDING [PORT [FAULT ...]]``.
"""

import sys
import time
from types import TracebackType
from typing import Any, Self

import msgpack
import zmq

from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.simulation.faults import Fault
from Testing.devices.faults import sent

SURFACE = "display"


class PupilServer:
    """Answers for its port and publishes what it is told to; no thread of its own."""

    def __init__(self, port: int = 0) -> None:
        self._context = zmq.Context()
        self._remote = self._context.socket(zmq.REP)
        self.port = self._remote.bind_to_random_port("tcp://127.0.0.1") if port == 0 else port
        if port:
            self._remote.bind(f"tcp://127.0.0.1:{port}")
        self._publish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.destroy(linger=0)

    def poll(self, wait_s: float = 0.0) -> bool:
        """Answer what was asked; tells whether someone wants gaze."""
        if self._remote.poll(1e3 * wait_s):
            asked = self._remote.recv()
            self._remote.send(str(self._gaze_port).encode() if asked == b"SUB_PORT" else b"?")
        if self._gaze.poll(0):
            self.wanted = self._gaze.recv() == b"\x01surfaces."
        return self.wanted

    def send(self, sample: GazeSample) -> None:
        self.send_message(surface_message([gaze_of(sample)]))

    def send_message(self, message: object, topic: bytes = b"surfaces.display") -> None:
        self.send_bytes(msgpack.packb(message), topic)

    def send_bytes(self, payload: bytes, topic: bytes = b"surfaces.display") -> None:
        self._gaze.send_multipart([topic, payload])

    def disconnect(self) -> None:
        """Close the port of gaze and open another, as a new start does."""
        self._gaze.close(linger=0)
        self._publish()

    def _publish(self) -> None:
        self.wanted = False
        self._gaze = self._context.socket(zmq.XPUB)
        self._gaze_port = self._gaze.bind_to_random_port("tcp://127.0.0.1")


def surface_message(gazes: list[dict[str, Any]], name: str = SURFACE) -> dict[str, Any]:
    """What Surface Tracker publishes for one frame of its scene camera."""
    return {
        "topic": f"surfaces.{name}",
        "name": name,
        "surf_to_img_trans": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        "gaze_on_surfaces": gazes,
        "fixations_on_surfaces": [],
        "timestamp": gazes[-1]["timestamp"] if gazes else 0.0,
    }


def gaze_of(sample: GazeSample) -> dict[str, Any]:
    """One gaze point: both eyes together, or the one that was found."""
    device_ns = sample.t_ns if sample.device_t_ns is None else sample.device_t_ns
    found = {"1": _seen(sample.left), "0": _seen(sample.right)}  # eye 0 is the right one
    eyes = [eye for eye in found.values() if eye is not None]
    which = "01" if len(eyes) != 1 else next(name for name, eye in found.items() if eye is not None)
    x, y = (
        (0.5 * eyes[0].point_display.x + 0.5 * eyes[-1].point_display.x),
        (0.5 * eyes[0].point_display.y + 0.5 * eyes[-1].point_display.y),
    ) if eyes else (0.5, 0.5)  # fmt: skip
    topic = f"gaze.3d.{which}."
    return {
        "topic": f"{topic}_on_surface",
        "norm_pos": [x, 1.0 - y],
        "confidence": 0.97 if eyes else 0.0,
        "on_surf": 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0,
        "base_data": [topic, device_ns / 1e9],
        "timestamp": device_ns / 1e9,
    }


def _seen(eye: EyeSample | None) -> EyeSample | None:
    return eye if eye is not None and eye.valid else None


def main(folder: str, port: int = 50020, *faults: str) -> None:
    """Play a recording over and over, at its pace, to whoever subscribes."""
    samples = sent(read_recording(folder).samples, *map(Fault, faults))
    with PupilServer(port) as server:
        while True:
            begun_s, first_ns = time.monotonic(), samples[0].t_ns
            for sample in samples:
                due_s = begun_s + (sample.t_ns - first_ns) / 1e9
                time.sleep(max(0.0, due_s - time.monotonic()))
                server.poll()
                server.send(sample)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]), *sys.argv[3:])
