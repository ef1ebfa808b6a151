"""The worker as it is, but with an engine "sam" that fits into no memory but the CPU's."""

import runpy
import sys
from pathlib import Path

import numpy as np

from GazeSAMLib.engines import registry
from GazeSAMLib.engines.interpreter import worker_command
from GazeSAMLib.prompts.candidates import MaskCandidates


class Bright:
    """Segments what is brighter than the middle of the displayed window.

    Parameters
    ----------
    checkpoint : str or None
        Not read.
    device : str or None
        Any but "cpu" runs out of memory.
    """

    name = "sam"
    weights_digest = "1"

    def __init__(self, checkpoint=None, device=None):
        self.checkpoint, self.device = checkpoint, device

    def embed(self, pixels):
        return pixels.astype(np.float32)

    def decode(self, embedding, _prompts):
        if self.device != "cpu":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        logits = embedding[None] - np.float32(127.0)
        scores = np.array([0.9], dtype=np.float32)
        return MaskCandidates(logits, scores, logits[:, ::4, ::4].copy())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    factory = f"{Path(__file__).stem}:{Bright.__name__}"
    registry.ENTRIES = (registry.EngineEntry("sam", "", factory),)
    runpy.run_module(worker_command("python")[-1], run_name="__main__")
