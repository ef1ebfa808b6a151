"""A whole CT made ready on a graphics card, and a look decoded there, beside Meta's predictor."""

import time
from unittest import SkipTest

import numpy as np

from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything, import_torch
from Testing.bench.ct_slice import ct_slice
from Testing.bench.looks import LOOK, as_colour, in_turns, seconds
from Testing.bench.random_models import checkpoint, engine_name, meta_predictor
from Testing.bench.sam import own_cache

SLICES, METAS_SLICES = 300, 20
GFLOP = {"sam_vit_b": 972.0, "sam_vit_h": 5961.0, "mobile_sam": 77.5}
"""Of one slice: multiplications and additions of the image encoder."""

MATRIX_SIDE, MATRIX_PRODUCTS = 8192, 30


def gpu_ms(*, long: bool = False) -> dict[str, float]:
    """Return slices per second of a CT of 300, memory, and the time of a look, on the GPU.

    ``gpu_prepare_share_*`` is the share of the chip's rate of bf16 matrix products that the
    same run measures. The speed-up is over Meta's ``SamPredictor.set_image`` in a loop.
    """
    torch = import_torch()
    if not torch.cuda.is_available():
        raise SkipTest("there is no GPU that torch can use")
    import_segment_anything()
    rate = _matrix_tflops()
    numbers = {"gpu_matrix_tflops": rate}
    for model in ("sam_vit_b", "sam_vit_h", "mobile_sam") if long else ("sam_vit_b",):
        short = model.removeprefix("sam_")
        torch.cuda.reset_peak_memory_stats()
        per_s, decode_ms = _prepared(model)
        numbers[f"gpu_prepare_slices_per_s_{short}"] = per_s
        numbers[f"gpu_prepare_share_{short}"] = per_s * GFLOP[model] * 1e-3 / rate
        numbers[f"gpu_prepare_peak_mb_{short}"] = torch.cuda.max_memory_allocated() / 2**20
        if model in ("sam_vit_b", "sam_vit_h"):
            numbers[f"gpu_prepare_speedup_{short}"] = per_s / _metas_slices_per_s(model)
        if model == "sam_vit_b":
            numbers["gpu_decode_ms_p95"] = decode_ms
        torch.cuda.empty_cache()
    return numbers


def _matrix_tflops() -> float:
    torch = import_torch()
    shape = (MATRIX_SIDE, MATRIX_SIDE)
    left, right = (torch.randn(shape, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        left @ right
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(MATRIX_PRODUCTS):
        left @ right
    torch.cuda.synchronize()
    took_s = time.perf_counter() - start
    return 2e-12 * MATRIX_SIDE**3 * MATRIX_PRODUCTS / took_s


def _prepared(model: str) -> tuple[float, float]:
    """Return slices per second, from grey values to packed embeddings, and a look's p95, ms."""
    torch = import_torch()
    with own_cache():
        engine = make_engine(engine_name(model), checkpoint=checkpoint(model), device="cuda")
    noise = np.random.default_rng(0).integers(0, 20, (SLICES, 512, 512), dtype=np.uint8)
    slices = list(ct_slice(512)[None] // 2 + noise)
    size = engine.batch_size
    engine.embed_batch(slices[:size])
    start = time.perf_counter()
    for first in range(0, SLICES, size):
        for embedding in engine.embed_batch(slices[first : first + size]):
            engine.pack(embedding)
    torch.cuda.synchronize()
    per_s = SLICES / (time.perf_counter() - start)
    embedding = engine.embed(slices[0])
    decodes = in_turns({"look": lambda: engine.decode(embedding, LOOK)}, 100)["look"]
    return per_s, 1e3 * float(np.percentile(decodes, 95))


def _metas_slices_per_s(model: str) -> float:
    torch = import_torch()
    predictor, colour = meta_predictor(model, "cuda"), as_colour(ct_slice(512))
    predictor.set_image(colour)
    torch.cuda.synchronize()

    def loop() -> None:
        for _ in range(METAS_SLICES):
            predictor.set_image(colour)
        torch.cuda.synchronize()

    return METAS_SLICES / seconds(loop)
