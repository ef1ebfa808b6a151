"""A recording as a live stream: a tracker to try things with."""

import math
import os
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_library import load_lsl
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.hosts.cli.bridge.tobii_bridge import Description, open_outlet
from GazeSAMLib.simulation.faults import Delivery

MANUFACTURER = "GazeSAM"
_IN_FLIGHT_S = 0.2  # what was sent last is lost if the stream ends at once


class StreamPlayer:
    """Sends a recording's samples when they are due, as ``gazesam bridge tobii`` would.

    Parameters
    ----------
    recording : Recording
        Its header describes the stream.
    sent : sequence of Delivery
        What is sent.
    network : bool
        Let other computers receive the stream.
    """

    def __init__(
        self, recording: Recording, sent: Sequence[Delivery], *, network: bool = False
    ) -> None:
        self._lsl: ModuleType = load_lsl(network=network)
        self._network = network
        self._told = describe(recording)
        self._sent = sent
        self._outlet: Any = None
        self._tick = threading.Event()
        self._connect()

    def wait_for_reader(self, timeout_s: float) -> bool:
        """Wait until somebody receives the stream; say whether somebody does."""
        return bool(self._outlet.wait_for_consumers(timeout_s))

    def play(self, stopped: Callable[[], bool]) -> int:
        """Send everything once; return how many samples were sent."""
        begin_s = self._lsl.local_clock()
        count = 0
        for delivery in self._sent:
            while (wait_s := begin_s + delivery.due_ns / 1e9 - self._lsl.local_clock()) > 0.0:
                self._tick.wait(min(wait_s, 0.1))
                if stopped():
                    return count
            if not delivery.connected:
                self._outlet = None
                continue
            if self._outlet is None:
                self._connect()
            stamp_s = begin_s + delivery.sample.t_ns / 1e9
            self._outlet.push_sample(values_of(delivery.sample, stamp_s), stamp_s)
            count += 1
        self._tick.wait(_IN_FLIGHT_S)
        return count

    def close(self) -> None:
        """End the stream."""
        self._outlet = None

    def _connect(self) -> None:
        try:
            self._outlet = open_outlet(self._lsl, self._told, network=self._network)
        except RuntimeError as error:
            raise TrackerError(
                f"no stream can be opened: {error}; liblsl's ports 16572 to 16604 may be taken"
            ) from error


def describe(recording: Recording) -> Description:
    """Return what the stream says of itself."""
    header = recording.header
    return Description(
        MANUFACTURER,
        f"replay of {header.tracker.name}",
        header.tracker.serial or f"replay-{os.getpid()}",
        "",
        header.tracker.rate_hz or 0.0,
        (header.display_width_mm, header.display_height_mm),
        (round(header.display_width_px), round(header.display_height_px)),
    )


def values_of(sample: GazeSample, stamp_s: float) -> list[float]:
    """Return a sample as the stream's channels."""
    device_us = math.nan if sample.device_t_ns is None else sample.device_t_ns / 1e3
    return [*_eye_values(sample.left), *_eye_values(sample.right), device_us, 1e6 * stamp_s]


def _eye_values(eye: EyeSample | None) -> list[float]:
    if eye is None:
        return [math.nan, math.nan, 0.0, math.nan, 0.0, math.nan, math.nan, math.nan]
    x, y = eye.point_display.x, eye.point_display.y
    pupil = (math.nan, 0.0) if eye.pupil_mm is None else (eye.pupil_mm, 1.0)
    return [x, y, float(eye.valid), *pupil, math.nan, math.nan, math.nan]
