"""Segment Anything (Kirillov et al. 2023, arXiv:2304.02643) through Meta's own predictor."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.sam.checkpoint import load_sam
from GazeSAMLib.errors import CheckpointError, EngineError, PromptError
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet


@dataclass(frozen=True, eq=False)
class SamEmbedding:
    """The image encoder's output for one slice image.

    Attributes
    ----------
    features : torch.Tensor, shape (1, 256, tokens, tokens)
        On the engine's device.
    image_shape : (int, int)
        Height and width of the slice image.
    input_shape : (int, int)
        Height and width after resizing, before padding to the square input.
    """

    features: Any
    image_shape: tuple[int, int]
    input_shape: tuple[int, int]


class SamEngine:
    """Segment Anything, vit_b, vit_l or vit_h, from a checkpoint file.

    Parameters
    ----------
    checkpoint : Path or None
        The weights' file; there is no default, because nothing is downloaded unasked.
    device : str or None
        A torch device such as ``cpu`` or ``cuda:0``; None takes a CUDA device where one works.

    Raises
    ------
    CheckpointError
        If the checkpoint is missing or not one of Segment Anything.
    EngineError
        If torch, segment_anything or the device is not there.
    """

    name = "sam"

    def __init__(self, checkpoint: Path | str | None = None, device: str | None = None) -> None:
        if checkpoint is None:
            raise CheckpointError(
                "the engine 'sam' needs a checkpoint: give the file of vit_b, vit_l or vit_h"
            )
        model, self.architecture, self.weights_digest = load_sam(Path(checkpoint))
        self.device = _device(device)
        from segment_anything import SamPredictor

        self._predictor = SamPredictor(model.to(self.device))

    def embed(self, pixels: npt.NDArray[np.uint8]) -> SamEmbedding:
        """Run the image encoder on a grey slice image, shape (H, W)."""
        predictor = self._predictor
        predictor.set_image(np.repeat(pixels[:, :, None], 3, axis=2))
        return SamEmbedding(predictor.features, predictor.original_size, predictor.input_size)

    def decode(self, embedding: SamEmbedding, prompts: PromptSet) -> MaskCandidates:
        """Return SAM's three masks with its own estimates of their IoU.

        Raises
        ------
        PromptError
            If the previous mask is not one that this model returned.
        """
        predictor = self._predictor
        predictor.features = embedding.features
        predictor.original_size = embedding.image_shape
        predictor.input_size = embedding.input_shape
        predictor.is_image_set = True
        mask_shape = predictor.model.prompt_encoder.mask_input_size
        if prompts.previous is not None and prompts.previous.shape != mask_shape:
            raise PromptError(
                f"a previous mask for sam has shape {mask_shape}, got {prompts.previous.shape}"
            )
        has_points = len(prompts.labels) > 0
        logits, scores, low_res = predictor.predict(
            point_coords=prompts.points_image_uv.copy() if has_points else None,
            point_labels=prompts.labels.copy() if has_points else None,
            box=prompts.box_image_uv,
            mask_input=None if prompts.previous is None else prompts.previous[None],
            multimask_output=True,
            return_logits=True,
        )
        return MaskCandidates(logits, np.clip(scores, 0.0, 1.0), low_res)


def _device(asked: str | None) -> str:
    import torch

    if asked is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=asked)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise EngineError(f"the device '{asked}' cannot be used: {reason}") from error
    return asked
