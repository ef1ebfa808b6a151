"""Engine `compact`: a promptable network on crops around the look."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.compact.known_mask import known_mask
from GazeSAMLib.engines.compact.masks import CropMask
from GazeSAMLib.engines.compact.network import Network
from GazeSAMLib.engines.compact.points import Points
from GazeSAMLib.engines.compact.pyramid import Pyramid
from GazeSAMLib.engines.compact.search import first_masks, refined_masks
from GazeSAMLib.engines.logits import FLOOR, keep_box
from GazeSAMLib.engines.scorer import Scorer
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

CANDIDATES = 3

LARGEST_ANSWER_PX = 2**26
"""Of a slice image with so many pixels in all candidates together fewer are returned."""


class CompactEngine:
    """A small promptable network that needs no download and no GPU.

    Parameters
    ----------
    checkpoint : Path or None
        The network's file; None takes the one that comes with GazeSAM.
    threads : int
        On how many processors the network runs.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, replaced, or of another network.
    EngineError
        If onnxruntime is not there.
    """

    name = "compact"

    def __init__(self, checkpoint: Path | str | None = None, threads: int = 2) -> None:
        self._network = Network(None if checkpoint is None else Path(checkpoint), int(threads))
        self._scorer = Scorer.of_package(__package__)
        self.weights_digest = self._network.digest

    def embed(self, pixels: npt.NDArray[np.uint8]) -> Pyramid:
        """Return the pyramid of a grey slice image, shape (H, W)."""
        return Pyramid.of(pixels)

    def low_res_of(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return a mask of the slice image, shape (H, W), as one to refine."""
        return known_mask(mask).packed

    def decode(self, embedding: Pyramid, prompts: PromptSet) -> MaskCandidates:
        """Return up to three masks that differ, with their expected IoU.

        Points outside the image count as the nearest pixel. Nothing outside a box is
        returned.

        Raises
        ------
        PromptError
            If the previous mask was not made by this engine.
        """
        shape = embedding.shape
        points = Points.of(prompts, shape)
        count = min(CANDIDATES, max(LARGEST_ANSWER_PX // (shape[0] * shape[1]), 1))
        if prompts.previous is None:
            masks = first_masks(self._network, self._scorer, embedding, points, count)
        else:
            previous = CropMask.unpacked(prompts.previous)
            masks = refined_masks(self._network, embedding, points, previous, count)
        logits = np.full((len(masks), *shape), FLOOR, dtype=np.float32)
        for on_image, mask in zip(logits, masks, strict=True):
            mask.draw(on_image)
        if prompts.box_image_uv is not None:
            keep_box(logits, prompts.box_image_uv)
        scores = np.array([mask.iou for mask in masks], dtype=np.float32)
        low_res = np.stack([mask.packed for mask in masks])
        return MaskCandidates(logits, np.clip(scores, 0.0, 1.0), low_res)
