"""MobileSAM with random weights, exported, on onnxruntime; and its decoder, which is SAM's."""

import statistics

import numpy as np

from GazeSAMLib.engines.onnx.engine import OnnxEngine
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything
from Testing.bench.ct_slice import ct_slice
from Testing.bench.looks import CORRECTED, LOOK, as_colour, in_turns, meta_decode
from Testing.bench.random_models import exported

DECODES = 60


def onnx_ms(*, long: bool = False) -> dict[str, float]:
    """Return times of an exported MobileSAM for a slice of 512 x 512, beside its PyTorch original.

    ``mobile_sam_embed_ms_median`` is the faster of 32 and 8 bits, of which the second draws
    nearly the same masks. Decoding is that of any exported SAM: first looks and looks that
    correct, at the slice's size.
    """
    import_segment_anything()
    pixels = ct_slice(512)
    engines = {name: OnnxEngine(exported("mobile_sam", name)) for name in ("fp32", "int8")}
    predictor = _predictor()
    colour = as_colour(pixels)
    embeds = in_turns(
        {
            "meta": lambda: predictor.set_image(colour),
            **{name: lambda one=one: one.embed(pixels) for name, one in engines.items()},
        },
        20 if long else 5,
    )
    medians = {name: statistics.median(took) for name, took in embeds.items()}
    engine = engines["fp32"]
    embedding = engine.embed(pixels)
    refined = CORRECTED.refining(engine.decode(embedding, LOOK).low_res[0])
    decodes = in_turns(
        {
            "look": lambda: engine.decode(embedding, LOOK),
            "meta": meta_decode(predictor, LOOK),
            "correction": lambda: engine.decode(embedding, refined),
        },
        3 * DECODES if long else DECODES,
    )
    ours = decodes["look"] + decodes["correction"]
    return {
        "mobile_sam_embed_ms_median": 1e3 * min(medians["fp32"], medians["int8"]),
        "mobile_sam_embed_ms_median_fp32": 1e3 * medians["fp32"],
        "mobile_sam_embed_speedup": medians["meta"] / min(medians["fp32"], medians["int8"]),
        "onnx_decode_ms_median": 1e3 * statistics.median(ours),
        "onnx_decode_ms_p95": 1e3 * float(np.percentile(ours, 95)),
        "onnx_decode_speedup": statistics.median(decodes["meta"])
        / statistics.median(decodes["look"]),
    }


def _predictor():
    """Return Meta's predictor on MobileSAM's network in PyTorch, as its authors use it."""
    from GazeSAMLib.engines.mobile_sam.checkpoint import load_mobile_sam
    from Testing.bench.random_models import checkpoint

    network, _ = load_mobile_sam(checkpoint("mobile_sam"))
    return import_segment_anything().SamPredictor(network)
