"""The trackers on the desk, as the file named by ``TOBII_STANDIN`` has them.

::

    {"recording": "folder", "trackers": ["TPSP1-1"], "faults": ["nan"], "rates": [60, 120, 250],
     "unplugged_s": [1.0, 3.0], "licence": true, "lead_s": 1.0,
     "repeat": 1, "says": [["error", "STREAM_ERROR_INTERNAL_ERROR"], ["overflow", ""]]}

`says` is what the tracker tells beside gaze, before its first sample. Times count from
the first subscription to gaze; the recording begins `lead_s` after it.
"""

import json
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.simulation.faults import Fault, deliveries


class World:
    def __init__(self):
        path = os.environ.get("TOBII_STANDIN")
        self.script = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        self.serials = self.script.get("trackers", [])
        self.licence = self.script.get("licence", True)
        self.deliveries, self.header = [], None
        if "recording" in self.script:
            recording = read_recording(self.script["recording"])
            faults = [Fault(name) for name in self.script.get("faults", [])]
            self.deliveries = deliveries(recording.samples, faults)
            self.header = recording.header
        self.rates = tuple(float(rate) for rate in self.script.get("rates", [60, 120, 250]))
        self.rate = self.header.tracker.rate_hz if self.header else self.rates[0]
        self.lock = threading.Lock()
        self._begun_us = None
        self.calibration = b""

    def apply(self, calibration):
        """Take a calibration, and note that in the script's log."""
        self.calibration = calibration
        log = self.script.get("calibration", {}).get("log")
        if log:
            with Path(log).open("ab") as file:
                file.write(b"apply " + calibration + b"\n")

    def note_overflow(self, count):
        """Note gaze that the SDK's own buffer could not hold, in the script's file for that."""
        if "overflow_log" in self.script:
            with Path(self.script["overflow_log"]).open("a") as file:
                file.write(count * "x")

    def begun_us(self):
        """When the recording begins, by the first subscription to gaze."""
        with self.lock:
            if self._begun_us is None:
                self._begun_us = system_us()
            return self._begun_us + round(1e6 * self.script.get("lead_s", 0.0))

    def repeated(self):
        """What is sent, the recording as often as the script says."""
        if not self.deliveries:
            return
        last_ns, sample_ns = self.deliveries[-1].due_ns, round(1e9 / self.rate)
        for round_number in range(self.script.get("repeat", 1)):
            later_ns = round_number * (last_ns + sample_ns)
            for delivery in self.deliveries:
                sample = replace(delivery.sample, t_ns=delivery.sample.t_ns + later_ns)
                yield replace(delivery, due_ns=delivery.due_ns + later_ns, sample=sample)

    def plugged(self):
        from_s, to_s = self.script.get("unplugged_s", (0.0, 0.0))
        with self.lock:
            since_s = 0.0 if self._begun_us is None else (system_us() - self._begun_us) / 1e6
        return not from_s <= since_s < to_s


def system_us():
    return time.monotonic_ns() // 1000


WORLD = World()
