"""Segment Anything, vit_b with random weights, beside SamPredictor called directly."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from GazeSAMLib.engines.sam.engine import SamEngine
from GazeSAMLib.engines.sam.runtime import import_segment_anything
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import PromptSet

DECODES = 40


def sam_ms() -> dict[str, float]:
    """Return times of embedding and decoding a 512 x 512 slice, and their ratios to Meta's."""
    segment_anything = import_segment_anything()
    import torch

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vit_b.pth"
        torch.save(segment_anything.sam_model_registry["vit_b"]().state_dict(), path)
        engine = SamEngine(path)
    predictor = segment_anything.SamPredictor(engine.architecture.build().to(engine.device))
    image = np.random.default_rng(0).integers(0, 255, (512, 512), dtype=np.uint8)
    colour = np.stack((image,) * 3, axis=-1)
    # In turns, so that a busy machine slows both alike.
    engine.embed(image[:64, :64])  # the first run pays for setting up, and is nobody's time
    embeds = np.array(
        [(_seconds(lambda: engine.embed(image)), _seconds(lambda: predictor.set_image(colour)))
         for _ in range(2)]
    )  # fmt: skip
    embedding = engine.embed(image)
    prompts = PromptSet.at(ImagePoint(200.0, 220.0))
    points, labels = prompts.points_image_uv.copy(), prompts.labels.copy()
    decodes = np.array(
        [(_seconds(lambda: engine.decode(embedding, prompts)),
          _seconds(lambda: predictor.predict(points, labels, return_logits=True)))
         for _ in range(DECODES)]
    )  # fmt: skip
    ours_s, theirs_s = embeds.min(axis=0)
    return {
        "sam_vit_b_embed_s": ours_s,
        "sam_vit_b_embed_ratio": ours_s / theirs_s,
        "sam_decode_ms_p95": 1e3 * float(np.percentile(decodes[:, 0], 95)),
        "sam_decode_ratio": float(np.median(decodes[:, 0] / decodes[:, 1])),
    }


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
