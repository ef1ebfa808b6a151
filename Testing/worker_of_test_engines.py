"""A worker whose one engine does, by its options, what real engines do on bad days.

``python Testing/worker_of_test_engines.py`` speaks the worker's protocol.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from GazeSAMLib.engines.worker import serve
from GazeSAMLib.errors import EngineError
from GazeSAMLib.hosts.worker import follow
from GazeSAMLib.prompts.candidates import MaskCandidates

COMMAND = [sys.executable, "-P", str(Path(__file__).resolve())]


class EqualGreyOnBadDays:
    """Segments the pixels whose grey is near that of the prompted pixel.

    Parameters
    ----------
    loud : bool
        Write on standard output in every way there is.
    raises : str
        Name of the exception that decoding raises.
    dies : str
        "always", or the path of a file: die in decoding while there is none, and make it first.
    spins : bool
        Never come back from decoding.
    gate : str
        Path of a named pipe: wait in embedding until somebody opens it for writing.
    """

    name = "equal-grey"
    weights_digest = "1"

    def __init__(self, loud=False, raises="", dies="", gate="", spins=False):
        self.loud = loud
        self.raises = raises
        self.dies = dies
        self.spins = spins
        self.gate = Path(gate) if gate else None

    def embed(self, pixels):
        if self.gate is not None:
            self.gate.read_bytes()
        return pixels.astype(np.float32)

    def decode(self, embedding, prompts):
        self.misbehave()
        distance = np.full(embedding.shape, 99.0, dtype=np.float32)
        height, width = embedding.shape
        for (u, v), label in zip(prompts.points_image_uv, prompts.labels, strict=True):
            row, column = min(max(round(v), 0), height - 1), min(max(round(u), 0), width - 1)
            here = np.abs(embedding - embedding[row, column])
            distance = np.minimum(distance, here) if label else np.maximum(distance, 50.0 - here)
        logits = np.array([5.0, 20.0, 60.0], dtype=np.float32)[:, None, None] - distance
        if prompts.previous is not None:
            logits += 0.1 * np.float32(prompts.previous.mean())
        return MaskCandidates(
            logits, np.array([0.7, 0.9, 0.1], dtype=np.float32), logits[:, ::4, ::4].copy()
        )

    def misbehave(self):
        if self.loud:
            speak()
        if self.raises:
            raise {"EngineError": EngineError, "KeyError": KeyError}[self.raises]("on purpose")
        while self.spins:
            pass
        if self.dies == "always":
            os.abort()
        if self.dies and not Path(self.dies).exists():
            Path(self.dies).touch()
            os.abort()


def speak():
    print("GSAM on standard output")
    os.write(1, b"GSAM\n")
    sys.stdout.buffer.write(b"GSAM\n")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", "print('GSAM')"], check=True)


def make_engine(name, **options):
    if name != EqualGreyOnBadDays.name:
        raise EngineError(f"there is no engine '{name}'")
    return EqualGreyOnBadDays(**options)


if __name__ == "__main__":
    serve(make_engine, [EqualGreyOnBadDays.name], follow)
