"""Every way to run every model on the processor: only with --long, it takes many minutes."""

import statistics
from collections.abc import Callable
from typing import Any
from unittest import SkipTest

from GazeSAMLib.engines.onnx.engine import OnnxEngine
from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything
from Testing.bench.ct_slice import ct_slice
from Testing.bench.looks import LOOK, in_turns
from Testing.bench.random_models import checkpoint, engine_name, exported

MODELS = ("mobile_sam", "sam_vit_b", "sam_vit_l", "sam_vit_h")
EMBEDS, DECODES = 3, 20


def model_table(*, long: bool = False) -> dict[str, float]:
    """Return the best time to embed a slice and the median to decode a look, ms, for each way."""
    if not long:
        raise SkipTest("the table of all models is made with --long")
    import_segment_anything()
    numbers: dict[str, float] = {}
    for model in MODELS:
        for way, make in _ways(model).items():
            embed_ms, decode_ms = _times_ms(make())
            numbers[f"{model}_{way}_embed_ms"] = embed_ms
            numbers[f"{model}_{way}_decode_ms"] = decode_ms
    return numbers


def _ways(model: str) -> dict[str, Callable[[], Any]]:
    def torch_engine(precision: str) -> Any:
        options = {"checkpoint": checkpoint(model), "device": "cpu", "precision": precision}
        return make_engine(engine_name(model), **options)

    return {
        "torch_fp32": lambda: torch_engine("fp32"),
        "torch_bf16": lambda: torch_engine("bf16"),
        "onnx_fp32": lambda: OnnxEngine(exported(model), device="cpu"),
        "onnx_int8": lambda: OnnxEngine(exported(model, "int8"), device="cpu"),
    }


def _times_ms(engine: Any) -> tuple[float, float]:
    pixels = ct_slice(512)
    embeds = in_turns({"embed": lambda: engine.embed(pixels)}, EMBEDS)["embed"]
    embedding = engine.embed(pixels)
    decodes = in_turns({"look": lambda: engine.decode(embedding, LOOK)}, DECODES)["look"]
    return 1e3 * min(embeds), 1e3 * statistics.median(decodes)
