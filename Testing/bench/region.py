"""What a look costs the engine `region`, from the prompt to its candidates."""

import time

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import PromptSet
from Testing.bench.ct_slice import ct_slice

SIDE_PX = 512
SIGMA_PX = (0.0, 8.0)
"""A click, and a look that may be half a degree beside the structure."""


def region_click_ms(*, long: bool = False) -> dict[str, float]:
    """Return median and 95th percentile of single looks on a 512 x 512 CT slice.

    The slice is embedded beforehand, as it is in a session. Looks are spread over the body;
    every other one is uncertain.
    """
    engine = RegionEngine()
    pixels = ct_slice(SIDE_PX)
    embedding = engine.embed(pixels)
    looks = _looks(pixels, 400 if long else 80)
    for look in looks[:4]:  # tables are made at the first look
        engine.decode(embedding, look)
    costs_ns = []
    for look in looks:
        start_ns = time.perf_counter_ns()
        engine.decode(embedding, look)
        costs_ns.append(time.perf_counter_ns() - start_ns)
    median_ms, p95_ms = np.percentile(costs_ns, (50, 95)) / 1e6
    return {"region_click_ms_median": float(median_ms), "region_click_ms_p95": float(p95_ms)}


def _looks(pixels: npt.NDArray[np.uint8], count: int) -> list[PromptSet]:
    rng = np.random.default_rng(0)
    rows, columns = np.nonzero(pixels)
    chosen = rng.choice(len(rows), count)
    return [
        PromptSet.at(ImagePoint(float(columns[i]), float(rows[i])), SIGMA_PX[n % len(SIGMA_PX)])
        for n, i in enumerate(chosen)
    ]
