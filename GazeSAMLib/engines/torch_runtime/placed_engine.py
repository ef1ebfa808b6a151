"""What engines on torch have in common: where the model runs, in steps, in batches."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import EmbeddingT
from GazeSAMLib.engines.torch_runtime import trial
from GazeSAMLib.engines.torch_runtime.choice import Trial, plan_placements
from GazeSAMLib.engines.torch_runtime.failures import FAILURES, Failure, failure_of
from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.engines.torch_runtime.placed import Loader, PlacedModel
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.engines.torch_runtime.weights_file import file_digest
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

BATCH_ON_GPU = 8
Pixels = npt.NDArray[np.uint8]
Step = Callable[[], None]


def _go_on() -> None:
    """Do nothing between steps: nobody waits."""


class PlacedEngine(ABC, Generic[EmbeddingT]):
    """An engine whose weights are a file and whose model moves on when a device fails.

    It holds nothing of the images and prompts that it has seen: threads may embed and decode
    at the same time.

    Parameters
    ----------
    checkpoint : Path
        The weights' file.
    device : str or None
        A torch device such as ``cpu`` or ``cuda:0``; None takes the fastest there is.
    precision : str or None
        ``fp32``, ``bf16`` or ``fp16``, of the image encoder's matrix products; None takes the
        fastest on the device that draws the same masks, measured when first used.

    Attributes
    ----------
    name : str
        As on the command line.
    weights_digest : str
        SHA-256 of the file.
    batch_size : int
        How many slice images at once are best on the device; less after they were too many.

    Raises
    ------
    CheckpointError
        If the file cannot be used.
    EngineError
        If a package or the device is not there.
    """

    name: str

    def __init__(self, checkpoint: Path, device: str | None, precision: str | None) -> None:
        self._path = checkpoint
        self._file_digest = file_digest(checkpoint)
        self.weights_digest = self._file_digest
        self._loader = Loader(self._load)
        plan = plan_placements(self._file_digest, self._try_out, device, precision)
        self._placed = PlacedModel(self._loader, plan)
        self.batch_size = BATCH_ON_GPU if self._placed.placement.kind == "cuda" else 1

    @property
    def runs_on(self) -> str:
        """Device and precision, for people: ``cpu, bf16``."""
        return str(self._placed.placement)

    @property
    def notes(self) -> tuple[str, ...]:
        """What went wrong on the way and what was done about it, one sentence each."""
        return self._placed.notes

    def embed(self, pixels: Pixels) -> EmbeddingT:
        """Run the image encoder on a grey slice image, shape (H, W)."""
        return self.embed_in_steps(pixels, _go_on)

    def embed_in_steps(self, pixels: Pixels, between: Step) -> EmbeddingT:
        """Embed as `embed` does; `between` is called between the encoder's blocks."""
        with import_torch().inference_mode():
            return self._placed.run(lambda model, _: self._encode(model, [pixels], between))[0]

    def embed_batch(self, images: Sequence[Pixels]) -> list[EmbeddingT]:
        """Return the embeddings of slice images, each of shape (H, W), in their order."""
        embeddings: list[EmbeddingT] = []
        while len(embeddings) < len(images):
            some = images[len(embeddings) : len(embeddings) + self.batch_size]
            with import_torch().inference_mode():
                embeddings += self._placed.run(lambda model, _: self._several(model, some))  # noqa: B023 - runs now
        return embeddings

    def decode(self, embedding: EmbeddingT, prompts: PromptSet) -> MaskCandidates:
        """Return three masks with the model's own estimates of their IoU.

        Raises
        ------
        PromptError
            If the previous mask is not one that this model returned.
        """

        def work(model: Any, _placement: Placement) -> MaskCandidates:  # noqa: ANN401
            return self._predict(model, embedding, prompts)

        with import_torch().inference_mode():
            return self._placed.run(work)

    @abstractmethod
    def _load(self, placement: Placement) -> Any:  # noqa: ANN401 - each engine's own model
        """Return the model from its file, ready on a placement."""

    @abstractmethod
    def _encode(self, model: Any, images: Sequence[Pixels], between: Step) -> list[EmbeddingT]:  # noqa: ANN401
        """Return the embeddings of slice images; gradients are off."""

    @abstractmethod
    def _predict(self, model: Any, embedding: EmbeddingT, prompts: PromptSet) -> MaskCandidates:  # noqa: ANN401
        """Return the candidates for prompts; gradients are off."""

    def _several(self, model: Any, images: Sequence[Pixels]) -> list[EmbeddingT]:  # noqa: ANN401
        """Encode images at once, or where memory is too small for that, in halves."""
        try:
            return self._encode(model, images, _go_on)
        except FAILURES as error:
            if len(images) == 1 or failure_of(error) is not Failure.MEMORY:
                raise
        half = self.batch_size = len(images) // 2
        return self._several(model, images[:half]) + self._several(model, images[half:])

    def _try_out(self, placement: Placement, between: Step) -> Trial:
        """Embed and decode a made-up slice."""
        pixels, prompts = [trial.body_slice()], trial.look()
        with import_torch().inference_mode():
            model = self._loader(placement)
            if placement.kind != "cpu":  # the first run on a GPU is nearly all setting up
                self._predict(model, self._encode(model, pixels, between)[0], prompts)
            start = time.perf_counter()
            (embedding,) = self._encode(model, pixels, between)
            masks = self._predict(model, embedding, prompts).inside
            seconds = time.perf_counter() - start  # the masks are here: a GPU has ended its work
        self._loader.keep(placement, model)
        return Trial(seconds, masks)
