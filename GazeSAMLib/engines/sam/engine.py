"""Segment Anything (Kirillov et al. 2023, arXiv:2304.02643) and models made from it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.sam.architecture import SamArchitecture
from GazeSAMLib.engines.sam.boxes import boxes_around, mask_scores
from GazeSAMLib.engines.sam.embedding import SamEmbedding, pack_embedding, unpack_embedding
from GazeSAMLib.engines.sam.model import Asked, SamModel, load_model
from GazeSAMLib.engines.torch_runtime.placed_engine import PlacedEngine
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.errors import CheckpointError, EngineError, PromptError
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import PromptSet

POINTS, BOX = "points", "box"
Pixels = npt.NDArray[np.uint8]


class SamEngine(PlacedEngine[SamEmbedding]):
    """Segment Anything from a checkpoint file: vit_b, vit_l, vit_h, MedSAM, SAM-Med2D.

    Parameters
    ----------
    checkpoint : Path or None
        The weights' file; there is no default, because nothing is downloaded unasked.
    device, precision : str or None
        See :class:`PlacedEngine`.
    prompts : str
        ``points``, or ``box`` for a model that was trained as MedSAM was: it sees images
        as MedSAM does, and a look becomes a few boxes of different size.

    Raises
    ------
    CheckpointError
        If the checkpoint is missing or not one of Segment Anything.
    EngineError
        If torch, segment_anything or the device is not there.
    """

    name = "sam"

    def __init__(
        self,
        checkpoint: Path | str | None = None,
        device: str | None = None,
        precision: str | None = None,
        prompts: str = POINTS,
    ) -> None:
        if checkpoint is None:
            raise CheckpointError(
                "the engine 'sam' needs a checkpoint: give the file of vit_b, vit_l or vit_h"
            )
        if prompts not in (POINTS, BOX):
            raise EngineError(f"prompts of 'sam' are '{POINTS}' or '{BOX}', not '{prompts}'")
        self._regions = RegionEngine() if prompts == BOX else None
        super().__init__(Path(checkpoint), device, precision)
        if self._regions is not None:  # the same weights see images otherwise
            self.weights_digest += f"+{self._sam.recipe.name}"

    @property
    def architecture(self) -> SamArchitecture:
        """The model's, read off its weights."""
        return self._sam.architecture

    @property
    def _model(self) -> Any:  # noqa: ANN401 - a torch module
        return self._sam.network

    @property
    def _sam(self) -> SamModel:
        model: SamModel = self._placed.model
        return model

    def pack(self, embedding: SamEmbedding) -> PackedEmbedding:
        """Return `embedding` as arrays, its features in float16."""
        return pack_embedding(embedding, self._sam.recipe.name, self._regions is not None)

    def unpack(self, packed: PackedEmbedding) -> SamEmbedding:
        """Return the embedding that was packed, on the engine's device.

        Raises
        ------
        EngineError
            If it was packed by another engine, or for another kind of model.
        """

        def work(sam: SamModel, _placement: Placement) -> SamEmbedding:
            boxes = self._regions is not None
            return unpack_embedding(packed, sam.recipe.name, sam.tokens, boxes, sam.device)

        return self._placed.run(work)

    def _load(self, placement: Placement) -> SamModel:
        model = load_model(self._path, placement, self._regions is not None)
        if model.digest != self._file_digest:
            raise CheckpointError(f"{self._path} has been changed: start the engine again")
        return model

    def _encode(
        self, model: SamModel, images: Sequence[Pixels], between: Callable[[], None]
    ) -> list[SamEmbedding]:
        return model.embed(images, between)

    def _predict(
        self, model: SamModel, embedding: SamEmbedding, prompts: PromptSet
    ) -> MaskCandidates:
        """Return three masks with the model's own estimates of their IoU.

        A model for boxes alone returns one mask for the box of the prompt, or where there is
        none, one for each box around what is looked at; scores then say how clear they are.
        """
        if self._regions is not None:
            boxes, likely = self._boxes(self._regions, embedding, prompts)
            logits = model.masks(embedding, Asked(boxes=boxes))[0][:, 0]
            scores = likely * mask_scores(logits, boxes)
            return MaskCandidates(logits, scores.astype(np.float32))
        known = None if embedding.known is None else embedding.known.candidates(prompts)
        if known is not None:
            return known
        side = 4 * model.tokens
        previous, box = prompts.previous, prompts.box_image_uv
        if previous is not None and previous.shape != (side, side):
            raise PromptError(
                f"a previous mask for sam has shape {(side, side)}, got {previous.shape}"
            )
        asked = Asked(
            (prompts.points_image_uv, prompts.labels) if len(prompts.labels) else None,
            None if box is None else box[None],
            previous,
        )
        logits, scores, low_res = (part[0] for part in model.masks(embedding, asked))
        return MaskCandidates(logits, np.clip(scores, 0.0, 1.0), low_res)

    @staticmethod
    def _boxes(
        regions: RegionEngine, embedding: SamEmbedding, prompts: PromptSet
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return boxes for a prompt, shape (B, 4), and how likely each is."""
        if prompts.box_image_uv is not None:
            return prompts.box_image_uv[None], np.ones(1)
        if embedding.pixels is None:
            raise EngineError("a look at an embedding without its slice image gives no box")
        found = regions.decode(regions.embed(embedding.pixels), prompts)
        return boxes_around(prompts, rank(found, prompts))
