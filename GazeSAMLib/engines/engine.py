"""What every promptable segmenter can do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

EVERYTHING = "+everything"
"""Ends the weights digest of an engine that embeds a slice image together with all its masks."""

EmbeddingT = TypeVar("EmbeddingT")
EmbeddingT_co = TypeVar("EmbeddingT_co", covariant=True)


class Engine(Protocol[EmbeddingT]):
    """A promptable segmenter: embed a slice image once, decode it for each prompt.

    Attributes
    ----------
    name : str
        As on the command line.
    weights_digest : str
        Names the weights, and whatever else embeddings depend on but the device; engines that
        share it share the embeddings that are kept. Engines without weights give a version of
        their algorithm.
    """

    name: str
    weights_digest: str

    def embed(self, pixels: npt.NDArray[np.uint8]) -> EmbeddingT:
        """Return whatever `decode` needs to know of the slice image, shape (H, W)."""

    def decode(self, embedding: EmbeddingT, prompts: PromptSet) -> MaskCandidates:
        """Return candidate masks at the size of the image that was embedded."""


@runtime_checkable
class RefinesMasks(Protocol):
    """An engine that can also refine a mask which it has not made itself."""

    def low_res_of(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return `mask`, shape (H, W) and not empty, as :attr:`PromptSet.previous` takes it."""


@dataclass(frozen=True, eq=False)
class PackedEmbedding:
    """An embedding as plain arrays, to be kept in a file and read by another process.

    Attributes
    ----------
    arrays : dict of str to ndarray
        As small as they can be without changing masks: float16 where the engine allows it.
    facts : dict of str
        What else the engine has to know, as JSON values.
    """

    arrays: Mapping[str, npt.NDArray[np.generic]]
    facts: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class StoresEmbeddings(Protocol[EmbeddingT]):
    """An engine whose embeddings take long enough to be worth making ahead, and keeping."""

    def pack(self, embedding: EmbeddingT) -> PackedEmbedding:
        """Return `embedding` as plain arrays."""

    def unpack(self, packed: PackedEmbedding) -> EmbeddingT:
        """Return the embedding that was packed; raise `EngineError` where it is none of ours."""


@runtime_checkable
class EmbedsInSteps(Protocol[EmbeddingT_co]):
    """An engine that can make room for others while it embeds."""

    def embed_in_steps(
        self, pixels: npt.NDArray[np.uint8], between: Callable[[], None]
    ) -> EmbeddingT_co:
        """Embed as `embed` does; call `between` often, which may wait, or raise to give up."""


@runtime_checkable
class EmbedsBatches(Protocol[EmbeddingT]):
    """An engine that embeds several slice images faster at once than one by one.

    Attributes
    ----------
    batch_size : int
        How many at once are best on its device; 1 where nothing is gained.
    """

    batch_size: int

    def embed_batch(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[EmbeddingT]:
        """Return the embeddings of slice images, each of shape (H, W), in their order."""


@runtime_checkable
class RunsOn(Protocol):
    """An engine that runs on more than one device or in more than one precision.

    Its embeddings differ a little then, by more than they do from run to run.
    """

    @property
    def runs_on(self) -> str:
        """Device and precision, such as ``cpu, bf16``."""


@runtime_checkable
class KeepsNotes(Protocol):
    """An engine that goes on elsewhere when a device fails, and says so."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What went wrong so far and what was done about it, a sentence each."""
