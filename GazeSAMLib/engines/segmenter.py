"""From a request of the session to an answer: reslice, embed once, decode, rank.

The same class serves the command line in its own process and the worker process of
:mod:`GazeSAMLib.engines.worker`, so that every host gets the same pixels and masks.
"""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import Engine, RefinesMasks
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.store.key import EmbeddingKey
from GazeSAMLib.engines.store.memory import RecentlyUsed
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import Pixels, sample_slice, slice_grid, to_8bit
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import PromptSet

EMBEDDINGS_IN_MEMORY = 16
EMBEDDING_BYTES_IN_MEMORY = 256 << 20
"""Of embeddings as they are kept, which is about half of what they take in use."""


@dataclass(frozen=True, eq=False)
class SegmentRequest:
    """What the session wants to know: a mask for these prompts on this plane.

    Attributes
    ----------
    number : int
        Grows with every request of a session; an answer to an older one is outdated.
    plane : SlicePlane
        The displayed plane in the scan's local RAS.
    window, level : float
        As displayed.
    prompts : PromptSet
        In the image of :func:`GazeSAMLib.geometry.slice_image.slice_grid`.
    refines : PlaneMask or None
        A mask on this plane that the prompts correct, where they do not name the engine's own.
    """

    number: int
    plane: SlicePlane
    window: float
    level: float
    prompts: PromptSet
    refines: PlaneMask | None = None


@dataclass(frozen=True, eq=False)
class EmbedRequest:
    """A slice image that may be looked at soon: embed it ahead.

    Attributes
    ----------
    number : int
        Grows with every embed request; counted apart from those of :class:`SegmentRequest`.
    plane : SlicePlane
        In the scan's local RAS.
    window, level : float
        As displayed.
    """

    number: int
    plane: SlicePlane
    window: float
    level: float


@dataclass(frozen=True, eq=False)
class SegmentAnswer:
    """Ranked candidates for the request with the same number, and what they cost.

    Of the candidates' logits only the sign may be relied on: an answer of the worker process
    has +1 and -1 in their place. Scores and low-resolution masks are the engine's own.

    Attributes
    ----------
    number : int
        The request's.
    candidates : MaskCandidates
        Best first.
    embed_ms, decode_ms : float
        The first is about zero where the slice image had been embedded before.
    """

    number: int
    candidates: MaskCandidates
    embed_ms: float
    decode_ms: float


class Segmenter:
    """Answers requests on one scan with one engine.

    Parameters
    ----------
    engine : Engine
        The promptable segmenter.
    voxels_kji : ndarray, shape (k, j, i)
        The scan; may be a memory map.
    volume : VolumeGeometry
        The grid of `voxels_kji`.
    stored : StoredEmbeddings or None
        The engine's embeddings, where they are worth keeping.

    Attributes
    ----------
    stored : StoredEmbeddings or None
        As given.
    """

    def __init__(
        self,
        engine: Engine[Any],
        voxels_kji: npt.NDArray[np.generic],
        volume: VolumeGeometry,
        stored: StoredEmbeddings | None = None,
    ) -> None:
        self.stored = stored
        self._engine = engine
        self._voxels_kji = voxels_kji
        self._volume = volume
        self._embeddings = RecentlyUsed[tuple[float, ...], Any](
            EMBEDDINGS_IN_MEMORY, EMBEDDING_BYTES_IN_MEMORY
        )
        self._sampled: tuple[tuple[float, ...], Pixels] | None = None

    @property
    def volume(self) -> VolumeGeometry:
        """The scan's grid."""
        return self._volume

    def answer(self, request: SegmentRequest) -> SegmentAnswer:
        """Return the ranked candidates for `request`.

        Raises
        ------
        EngineError
            If the plane misses the scan or the engine fails.
        """
        start = time.perf_counter()
        embedding = self._embedding(request)
        embedded = time.perf_counter()
        prompts = self._refining(request)
        candidates = rank(self._engine.decode(embedding, prompts), prompts)
        decoded = time.perf_counter()
        return SegmentAnswer(
            request.number, candidates, 1e3 * (embedded - start), 1e3 * (decoded - embedded)
        )

    def is_embedded(self, request: SegmentRequest | EmbedRequest) -> bool:
        """Whether the slice image of `request` needs no embedding any more."""
        if _key(request) in self._embeddings:
            return True
        key = None if self.stored is None else self.stored_key(request)
        return self.stored is not None and key is not None and self.stored.is_at_hand(key)

    def embed(self, request: SegmentRequest | EmbedRequest) -> float:
        """Embed the slice image of `request` unless it is embedded; return what it took, ms.

        Raises
        ------
        EngineError
            If the plane misses the scan or the engine fails.
        """
        start = time.perf_counter()
        self._embedding(request)
        return 1e3 * (time.perf_counter() - start)

    def pixels(self, request: SegmentRequest | EmbedRequest) -> Pixels:
        """Return the slice image of `request` as displayed, shape (H, W), read-only.

        Raises
        ------
        EngineError
            If the plane misses the scan.
        """
        key = _key(request)
        sampled = self._sampled  # another thread may sample, too
        if sampled is not None and sampled[0] == key:
            return sampled[1]
        grid = slice_grid(self._volume, request.plane)
        if grid is None:
            raise EngineError("the requested plane does not cross the scan")
        values = sample_slice(self._voxels_kji, self._volume, grid)
        pixels = to_8bit(values, request.window, request.level)
        pixels.setflags(write=False)
        self._sampled = (key, pixels)  # the newest alone: whoever asks, embeds next
        return pixels

    def stored_key(self, request: SegmentRequest | EmbedRequest) -> EmbeddingKey | None:
        """Return under which key the slice image's embedding is kept.

        None where the engine's embeddings are not, or where the plane misses the scan.
        """
        grid = slice_grid(self._volume, request.plane)
        if self.stored is None or grid is None:
            return None
        return self.stored.key(grid, request.window, request.level)

    def low_res_of(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32] | None:
        """Return a mask, shape (H, W), as the engine takes one to refine; None if it does not."""
        engine = self._engine
        return engine.low_res_of(mask) if isinstance(engine, RefinesMasks) else None

    def _refining(self, request: SegmentRequest) -> PromptSet:
        """Return the prompts of `request` with the mask that they correct."""
        if request.refines is None or request.prompts.previous is not None:
            return request.prompts
        grid, mask = slice_grid(self._volume, request.plane), request.refines.mask
        if grid is None or grid.shape != mask.shape:
            raise EngineError("the mask to correct does not have the size of its slice image")
        return request.prompts.refining(self.low_res_of(mask))

    def _embedding(self, request: SegmentRequest | EmbedRequest) -> Any:  # noqa: ANN401 - each engine's own type
        key = _key(request)
        embedding = self._embeddings.get(key)
        if embedding is None:
            embedding, size_bytes = self._found(request)
            self._embeddings.put(key, embedding, size_bytes)
        return embedding

    def _found(self, request: SegmentRequest | EmbedRequest) -> tuple[Any, int]:
        """Return an embedding that is not at hand, and the bytes that it takes, where known."""
        key = None if self.stored is None else self.stored_key(request)
        if self.stored is None or key is None:
            return self._engine.embed(self.pixels(request)), 0
        return self.stored.obtain(key, partial(self.pixels, request))


def _key(request: SegmentRequest | EmbedRequest) -> tuple[float, ...]:
    return (*request.plane.key(), request.window, request.level)
