"""How long engines take for a slice and for a look, measured in turns."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import NOT_THIS, PromptSet

Pixels = npt.NDArray[np.uint8]
LOOK = PromptSet.at(ImagePoint(240.0, 250.0))
CORRECTED = LOOK.with_point(ImagePoint(300.0, 200.0), NOT_THIS)


def seconds(call: Callable[[], object]) -> float:
    """Return what one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turns(calls: Mapping[str, Callable[[], object]], count: int) -> dict[str, list[float]]:
    """Return the seconds of `count` calls each; in turns, so that a busy machine slows all alike.

    Each is called once before, which pays for setting up and is nobody's time.
    """
    took: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(count):
        for name, call in calls.items():
            took[name].append(seconds(call))
    return took


def as_colour(pixels: Pixels) -> Pixels:
    """Return a grey slice as the picture that Meta's predictor takes."""
    return np.repeat(pixels[:, :, None], 3, axis=2)


def meta_decode(predictor, prompts: PromptSet) -> Callable[[], object]:
    """Return a call of Meta's predictor for a prompt of points."""
    points, labels = prompts.points_image_uv.copy(), prompts.labels.copy()
    return lambda: predictor.predict(points, labels, return_logits=True)
