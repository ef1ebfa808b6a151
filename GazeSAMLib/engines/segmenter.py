"""From a request of the session to an answer: reslice, embed once, decode, rank.

The same class serves the command line in its own process and the worker process of
:mod:`GazeSAMLib.engines.worker`, so that every host gets the same pixels and masks.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import Engine, RefinesMasks
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import Pixels, sample_slice, slice_grid, to_8bit
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.choice import rank
from GazeSAMLib.prompts.prompt_set import PromptSet

EMBEDDINGS_IN_MEMORY = 16


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
    """

    def __init__(
        self, engine: Engine[Any], voxels_kji: npt.NDArray[np.generic], volume: VolumeGeometry
    ) -> None:
        self._engine = engine
        self._voxels_kji = voxels_kji
        self._volume = volume
        self._embeddings: OrderedDict[tuple[float, ...], Any] = OrderedDict()
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
        return _key(request) in self._embeddings

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
        if self._sampled is not None and self._sampled[0] == key:
            return self._sampled[1]
        grid = slice_grid(self._volume, request.plane)
        if grid is None:
            raise EngineError("the requested plane does not cross the scan")
        values = sample_slice(self._voxels_kji, self._volume, grid)
        pixels = to_8bit(values, request.window, request.level)
        pixels.setflags(write=False)
        self._sampled = (key, pixels)  # the newest alone: whoever asks, embeds next
        return pixels

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
        if key in self._embeddings:
            self._embeddings.move_to_end(key)
            return self._embeddings[key]
        embedding = self._engine.embed(self.pixels(request))
        self._embeddings[key] = embedding
        if len(self._embeddings) > EMBEDDINGS_IN_MEMORY:
            self._embeddings.popitem(last=False)
        return embedding


def _key(request: SegmentRequest | EmbedRequest) -> tuple[float, ...]:
    return (*request.plane.key(), request.window, request.level)
