"""All masks of a slice, found before anybody looks: a look then picks among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.errors import EngineError
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet

CANDIDATES = 3

_COUNTS, _ENDS, _BOXES, _SCORES = "mask_counts", "mask_ends", "mask_boxes", "mask_scores"
_NAMES = (_COUNTS, _ENDS, _BOXES, _SCORES)


@dataclass(frozen=True, eq=False)
class KnownMasks:
    """Masks of one slice image, as COCO's run-length codes.

    Attributes
    ----------
    image_shape : (int, int)
        Height and width.
    counts : tuple of bytes
        The code of each mask.
    boxes : ndarray, shape (N, 4), int32
        First column and row, last column and row of each.
    scores : ndarray, shape (N,), float32
        The IoU that the model expects, times the mask's stability.
    """

    image_shape: tuple[int, int]
    counts: tuple[bytes, ...]
    boxes: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]

    @classmethod
    def of_records(
        cls, records: Sequence[Mapping[str, Any]], image_shape: tuple[int, int]
    ) -> "KnownMasks":
        """Take over records of ``SamAutomaticMaskGenerator``, their masks as COCO's codes."""
        codes = [record["segmentation"]["counts"] for record in records]
        corners = np.array([record["bbox"] for record in records], np.float64).reshape(-1, 4)
        first = np.floor(corners[:, :2])
        boxes = np.hstack((first, np.ceil(first + corners[:, 2:]))).astype(np.int32)
        scores = [record["predicted_iou"] * record["stability_score"] for record in records]
        return cls(
            image_shape,
            tuple(code.encode() if isinstance(code, str) else code for code in codes),
            boxes,
            np.clip(np.array(scores, np.float32), 0.0, 1.0),
        )

    def candidates(self, prompts: PromptSet) -> MaskCandidates | None:
        """Return the best masks at what is looked at; None where that has to be worked out.

        So it has for more than one point, for a box, for a mask to refine, and where no mask
        is known.
        """
        alone = len(prompts.labels) == 1 and prompts.labels[0] == ADD
        if not alone or prompts.box_image_uv is not None or prompts.previous is not None:
            return None
        height, width = self.image_shape
        u, v = prompts.points_image_uv[0]
        column, row = min(max(round(u), 0), width - 1), min(max(round(v), 0), height - 1)
        left, top, right, bottom = self.boxes.T
        near = (left <= column) & (column <= right) & (top <= row) & (row <= bottom)
        places = [place for place in np.argsort(-self.scores, kind="stable") if near[place]]
        masks = [self._decoded(place) for place in places]
        there = [
            (mask, place) for mask, place in zip(masks, places, strict=True) if mask[row, column]
        ][:CANDIDATES]
        if not there:
            return None
        signs = np.stack([np.where(mask, np.int8(1), np.int8(-1)) for mask, _ in there])
        return MaskCandidates(signs, self.scores[[place for _, place in there]])

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return it as arrays for :class:`PackedEmbedding`."""
        return {
            _COUNTS: np.frombuffer(b"".join(self.counts), np.uint8),
            _ENDS: np.cumsum([len(code) for code in self.counts], dtype=np.int64),
            _BOXES: self.boxes,
            _SCORES: self.scores,
        }

    @classmethod
    def of_packed(
        cls, packed: PackedEmbedding, image_shape: tuple[int, int]
    ) -> "KnownMasks | None":
        """Return what :meth:`arrays` gave; None where the embedding was packed without.

        Raises
        ------
        EngineError
            If the arrays contradict each other.
        """
        if _COUNTS not in packed.arrays:
            return None
        counts, ends, boxes, scores = (np.array(packed.arrays.get(name, ())) for name in _NAMES)
        begins = np.concatenate((np.zeros(1, np.int64), ends[:-1])) if len(ends) else ends
        fits = (
            (counts.dtype, ends.dtype, boxes.dtype, scores.dtype)
            == (np.uint8, np.int64, np.int32, np.float32)
            and boxes.shape == (len(ends), 4)
            and scores.shape == ends.shape
            and (len(counts) == (ends[-1] if len(ends) else 0))
            and bool((ends > begins).all())
        )
        if not fits:
            raise EngineError("the known masks of a packed embedding contradict each other")
        text = counts.tobytes()
        codes = tuple(text[begin:end] for begin, end in zip(begins, ends, strict=True))
        return cls(image_shape, codes, boxes, scores)

    def _decoded(self, place: int) -> npt.NDArray[np.bool_]:
        code = {"size": list(self.image_shape), "counts": self.counts[place]}
        mask: npt.NDArray[np.bool_] = coco.decode(code).astype(bool)
        return mask
