"""Segment Anything, vit_b with random weights, beside SamPredictor called directly."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from GazeSAMLib.engines.cache_folder import VARIABLE
from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.onnx.engine import OnnxEngine
from GazeSAMLib.engines.sam.engine import SamEngine
from GazeSAMLib.engines.segmenter import SegmentRequest
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry
from Testing.bench.compact import peak_mb
from Testing.bench.ct_slice import ct_slice
from Testing.bench.looks import LOOK, as_colour, in_turns, meta_decode
from Testing.bench.random_models import can_export, checkpoint, exported, meta_predictor

MODEL = "sam_vit_b"
DECODES = 40
SLICES = 3


def sam_ms(*, long: bool = False) -> dict[str, float]:
    """Return times of embedding and decoding a 512 x 512 slice, and how they compare to Meta's.

    ``sam_vit_b_embed_s`` and ``_ratio`` are of the engine as it chooses device and precision
    for itself. ``sam_vit_b_embed_speedup`` is of the fastest way whose masks are Meta's, the
    exported model among them; ``_speedup_default`` of the engine's own choice.
    """
    import_segment_anything()
    pixels, colour = ct_slice(512), as_colour(ct_slice(512))
    with own_cache():
        engine = SamEngine(checkpoint(MODEL))
    predictor = meta_predictor(MODEL)
    ways: dict[str, Callable[[], object]] = {
        "engine": lambda: engine.embed(pixels),
        "meta": lambda: predictor.set_image(colour),
    }
    if can_export():
        onnx = OnnxEngine(exported(MODEL))
        ways["onnx"] = lambda: onnx.embed(pixels)
    embeds = in_turns(ways, 5 if long else 2)
    best = {name: min(took) for name, took in embeds.items()}
    ours_s = min(took for name, took in best.items() if name != "meta")
    embedding = engine.embed(pixels)
    decodes = in_turns(
        {
            "engine": lambda: engine.decode(embedding, LOOK),
            "meta": meta_decode(predictor, LOOK),
        },
        DECODES,
    )
    ratios = np.divide(decodes["engine"], decodes["meta"])
    return {
        "sam_vit_b_embed_s": best["engine"],
        "sam_vit_b_embed_s_meta": best["meta"],
        **({"sam_vit_b_embed_s_onnx": best["onnx"]} if "onnx" in best else {}),
        "sam_vit_b_embed_ratio": best["engine"] / best["meta"],
        "sam_vit_b_embed_speedup": best["meta"] / ours_s,
        "sam_vit_b_embed_speedup_default": best["meta"] / best["engine"],
        "sam_decode_ms_p95": 1e3 * float(np.percentile(decodes["engine"], 95)),
        "sam_decode_ratio": float(np.median(ratios)),
    }


def sam_memory() -> dict[str, float]:
    """Return the largest memory of a worker process that embeds slices with vit_b, MB.

    On PyTorch as it chooses for itself, measuring included; and exported, on onnxruntime.
    """
    import_segment_anything()
    numbers: dict[str, float] = {}
    with own_cache():
        numbers["sam_vit_b_peak_mb"] = _worker_peak_mb("sam", str(checkpoint(MODEL)))
        if can_export():
            numbers["sam_vit_b_onnx_peak_mb"] = _worker_peak_mb("onnx", str(exported(MODEL)))
    return numbers


@contextmanager
def own_cache() -> Iterator[None]:
    """Keep choices that were measured here from those of the user."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before


def _worker_peak_mb(engine: str, weights: str) -> float:
    voxels = np.repeat(ct_slice(512)[None].astype(np.int16), SLICES, axis=0)
    volume = VolumeGeometry(voxels.shape, np.diag((0.8, 0.8, 3.0, 1.0)))
    with WorkerClient() as client:
        client.use_engine(engine, checkpoint=weights)
        client.open_scan(voxels, volume, digest_wanted=False)
        for layer in range(SLICES):
            plane = SlicePlane((0.0, 0.0, 3.0 * layer), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
            client.answer(SegmentRequest(layer + 1, plane, 256.0, 128.0, LOOK), 600.0)
        return peak_mb(client.connection.pid)
