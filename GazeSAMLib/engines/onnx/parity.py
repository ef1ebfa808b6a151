"""Whether an exported model says what PyTorch says: embedding, masks, scores."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.onnx.engine import OnnxEmbedding, OnnxEngine
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything
from GazeSAMLib.errors import EngineError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet

IMAGE_SHAPE = (420, 512)

LARGEST_EMBEDDING_ERROR = {"fp32": 1e-3, "int8": 0.1}
"""Root mean square of the difference, of that of the embedding itself."""

LARGEST_DECODER_ERROR = 1e-3
"""Of low-resolution logits, likewise, both decoders being given the same embedding."""

LARGEST_SCORE_ERROR = 1e-3

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an exported model is from PyTorch's.

    Attributes
    ----------
    embedding_error : float
        Root mean square of the difference, of that of the embedding itself.
    decoder_error : float
        The largest such value of all prompts' low-resolution logits, from the same embedding.
    score_error : float
        The largest difference of an expected IoU, from the same embedding.
    mask_iou : float
        The least overlap of a mask at the image's size, each side with its own embedding.
    """

    embedding_error: float
    decoder_error: float
    score_error: float
    mask_iou: float

    def check(self, precision: str) -> None:
        """Raise `EngineError` unless the differences are those of rounding."""
        bounds = (
            ("embedding", self.embedding_error, LARGEST_EMBEDDING_ERROR[precision]),
            ("decoder's masks", self.decoder_error, LARGEST_DECODER_ERROR),
            ("expected IoU", self.score_error, LARGEST_SCORE_ERROR),
        )
        for what, found, bound in bounds:
            if not found <= bound:  # which also refuses what is not a number
                raise EngineError(
                    f"the exported model differs from PyTorch's: its {what} by {found:.2g}, more "
                    f"than {bound:g} in {precision}; nothing was kept"
                )


def measured_parity(folder: Path, model: Any) -> Parity:  # noqa: ANN401 - a torch module
    """Compare the exported model in `folder` with `model` through Meta's own predictor."""
    engine = OnnxEngine(folder, device="cpu")
    predictor = import_segment_anything().SamPredictor(model)
    pixels = _pattern()
    predictor.set_image(np.repeat(pixels[:, :, None], 3, axis=2))
    theirs = predictor.features.numpy()
    ours = engine.embed(pixels)
    same = OnnxEmbedding(np.ascontiguousarray(theirs), IMAGE_SHAPE)
    decoder_error, score_error, iou = 0.0, 0.0, 1.0
    for prompts in _prompts(engine.model.mask_px):
        logits, scores, low_res = _predicted(predictor, prompts)
        candidates = engine.decode(same, prompts)
        assert candidates.low_res is not None
        decoder_error = max(decoder_error, _relative(candidates.low_res, low_res))
        score_error = max(
            score_error, float(np.abs(candidates.scores - scores.clip(0.0, 1.0)).max())
        )
        iou = min(iou, _least_iou(engine.decode(ours, prompts).logits, logits))
    return Parity(_relative(ours.features, theirs), decoder_error, score_error, iou)


def _predicted(
    predictor: Any,  # noqa: ANN401 - SamPredictor
    prompts: PromptSet,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    has_points = len(prompts.labels) > 0
    logits, scores, low_res = predictor.predict(
        point_coords=prompts.points_image_uv.copy() if has_points else None,
        point_labels=prompts.labels.copy() if has_points else None,
        box=prompts.box_image_uv,
        mask_input=None if prompts.previous is None else prompts.previous[None].copy(),
        return_logits=True,
    )
    return logits, scores, low_res


def _relative(ours: FloatArray, theirs: FloatArray) -> float:
    difference = np.sqrt(np.mean(np.square(ours - theirs, dtype=np.float64)))
    return float(difference / max(np.sqrt(np.mean(np.square(theirs, dtype=np.float64))), 1e-12))


def _least_iou(ours: npt.NDArray[Any], theirs: FloatArray) -> float:
    both = np.logical_and(ours > 0, theirs > 0).sum(axis=(1, 2))
    either = np.logical_or(ours > 0, theirs > 0).sum(axis=(1, 2))
    return float(((both + 1e-9) / (either + 1e-9)).min())


def _pattern() -> npt.NDArray[np.uint8]:
    """Return a slice image with edges, slopes, texture and noise."""
    rows, columns = np.mgrid[: IMAGE_SHAPE[0], : IMAGE_SHAPE[1]]
    image = 60.0 + 0.2 * columns + 20.0 * np.sin(rows / 9.0) * np.cos(columns / 13.0)
    image[np.hypot(rows - 200, 1.3 * (columns - 240)) < 120] += 70.0
    image[np.hypot(rows - 150, columns - 300) < 30] = 20.0
    noise = np.random.default_rng(0).normal(0.0, 6.0, IMAGE_SHAPE)
    pixels: npt.NDArray[np.uint8] = (image + noise).clip(0.0, 255.0).astype(np.uint8)
    return pixels


def _prompts(mask_px: int) -> Iterator[PromptSet]:
    """Yield prompts of all kinds, with several numbers of points."""
    look = PromptSet.at(ImagePoint(240.0, 200.0))
    box = np.array((130.0, 80.0, 350.0, 330.0))
    rows, columns = np.mgrid[:mask_px, :mask_px] / mask_px - 0.45
    previous = (8.0 - 40.0 * np.hypot(rows, columns)).astype(np.float32)
    yield look
    yield look.with_point(ImagePoint(300.0, 150.0), NOT_THIS)
    many = look
    for number in range(7):
        many = many.with_point(ImagePoint(60.0 * number, 400.0 - 50.0 * number), number % 2)
    yield many
    yield PromptSet(np.empty((0, 2)), np.empty(0, dtype=np.int64), box_image_uv=box)
    yield PromptSet(look.points_image_uv, look.labels, box_image_uv=box)
    yield look.with_point(ImagePoint(511.0, 0.0), ADD).refining(previous)
