"""What it costs that engines live in a process of their own."""

import os
import signal
import statistics
import time
from collections.abc import Callable

import numpy as np

from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.segmenter import SegmentRequest
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.prompt_set import PromptSet

VOLUME = VolumeGeometry((300, 512, 512), np.diag((0.8, 0.8, 1.5, 1.0)))
DATA = os.urandom(256 * 1024)


def worker_ms(*, long: bool = False) -> dict[str, float]:
    """Return the costs of the worker process, ms.

    ``worker_roundtrip_ms_p95``: 256 KB there and back; the best of several series, because
    on a busy machine a process waits for its turn. The others are medians.
    ``worker_start_ms``: until a new worker answers. ``worker_restart_ms``: from the kill of a
    worker with a scan and an engine until its successor answers a look with a mask.
    ``scan_handover_ms``: 512 x 512 x 300 int16, written and opened.
    """
    repetitions = 15 if long else 5
    voxels = np.zeros(VOLUME.shape_kji, dtype=np.int16)
    voxels[:, 100:400, 100:400] = 100
    with WorkerClient() as client:
        client.ping(DATA)
        series = [_round_trip_p95_ms(client, 100) for _ in range(4 * repetitions)]
        client.use_engine("region")
        handover_ms = _median_ms(
            lambda: client.open_scan(voxels, VOLUME, digest_wanted=False), repetitions
        )
        _answer(client)
        restart_ms = _median_ms(lambda: _answer_after_kill(client), repetitions)
    return {
        "worker_roundtrip_ms_p95": min(series),
        "worker_start_ms": _median_ms(_start_and_end, repetitions),
        "worker_restart_ms": restart_ms,
        "scan_handover_ms": handover_ms,
    }


def _median_ms(work: Callable[[], float | None], repetitions: int) -> float:
    """Return the median of what `work` takes, or says that it took."""
    took_ms = []
    for _ in range(repetitions):
        start_s = time.perf_counter()
        said_ms = work()
        took_ms.append(1e3 * (time.perf_counter() - start_s) if said_ms is None else said_ms)
    return statistics.median(took_ms)


def _round_trip_p95_ms(client: WorkerClient, count: int) -> float:
    took_ms = []
    for _ in range(count):
        start_s = time.perf_counter()
        client.ping(DATA)
        took_ms.append(1e3 * (time.perf_counter() - start_s))
    return float(np.percentile(took_ms, 95))


def _start_and_end() -> float:
    start_s = time.perf_counter()
    with WorkerClient() as client:
        client.ping()
        return 1e3 * (time.perf_counter() - start_s)


def _answer_after_kill(client: WorkerClient) -> None:
    if client.connection.pid is not None:
        os.kill(client.connection.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    _answer(client)


def _answer(client: WorkerClient) -> None:
    plane = SlicePlane((0.0, 0.0, 225.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    prompts = PromptSet([(250.0, 250.0)], [1], sigma_px=3.0)
    client.answer(SegmentRequest(1, plane, 256.0, 100.0, prompts))
