"""Engine `region`: the best three different regions of all fronts from the look."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.logits import FLOOR, keep_box
from GazeSAMLib.engines.region.choice import best_regions, several
from GazeSAMLib.engines.region.drawing import draw
from GazeSAMLib.engines.region.fronts import all_fronts
from GazeSAMLib.engines.region.points import Points
from GazeSAMLib.engines.region.pyramid import Image, build_pyramid
from GazeSAMLib.engines.scorer import Scorer
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

CANDIDATES = 3


@dataclass(frozen=True, eq=False)
class RegionEmbedding:
    """The pyramid of one slice image.

    Attributes
    ----------
    shape : (int, int)
        Height and width of the slice image.
    levels : tuple of ndarray
        At full, half, quarter ... resolution.
    """

    shape: tuple[int, int]
    levels: tuple[Image, ...]


class RegionEngine:
    """Classical region growing; needs no weights and takes slices of any size."""

    name = "region"
    weights_digest = "region-1"

    def __init__(self) -> None:
        self._scorer = Scorer.of_package(__package__)

    def embed(self, pixels: npt.NDArray[np.uint8]) -> RegionEmbedding:
        """Return the pyramid of a grey slice image, shape (H, W)."""
        height, width = pixels.shape
        return RegionEmbedding((height, width), build_pyramid(pixels))

    def decode(self, embedding: RegionEmbedding, prompts: PromptSet) -> MaskCandidates:
        """Return three different regions with their expected IoU, best first.

        Points outside the image count as the nearest pixel. A box is looked at in its middle,
        and nothing outside it is returned.
        """
        points = Points.of(prompts, embedding.shape)
        fronts = all_fronts(embedding.levels, points)
        chosen = best_regions(fronts, self._scorer, points.look, embedding.shape, CANDIDATES)
        logits = np.full((CANDIDATES, *embedding.shape), FLOOR, dtype=np.float32)
        scores = np.zeros(CANDIDATES, dtype=np.float32)
        if not chosen:  # too few pixels for a front: the looked-at one
            row, column = np.rint(points.add[-1]).astype(np.intp)
            logits[:, row, column] = 1.0
        else:
            for place, region in enumerate(several(chosen, CANDIDATES)):
                draw(logits[place], region.front, region.index, points.not_this)
                scores[place] = region.score
        if prompts.box_image_uv is not None:
            keep_box(logits, prompts.box_image_uv)
        return MaskCandidates(logits, scores)
