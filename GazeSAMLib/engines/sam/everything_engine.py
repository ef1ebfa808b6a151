"""Embedding slices together with all their masks, so that a look has only to pick one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import EVERYTHING, PackedEmbedding
from GazeSAMLib.engines.sam.embedding import SamEmbedding
from GazeSAMLib.engines.sam.everything import (
    EverythingSettings,
    check_everything,
    segment_everything,
)
from GazeSAMLib.engines.sam.known_masks import KnownMasks
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

Pixels = npt.NDArray[np.uint8]


class EverythingEngine:
    """An engine of Segment Anything that finds all masks of a slice when it embeds it.

    What it packs, the engine itself unpacks: a first look at such a slice is answered from the
    masks that are known, everything else as ever.

    Parameters
    ----------
    engine : object
        The engine.
    settings : EverythingSettings
        How thoroughly slices are searched.

    Attributes
    ----------
    name : str
        The engine's.
    weights_digest : str
        The engine's, and that all masks are known.
    batch_size : int
        One: searching a slice takes longer than embedding several.

    Raises
    ------
    EngineError
        If the engine cannot segment everything.
    """

    batch_size = 1

    def __init__(self, engine: object, settings: EverythingSettings | None = None) -> None:
        self._engine = check_everything(engine)
        self._settings = settings or EverythingSettings()
        self.name = self._engine.name
        self.weights_digest = self._engine.weights_digest + EVERYTHING

    @property
    def runs_on(self) -> str:
        """Device and precision, for people."""
        return self._engine.runs_on

    def embed(self, pixels: Pixels) -> SamEmbedding:
        """Return the embedding of a grey slice image, shape (H, W), with all its masks."""
        return self.embed_in_steps(pixels, lambda: None)

    def embed_in_steps(self, pixels: Pixels, between: Callable[[], None]) -> SamEmbedding:
        """Embed as `embed` does; `between` is called between the steps of the work."""
        embedding = self._engine.embed_in_steps(pixels, between)
        records = segment_everything(
            self._engine,
            np.repeat(pixels[:, :, None], 3, axis=2),
            self._settings,
            lambda _done, _total: between(),
            as_rle=True,
            embedding=embedding,
        )
        return replace(embedding, known=KnownMasks.of_records(records, embedding.image_shape))

    def embed_batch(self, images: Sequence[Pixels]) -> list[SamEmbedding]:
        """Return the embeddings of slice images, one after the other."""
        return [self.embed(image) for image in images]

    def decode(self, embedding: SamEmbedding, prompts: PromptSet) -> MaskCandidates:
        """Return what the engine returns."""
        return self._engine.decode(embedding, prompts)

    def pack(self, embedding: SamEmbedding) -> PackedEmbedding:
        """Return `embedding` with its masks as arrays."""
        return self._engine.pack(embedding)

    def unpack(self, packed: PackedEmbedding) -> Any:  # noqa: ANN401 - the engine's
        """Return the embedding that was packed."""
        return self._engine.unpack(packed)
