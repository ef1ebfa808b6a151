"""A worker whose one engine embeds in steps that take their time, as large models do.

``python Testing/worker_of_slow_engine.py`` speaks the worker's protocol.
"""

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.worker import serve
from GazeSAMLib.errors import EngineError
from GazeSAMLib.hosts.worker import follow
from GazeSAMLib.prompts.candidates import MaskCandidates

COMMAND = [sys.executable, "-P", str(Path(__file__).resolve())]


@dataclass(frozen=True, eq=False)
class Blurred:
    """A slice image after all blurring."""

    grey: np.ndarray


class SlowBlur:
    """Blurs a slice in steps; segments what is as bright as the prompted pixel.

    Parameters
    ----------
    steps : int
        In how many steps it embeds.
    step_s : float
        How long a step computes, at least.
    log : str
        File to which it appends a line, ``begin`` or ``end``, a number made of the image, and
        the thread, for each embedding.
    fails_ahead : bool
        Whether embedding outside the main thread fails.
    runs_on : str
        Where it says that it computes.
    """

    name = "slow-blur"
    weights_digest = "1"
    batch_size = 4

    def __init__(self, steps=4, step_s=0.0, log="", fails_ahead=False, runs_on="cpu, fp32"):
        self.steps, self.step_s, self.log = steps, step_s, log
        self.fails_ahead, self.runs_on = fails_ahead, runs_on
        self.batches = []

    def embed(self, pixels):
        return self.embed_in_steps(pixels, lambda: None)

    def embed_in_steps(self, pixels, between):
        if self.fails_ahead and threading.current_thread() is not threading.main_thread():
            raise EngineError("no room ahead")
        self.note("begin", pixels)
        grey = pixels.astype(np.float32)
        for _ in range(self.steps):
            between()
            grey = self.step(grey)
        self.note("end", pixels)
        return Blurred(grey.astype(np.float16))

    def embed_batch(self, images):
        self.batches.append(len(images))
        return [self.embed(pixels) for pixels in images]

    def step(self, grey):
        until_s = time.perf_counter() + self.step_s
        padded = np.pad(grey, 1, mode="edge")
        blurred = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
        while time.perf_counter() < until_s:
            np.sqrt(np.abs(np.fft.rfft2(grey)))
        return blurred

    def decode(self, embedding, prompts):
        grey = embedding.grey.astype(np.float32)
        distance = np.full(grey.shape, 99.0, dtype=np.float32)
        for u, v in prompts.points_image_uv:
            row, column = (
                int(np.clip(round(x), 0, n - 1)) for x, n in zip((v, u), grey.shape, strict=True)
            )
            distance = np.minimum(distance, np.abs(grey - grey[row, column]))
        logits = np.array([5.0, 20.0, 60.0], dtype=np.float32)[:, None, None] - distance
        return MaskCandidates(logits, np.array([0.7, 0.9, 0.1], dtype=np.float32), None)

    def pack(self, embedding):
        return PackedEmbedding({"grey": embedding.grey}, {"steps": self.steps})

    def unpack(self, packed):
        if packed.facts != {"steps": self.steps}:
            raise EngineError("an embedding of another number of steps")
        return Blurred(np.array(packed.arrays["grey"]))

    def note(self, what, pixels):
        if self.log:
            thread = threading.current_thread().name
            with Path(self.log).open("a") as file:
                file.write(f"{what} {int(pixels.sum())} {thread}\n")


def make_engine(name, **options):
    if name != SlowBlur.name:
        raise EngineError(f"there is no engine '{name}'")
    return SlowBlur(**options)


if __name__ == "__main__":
    serve(make_engine, [SlowBlur.name], follow)
