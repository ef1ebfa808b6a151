"""SAM 2.1 as an engine, image by image, as Meta's ``SAM2ImagePredictor`` would answer."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.sam2.checkpoint import Sam2Model, load_sam2
from GazeSAMLib.engines.sam2.embedding import Sam2Embedding, embedding_of, pack, unpack
from GazeSAMLib.engines.sam2.network import IMAGE_PX, MASK_PX, decode, encode, encode_prompts
from GazeSAMLib.engines.sam2.pixels import as_input
from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.engines.torch_runtime.placed_engine import PlacedEngine
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.errors import CheckpointError, PromptError
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_LOGIT = 32.0
"""Of a mask that is given back to be refined, as in Meta's predictor."""

Pixels = npt.NDArray[np.uint8]


class Sam2Engine(PlacedEngine[Sam2Embedding]):
    """SAM 2 or 2.1, tiny, small, base+ or large, from one of Meta's checkpoint files.

    Parameters
    ----------
    checkpoint : Path or None
        The weights' file; there is no default, because nothing is downloaded unasked.
    device, precision : str or None
        See :class:`PlacedEngine`.

    Raises
    ------
    CheckpointError
        If the checkpoint is missing or not one of SAM 2.
    EngineError
        If torch, timm, segment_anything or the device is not there.
    """

    name = "sam2"

    def __init__(
        self,
        checkpoint: Path | str | None = None,
        device: str | None = None,
        precision: str | None = None,
    ) -> None:
        if checkpoint is None:
            raise CheckpointError(
                "the engine 'sam2' needs a checkpoint: give the file of tiny, small, base+ or large"
            )
        super().__init__(Path(checkpoint), device, precision)

    @property
    def model(self) -> Sam2Model:
        """The model, where it is now."""
        model: Sam2Model = self._placed.model
        return model

    def pack(self, embedding: Sam2Embedding) -> PackedEmbedding:
        """Return `embedding` in float16: 8 MiB."""
        return pack(embedding)

    def unpack(self, packed: PackedEmbedding) -> Sam2Embedding:
        """Return the embedding that was packed.

        Raises
        ------
        EngineError
            If it is not of SAM 2.
        """
        return self._placed.run(lambda model, _: unpack(packed, model.device))

    def _load(self, placement: Placement) -> Sam2Model:
        model = load_sam2(self._path, placement)
        if model.digest != self._file_digest:
            raise CheckpointError(f"{self._path} has been changed: start the engine again")
        return model

    def _encode(
        self, model: Sam2Model, images: Sequence[Pixels], between: Callable[[], None]
    ) -> list[Sam2Embedding]:
        inputs = import_torch().cat([as_input(image, IMAGE_PX, model.device) for image in images])
        levels = encode(model.network, inputs, model.architecture.stage_ends, between)
        return [
            embedding_of(tensors, (image.shape[0], image.shape[1]))
            for *tensors, image in zip(*levels, images, strict=True)
        ]

    def _predict(
        self, model: Sam2Model, embedding: Sam2Embedding, prompts: PromptSet
    ) -> MaskCandidates:
        torch = import_torch()
        network, device = model.network, model.device
        height, width = embedding.image_shape
        previous, box = prompts.previous, prompts.box_image_uv
        if previous is not None and previous.shape != (MASK_PX, MASK_PX):
            raise PromptError(
                f"a previous mask for sam2 has shape {(MASK_PX, MASK_PX)}, got {previous.shape}"
            )
        scale = IMAGE_PX / np.array((width, height), dtype=np.float64)

        def on_device(values: npt.NDArray[np.generic]) -> "Tensor":
            return torch.as_tensor(values.astype(np.float32), device=device)[None]

        tokens = encode_prompts(
            network,
            on_device(prompts.points_image_uv * scale),
            on_device(prompts.labels),
            None if box is None else on_device(box * np.tile(scale, 2)),
        )
        low_res, scores = decode(
            network,
            embedding.tensors_on(device),
            tokens,
            None if previous is None else on_device(previous)[None],
        )
        logits = torch.nn.functional.interpolate(
            low_res, (height, width), mode="bilinear", align_corners=False
        )
        low_res = low_res.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
        return MaskCandidates(*(part[0].cpu().numpy() for part in (logits, scores, low_res)))
