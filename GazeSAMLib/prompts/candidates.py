"""What an engine answers: several masks of one structure, each with a score."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import EngineError


@dataclass(frozen=True, eq=False)
class MaskCandidates:
    """Masks for one prompt; best first after :func:`GazeSAMLib.prompts.choice.rank`.

    Parameters
    ----------
    logits : ndarray, shape (K, H, W), float32 or int8
        Above zero is inside; H x W is the slice image's size. Whole numbers are signs alone.
    scores : ndarray, shape (K,), float32
        The engine's estimate of each mask's quality (expected IoU), 0 to 1.
    low_res : ndarray, shape (K, h, w), float32, or None
        What the engine wants back as :attr:`PromptSet.previous` to refine a mask; None for
        an engine that refines from prompts alone.

    Raises
    ------
    EngineError
        If the shapes do not fit each other or there is no mask.
    """

    logits: npt.NDArray[np.float32] | npt.NDArray[np.int8]
    scores: npt.NDArray[np.float32]
    low_res: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        count = len(self.scores)
        if self.logits.ndim != 3 or count == 0 or len(self.logits) != count:
            raise EngineError(
                f"candidates need logits (K, H, W) and K scores, got {self.logits.shape} "
                f"and {self.scores.shape}"
            )
        if self.low_res is not None and (self.low_res.ndim != 3 or len(self.low_res) != count):
            raise EngineError(f"low_res must be (K, h, w) with K = {count}")

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """All candidates as masks, shape (K, H, W)."""
        inside: npt.NDArray[np.bool_] = self.logits > 0
        return inside

    def mask(self, index: int = 0) -> npt.NDArray[np.bool_]:
        """Return candidate `index` as a mask, shape (H, W)."""
        mask: npt.NDArray[np.bool_] = self.inside[index]
        return mask

    def taken(self, order: npt.ArrayLike) -> "MaskCandidates":
        """Return the candidates with the given indices, in that order."""
        index = np.asarray(order, dtype=np.intp)
        if np.array_equal(index, np.arange(len(self))):  # spares copying megabytes
            return self
        low_res = None if self.low_res is None else self.low_res[index]
        return MaskCandidates(self.logits[index], self.scores[index], low_res)
