"""A Gazepoint Control of our own, on loopback.

To try it out: ``python -m Testing.devices.opengaze_server RECORDING [PORT [FAULT ...]]``.
"""

import math
import re
import select
import socket
import sys
import time
from types import TracebackType
from typing import Self

from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.simulation.faults import Fault
from Testing.devices.faults import sent

COMMAND = re.compile(r'<(SET|GET) ID="(\w+)"(?: STATE="(\d)")? />')
ANSWERS = {
    "PRODUCT_ID": 'VALUE="GP3HD" BUS="USB3" RATE="150"',
    "SERIAL_ID": 'VALUE="1234567"',
}


class OpenGazeServer:
    """Answers commands and sends what it is told to; one client, no thread."""

    def __init__(self, port: int = 0) -> None:
        self.enabled: set[str] = set()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._client: socket.socket | None = None
        self._rest = ""
        self._count = 0

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.disconnect()
        self._listener.close()

    def poll(self, wait_s: float = 0.0) -> bool:
        """Accept, and answer what was asked; tells whether a client wants data."""
        if self._client is None:
            if not select.select([self._listener], [], [], wait_s)[0]:
                return False
            self._client, _ = self._listener.accept()
            self._rest, self.enabled = "", set()
        while "DATA" not in self.enabled and select.select([self._client], [], [], wait_s)[0]:
            data = self._client.recv(4096)
            if not data:
                self.disconnect()
                return False
            *lines, self._rest = (self._rest + data.decode("ascii")).split("\r\n")
            for line in lines:
                self._answer(line)
        return "DATA" in self.enabled

    def send(self, sample: GazeSample) -> None:
        self.send_bytes(self.record(sample))

    def send_bytes(self, data: bytes) -> None:
        assert self._client is not None
        self._client.sendall(data)

    def disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
            self.enabled = set()

    def record(self, sample: GazeSample) -> bytes:
        """A record as Gazepoint Control writes it: five decimals, zeros for a lost eye."""
        self._count += 1
        device_ns = sample.t_ns if sample.device_t_ns is None else sample.device_t_ns
        parts = [f'CNT="{self._count}"', f'TIME="{device_ns / 1e9:.5f}"']
        for name, eye in (("L", sample.left), ("R", sample.right)):
            parts += _eye(name, eye) if eye is not None else []
        return f"<REC {' '.join(parts)} />\r\n".encode()

    def _answer(self, line: str) -> None:
        command = COMMAND.fullmatch(line)
        if command is None:
            self.send_bytes(b'<NACK ID="UNKNOWN" />\r\n')
            return
        what, name, state = command.groups()
        if what == "GET":
            self.send_bytes(f'<ACK ID="{name}" {ANSWERS[name]} />\r\n'.encode())
            return
        if name.startswith("ENABLE_SEND_"):
            self.enabled.add(name.removeprefix("ENABLE_SEND_"))
        self.send_bytes(f'<ACK ID="{name}" STATE="{state}" />\r\n'.encode())


def _eye(name: str, eye: EyeSample) -> list[str]:
    x, y = ("nan" if eye.valid and math.isnan(v) else f"{v:.5f}" for v in _or_zero(eye))
    pupil_mm = eye.pupil_mm or 0.0
    return [
        f'{name}POGX="{x}" {name}POGY="{y}" {name}POGV="{int(eye.valid)}"',
        f'{name}PMM="{pupil_mm:.5f}" {name}PMMV="{int(pupil_mm > 0.0)}"',
    ]


def _or_zero(eye: EyeSample) -> tuple[float, float]:
    x, y = eye.point_display
    return (x, y) if eye.valid else (0.0, 0.0)


def main(folder: str, port: int = 4242, *faults: str) -> None:
    """Play a recording over and over, at its pace, to whoever connects."""
    samples = sent(read_recording(folder).samples, *map(Fault, faults))
    with OpenGazeServer(port) as server:
        while True:
            begun_s, first_ns = time.monotonic(), samples[0].t_ns
            for sample in samples:
                due_s = begun_s + (sample.t_ns - first_ns) / 1e9
                time.sleep(max(0.0, due_s - time.monotonic()))
                try:
                    if server.poll():
                        server.send(sample)
                except ConnectionError:
                    server.disconnect()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]), *sys.argv[3:])
