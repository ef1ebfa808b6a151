"""What a look costs the engine `compact`, and what its process needs of memory."""

import time
from collections.abc import Callable
from pathlib import Path
from unittest import SkipTest

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.compact.engine import CompactEngine
from GazeSAMLib.engines.segmenter import SegmentRequest
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet
from Testing.bench.ct_slice import ct_slice

SIDES_PX = (512, 1024)
SIGMA_SHARE = (0.0, 0.016)
"""A click, and a look that may be half a degree beside the structure, of the slice's side."""

SLICES = 24  # more than a worker keeps embedded


def compact_ms(*, long: bool = False) -> dict[str, float]:
    """Return 95th percentiles of embedding a slice, and of decoding and ranking one look, ms.

    A real CT slice at 512 x 512 and 1024 x 1024. Looks are spread over the body; every other one
    is uncertain, and after each follows a point that corrects it. Embedding is that of the
    larger slice.
    """
    engine = CompactEngine()
    count = 200 if long else 40
    numbers: dict[str, float] = {}
    for side_px in SIDES_PX:
        pixels = ct_slice(side_px)
        embeds = [_took_ms(lambda image=pixels: engine.embed(image)) for _ in range(count // 2)]
        costs = _decode_costs_ms(engine, pixels, count)
        numbers[f"compact_decode_ms_p50_{side_px}"] = float(np.percentile(costs, 50))
        numbers[f"compact_decode_ms_p95_{side_px}"] = float(np.percentile(costs, 95))
        numbers["compact_embed_ms_p95"] = float(np.percentile(embeds, 95))
    return numbers


def compact_worker() -> dict[str, float]:
    """Return the largest memory of a worker process that answers looks on many slices, MB.

    The slices are 1024 x 1024, the largest that there are. The scan itself is a mapped file
    and counts with the pages that were touched.
    """
    voxels = np.repeat(ct_slice(1024)[None].astype(np.int16), SLICES, axis=0)
    volume = VolumeGeometry(voxels.shape, np.diag((0.4, 0.4, 3.0, 1.0)))
    with WorkerClient() as client:
        client.use_engine("compact")
        client.open_scan(voxels, volume, digest_wanted=False)
        for layer in range(SLICES):
            plane = SlicePlane((0.0, 0.0, 3.0 * layer), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
            prompts = PromptSet([(500.0, 500.0)], [ADD], sigma_px=10.0)
            client.answer(SegmentRequest(layer + 1, plane, 256.0, 128.0, prompts))
        return {"compact_worker_peak_mb": peak_mb(client.connection.pid)}


def _decode_costs_ms(
    engine: CompactEngine, pixels: npt.NDArray[np.uint8], count: int
) -> list[float]:
    embedding = engine.embed(pixels)
    rng = np.random.default_rng(0)
    rows, columns = np.nonzero(pixels)
    chosen = rng.choice(len(rows), count // 2)
    costs: list[float] = []
    for number, at in enumerate(chosen.tolist()):
        sigma_px = SIGMA_SHARE[number % 2] * len(pixels)
        look = PromptSet.at(ImagePoint(float(columns[at]), float(rows[at])), sigma_px)
        first = rank(engine.decode(embedding, look), look)
        aside = ImagePoint(float(columns[at]) + 20.0, float(rows[at]))
        corrected = look.refining(first.low_res[0]).with_point(aside, NOT_THIS)
        costs += [
            _took_ms(lambda asked=prompts: rank(engine.decode(embedding, asked), asked))
            for prompts in (look, corrected)
        ]
    return costs


def _took_ms(work: Callable[[], object]) -> float:
    start_ns = time.perf_counter_ns()
    work()
    return 1e-6 * (time.perf_counter_ns() - start_ns)


def peak_mb(pid: int | None) -> float:
    """Return the largest memory that a process has needed so far, MB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except FileNotFoundError as error:
        raise SkipTest("the peak of another process's memory is read from /proc") from error
    return next(float(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM:"))
