"""The network: an ONNX file, run by onnxruntime.

What goes in and comes out is fixed, so that other weights can take the place of those that
come with GazeSAM:

- ``x``, float32, (B, 5, H, W), H and W any multiples of 32: the crop's grey values, positive
  points, negative points, the probability of the mask that is refined, how sure the gaze is;
- ``logits``, float32, (B, 3, H, W), and ``iou``, float32, (B, 3): masks and their expected
  IoU.
"""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.onnx.runtime import runtime_errors
from GazeSAMLib.errors import CheckpointError, EngineError

SIDE = 96
"""Side of the crops that the network is given, pixels.

It has learnt from 128; with 96, it sees more crops in the same time, which is worth more.
"""

CHANNELS, MASKS = 5, 3

SHIPPED = Path(__file__).with_name("compact.onnx")
DESCRIPTION = Path(__file__).with_name("compact.json")

_REMEDY = "install GazeSAM again, or choose the engine 'region'"

FloatArray = npt.NDArray[np.float32]


class Network:
    """A network in memory.

    Parameters
    ----------
    path : Path or None
        Its file; None takes the one that comes with GazeSAM, which must be unchanged.
    threads : int
        On how many processors it runs.

    Attributes
    ----------
    digest : str
        SHA-256 of the file, hexadecimal.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, replaced, or of another network.
    EngineError
        If onnxruntime is not there.
    """

    def __init__(self, path: Path | None = None, threads: int = 2) -> None:
        content = _read(path or SHIPPED)
        self.digest = hashlib.sha256(content).hexdigest()
        if path is None:
            _check_unchanged(self.digest)
        self._session = _session(path or SHIPPED, content)
        self._threads = max(threads, 1)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="compact")

    def run(self, batch: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the logits, shape (B, 3, SIDE, SIDE), and expected IoU, (B, 3), of crops.

        Each thread takes its share of the crops. Sharing the work within each layer instead
        would make all wait for the slowest tens of times, which is many times slower on a
        computer that has other things to do.
        """
        parts = np.array_split(batch, min(self._threads, len(batch)))
        given = [self._part(batch)] if len(parts) == 1 else list(self._pool.map(self._part, parts))
        logits, iou = zip(*given, strict=True)
        return np.concatenate(logits), np.concatenate(iou)

    def _part(self, batch: FloatArray) -> tuple[FloatArray, FloatArray]:
        logits, iou = self._session.run(["logits", "iou"], {"x": batch})
        return logits, iou


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"the network of the engine 'compact' cannot be read: {path}: "
            f"{error.strerror or error}; {_REMEDY}"
        ) from error


def _check_unchanged(digest: str) -> None:
    description = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    if digest != description["sha256"]:
        raise CheckpointError(
            f"{SHIPPED} is damaged, or is not the network that came with this GazeSAM; {_REMEDY}"
        )


def _session(path: Path, content: bytes) -> Any:  # noqa: ANN401 - onnxruntime's
    try:
        import onnxruntime
    except (ImportError, OSError) as error:
        raise EngineError(
            f"the engine 'compact' needs onnxruntime, which cannot be imported ({error}); "
            "install it with pip install onnxruntime, or choose the engine 'region'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised as well
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        _check_form(session)
    except runtime_errors() as error:
        raise CheckpointError(
            f"{path} is not a network that the engine 'compact' can run "
            f"({str(error).splitlines()[0]:.200}); {_REMEDY}"
        ) from error
    return session


def _check_form(session: Any) -> None:  # noqa: ANN401 - onnxruntime's
    """Raise ValueError unless the network takes and gives what the module's head says."""
    found = {value.name: value.shape for value in (*session.get_inputs(), *session.get_outputs())}
    if set(found) != {"x", "logits", "iou"}:
        raise ValueError(f"it takes and gives {', '.join(sorted(found))}, not x, logits and iou")
    logits, iou = session.run(
        ["logits", "iou"], {"x": np.zeros((1, CHANNELS, SIDE, SIDE), np.float32)}
    )
    if logits.shape != (1, MASKS, SIDE, SIDE) or iou.shape != (1, MASKS):
        raise ValueError(f"it gives {logits.shape} and {iou.shape}")
