"""How long the stages of a replay took."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest

Answer = Callable[[SegmentRequest], SegmentAnswer]


@dataclass(frozen=True, slots=True)
class Figures:
    """Median, 95th percentile and count of a duration; NaN where nothing was measured."""

    median: float
    p95: float
    count: int


class Timing:
    """Durations of one replay.

    Attributes
    ----------
    embed_ms : array of float
        Embedding a slice that was not looked at before.
    decode_ms : array of float
        Every answer.
    chain_us : array of float
        Every sample: signals, geometry, prompt; no segmenter.
    total_s : float
        The whole replay.
    """

    def __init__(self) -> None:
        self.embed_ms = array("d")
        self.decode_ms = array("d")
        self.chain_us = array("d")
        self.total_s = 0.0

    def timed(self, answer: Answer) -> Answer:
        """Return `answer`, noting what each call says that it cost."""
        embedded: set[tuple[float, ...]] = set()

        def answer_and_note(request: SegmentRequest) -> SegmentAnswer:
            answered = answer(request)
            image = (*request.plane.key(), request.window, request.level)
            if image not in embedded:
                embedded.add(image)
                self.embed_ms.append(answered.embed_ms)
            self.decode_ms.append(answered.decode_ms)
            return answered

        return answer_and_note


def figures(values: "array[float]") -> Figures:
    """Return the figures of durations."""
    if not values:
        return Figures(float("nan"), float("nan"), 0)
    median, p95 = np.percentile(np.asarray(values), (50.0, 95.0)).tolist()
    return Figures(median, p95, len(values))
