"""What every promptable segmenter can do."""

from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

EmbeddingT = TypeVar("EmbeddingT")


class Engine(Protocol[EmbeddingT]):
    """A promptable segmenter: embed a slice image once, decode it for each prompt.

    Attributes
    ----------
    name : str
        As on the command line.
    weights_digest : str
        Names the weights; part of the embedding store's key. Engines without weights give
        a version of their algorithm.
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
